"""PennyLane QNodes and tapes -> Qiskit circuits; angles that depend on the arguments become parameters."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pennylane as qml
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.library import get_standard_gate_name_mapping

from hybhanas_jupyter.errors import CircuitError, shown

if TYPE_CHECKING:
    from pennylane.tape import QuantumScript

Arguments = Sequence[Any] | Mapping[str, Any]
Change = Callable[[Any, np.random.Generator], Any]
# PennyLane gates that Qiskit knows with the same angles and wires; the others are decomposed into these.
_GATES = {
    "Identity": "id", "Hadamard": "h", "PauliX": "x", "PauliY": "y", "PauliZ": "z", "S": "s", "T": "t", "SX": "sx",
    "RX": "rx", "RY": "ry", "RZ": "rz", "PhaseShift": "p", "U3": "u", "CNOT": "cx", "CY": "cy", "CZ": "cz", "CH": "ch",
    "SWAP": "swap", "ISWAP": "iswap", "ECR": "ecr", "CRX": "crx", "CRY": "cry", "CRZ": "crz",
    "ControlledPhaseShift": "cp", "IsingXX": "rxx", "IsingYY": "ryy", "IsingZZ": "rzz", "Toffoli": "ccx",
    "CSWAP": "cswap",
}  # fmt: skip


def qnode_circuit(qnode: Any, arguments: Arguments = ()) -> QuantumCircuit:
    """Build the QNode with different generic angles: what differs depends on the arguments, and is named by them.

    Whole numbers are angles only if the circuit stays the same by it. Where generic angles are refused, or change the
    structure, they stay near what is given; at last they are what is given, and no parameters.
    """
    call = _Call(qnode, _bound(qnode, arguments))
    tapes = call.tapes(_every_number)
    whole = call.tapes(_angles) if tapes is None or call.has_whole_arrays else None
    if tapes is None or (whole and _structure(whole[0]) != _structure(tapes[0])):
        tapes = whole or call.tapes(_near) or call.tapes(_given)
    if tapes is None:
        reason = " ".join(str(call.failure).split()) or type(call.failure).__name__
        raise CircuitError(f"QNode {shown(call.name)} cannot be built from its arguments: {reason}") from call.failure
    return _circuit([_native(tape) for tape in tapes], list(call.bound.arguments), call.name)


def tape_circuit(tape: "QuantumScript") -> QuantumCircuit:
    """Every trainable angle of the tape becomes a parameter."""
    trainable, size = tape.trainable_params, len(tape.trainable_params)
    angles = [np.random.default_rng(seed).uniform(0.1, 3.0, size) for seed in (1, 2)]
    tapes = [_native(tape.bind_new_parameters(list(values), trainable)) for values in angles]
    return _circuit(tapes, ["p"], "tape")


def qnode_shift_evaluations(qnode: Any, arguments: Arguments, data: Collection[str]) -> int | None:
    """Tapes of PennyLane's parameter-shift rule for all arguments but `data`; None where it cannot tell."""
    call = _Call(qnode, _bound(qnode, arguments))
    random = np.random.default_rng(1)

    def change(name: str, value: Any) -> Any:
        value = _angles(value, random)
        is_angle = isinstance(value, float) or _is_array(value)
        return qml.numpy.array(value, requires_grad=name not in data) if is_angle else value

    try:
        return tape_shift_evaluations(call.tape({name: change(name, v) for name, v in call.bound.arguments.items()}))
    except Exception:  # no rule for a gate, or a function that takes no arrays of PennyLane's
        return None


def tape_shift_evaluations(tape: "QuantumScript") -> int:
    """Tapes of PennyLane's parameter-shift rule; of a state that is returned whole, as if Z were read on every wire."""
    if tape.batch_size is not None:
        tape = qml.transforms.broadcast_expand(tape)[0][0]
    differentiable = qml.measurements.ExpectationMP | qml.measurements.ProbabilityMP
    if not all(isinstance(measurement, differentiable) for measurement in tape.measurements):
        measurements = [qml.expval(qml.Z(wire)) for wire in _measured_wires(tape)]
        tape = tape.copy(measurements=measurements, trainable_params=tape.trainable_params)
    return len(qml.gradients.param_shift(tape)[0])


@dataclass
class _Call:
    """A QNode with the arguments that it is built from."""

    qnode: Any
    bound: inspect.BoundArguments
    failure: Exception | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return getattr(self.qnode, "__name__", "qnode")

    @property
    def has_whole_arrays(self) -> bool:
        return any(map(_is_whole_array, (*self.bound.args, *self.bound.kwargs.values())))

    def tape(self, arguments: Mapping[str, Any]) -> "QuantumScript":
        bound = inspect.BoundArguments(self.bound.signature, dict(arguments))
        return qml.workflow.construct_tape(self.qnode)(*bound.args, **bound.kwargs)

    def tapes(self, change: Change) -> "list[QuantumScript] | None":
        """Each differs from the one before in one argument; None where they cannot be built, or in their structure."""
        try:
            one, two = (self._changed(change, seed) for seed in (1, 2))
            names = list(one)
            mixed = [{n: (two if i < k else one)[n] for i, n in enumerate(names)} for k in range(len(names) + 1)]
            tapes = [self.tape(arguments) for arguments in mixed]
        except Exception as error:  # whatever the user's function says to these angles
            self.failure = error
            return None
        if len({_structure(tape) for tape in tapes}) == 1:
            return tapes
        self.failure = CircuitError("its gates depend on the values of its arguments")
        return None

    def _changed(self, change: Change, seed: int) -> dict[str, Any]:
        random = np.random.default_rng(seed)
        kinds = {name: parameter.kind for name, parameter in self.bound.signature.parameters.items()}
        changed: dict[str, Any] = {}
        for name, value in self.bound.arguments.items():
            if kinds[name] is inspect.Parameter.VAR_POSITIONAL:
                changed[name] = tuple(change(item, random) for item in value)
            elif kinds[name] is inspect.Parameter.VAR_KEYWORD:
                changed[name] = {key: change(item, random) for key, item in value.items()}
            else:
                changed[name] = change(value, random)
        return changed


def _bound(qnode: Any, arguments: Arguments) -> inspect.BoundArguments:
    signature = inspect.signature(qnode.func)
    try:
        return signature.bind(**arguments) if isinstance(arguments, Mapping) else signature.bind(*arguments)
    except TypeError as error:
        way = "quantum_cost(qnode, device, arguments=(x, w)), or by name, arguments={'x': x, 'w': w}"
        name = getattr(qnode.func, "__name__", "qnode")
        raise CircuitError(
            f"QNode {shown(name)} needs its arguments ({error}); give arguments of the right shapes: {way}."
        ) from None


def _every_number(value: Any, random: np.random.Generator) -> Any:
    """Generic angles of the argument's shape; single whole numbers and other settings stay as they are."""
    value = _as_array(value)
    if not _is_array(value):
        return float(random.uniform(0.1, 3.0)) if isinstance(value, float) else value
    angles = random.uniform(0.1, 3.0, np.shape(value))
    return qml.math.asarray(angles, like=qml.math.get_interface(value))


def _angles(value: Any, random: np.random.Generator) -> Any:
    """The same, but arrays of whole numbers stay as they are."""
    return value if _is_whole_array(value) else _every_number(value, random)


def _near(value: Any, random: np.random.Generator) -> Any:
    value = _as_array(value)
    if isinstance(value, float) or (_is_array(value) and np.asarray(value).dtype.kind == "f"):
        return value + 1e-6 * _every_number(value, random)
    return value


def _given(value: Any, _: np.random.Generator) -> Any:
    return value


def _as_array(value: Any) -> Any:
    """A list of numbers as an array; other lists as they are."""
    try:
        return np.asarray(value) if isinstance(value, list | tuple) and value else value
    except ValueError:
        return value


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _is_whole_array(value: Any) -> bool:
    value = _as_array(value)
    return _is_array(value) and np.asarray(value).dtype.kind in "iub"


def _structure(tape: "QuantumScript") -> tuple[Any, ...]:
    return tuple((operation.name, tuple(operation.wires)) for operation in tape.operations)


def _native(tape: "QuantumScript") -> "QuantumScript":
    """One sample of the tape, in gates that Qiskit knows."""
    if tape.batch_size is not None:
        tape = qml.transforms.broadcast_expand(tape)[0][0]
    return qml.transforms.decompose(tape, gate_set=set(_GATES))[0][0]


def _circuit(tapes: "Sequence[QuantumScript]", names: Sequence[str], name: str) -> QuantumCircuit:
    """The circuit of the tapes, and what they measure, in the basis that takes most gates; `names`: see `_Angles`."""
    first = tapes[0]
    if any(len(tape.operations) != len(first.operations) for tape in tapes):
        tapes = [first]  # a decomposition that depends on the angles
    rotations, wires, groups = _readout(first)
    places = {wire: i for i, wire in enumerate(first.wires)}
    circuit = QuantumCircuit(len(places), name=name, metadata={"measurement_groups": groups})
    writer = _Writer(circuit, places, _Angles(names))
    for operations in zip(*(tape.operations for tape in tapes), strict=True):
        writer.append(operations)
    for operation in rotations:
        writer.append((operation,))
    if rotations or len(wires) < len(places) or circuit.clbits:
        circuit.add_bits([Clbit() for _ in wires])
        circuit.measure([places[wire] for wire in wires], circuit.clbits[-len(wires) :])
    return circuit


def _readout(tape: "QuantumScript") -> tuple[list[Any], list[Any], int]:
    """Basis changes and wires of the group of commuting observables that takes most gates, and how many groups."""
    try:
        groups = qml.transforms.split_non_commuting(tape)[0]
        tape = max(groups, key=lambda group: (len(group.diagonalizing_gates), len(_measured_wires(group))))
        rotations = _native(qml.tape.QuantumScript(tape.diagonalizing_gates)).operations
    except (qml.QuantumFunctionError, ValueError, NotImplementedError):  # states and the like have no basis
        return [], list(tape.wires), 1
    return rotations, _measured_wires(tape), len(groups)


def _measured_wires(tape: "QuantumScript") -> list[Any]:
    wires = [wire for measurement in tape.measurements for wire in measurement.wires]
    everything = not wires or any(not measurement.wires for measurement in tape.measurements)
    return list(tape.wires) if everything else list(dict.fromkeys(wires))


class _Angles:
    """Angles of several tapes -> numbers, or one parameter for every set of values.

    Tape k differs from the one before in the argument `names[k - 1]`: a parameter is named by those it depends on,
    "x[0]" or "x,w[1]".
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._known: dict[tuple[float, ...], Parameter] = {}

    def of(self, values: tuple[float, ...]) -> "float | Parameter":
        if len(set(values)) == 1:
            return values[0]
        if values not in self._known:
            names = [name for name, (a, b) in zip(self._names, pairwise(values), strict=True) if a != b]
            self._known[values] = Parameter(f"{','.join(names)}[{len(self._known)}]")
        return self._known[values]


@dataclass
class _Writer:
    """Appends PennyLane's operations, each as it is in all tapes, to a circuit."""

    circuit: QuantumCircuit
    places: Mapping[Any, int]
    angles: _Angles
    measured: dict[str, Any] = field(default_factory=dict)

    def append(self, operations: Sequence[Any]) -> None:
        operation = operations[0]
        qubits = [self.places[wire] for wire in operation.wires]
        if operation.name == "Barrier":
            self.circuit.barrier(qubits)
        elif operation.name == "MidMeasureMP":
            self._measure(operation, qubits)
        elif isinstance(operation, qml.ops.Conditional):
            self._branch(operations)
        elif operation.name in _GATES:
            gate = type(get_standard_gate_name_mapping()[_GATES[operation.name]])
            self.circuit.append(gate(*map(self.angles.of, _values(operations))), qubits)
        else:
            raise CircuitError(f"{operation.name} has no Qiskit counterpart: decompose it.")

    def _measure(self, operation: Any, qubits: list[int]) -> None:
        self.circuit.add_bits([Clbit()])
        bit = self.measured[operation] = self.circuit.clbits[-1]
        self.circuit.measure(qubits, [bit])
        if operation.reset:
            self.circuit.reset(qubits)

    def _branch(self, operations: Sequence[Any]) -> None:
        value = operations[0].meas_val
        if len(value.measurements) != 1:
            raise CircuitError("A condition on several measurements cannot be costed: make it of one.")
        true = [outcome for outcome in (0, 1) if value.processing_fn(outcome)]
        if len(true) == 1:
            with self.circuit.if_test((self.measured[value.measurements[0]], true[0])):
                self.append([operation.base for operation in operations])
        elif true:
            self.append([operation.base for operation in operations])


def _values(operations: Sequence[Any]) -> "list[tuple[float, ...]]":
    return list(zip(*(tuple(map(float, operation.data)) for operation in operations), strict=True))
