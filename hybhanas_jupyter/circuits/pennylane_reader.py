"""PennyLane QNodes and tapes -> Qiskit circuits; angles that depend on the arguments become parameters."""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pennylane as qml
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import get_standard_gate_name_mapping

from hybhanas_jupyter.errors import CircuitError

if TYPE_CHECKING:
    from pennylane.tape import QuantumScript

# PennyLane gates that Qiskit knows with the same angles and wires; the others are decomposed into these.
_GATES = {
    "Identity": "id", "Hadamard": "h", "PauliX": "x", "PauliY": "y", "PauliZ": "z", "S": "s", "T": "t", "SX": "sx",
    "RX": "rx", "RY": "ry", "RZ": "rz", "PhaseShift": "p", "U3": "u", "CNOT": "cx", "CY": "cy", "CZ": "cz", "CH": "ch",
    "SWAP": "swap", "ISWAP": "iswap", "ECR": "ecr", "CRX": "crx", "CRY": "cry", "CRZ": "crz",
    "ControlledPhaseShift": "cp", "IsingXX": "rxx", "IsingYY": "ryy", "IsingZZ": "rzz", "Toffoli": "ccx",
    "CSWAP": "cswap",
}  # fmt: skip


def qnode_circuit(qnode: Any, arguments: Sequence[Any] = ()) -> QuantumCircuit:
    """Build the QNode twice with different generic angles: what differs depends on the arguments."""
    one, two = (_tape(qnode, _generic_arguments(arguments, seed)) for seed in (1, 2))
    return _circuit(one, two, name=getattr(qnode, "__name__", "qnode"))


def tape_circuit(tape: "QuantumScript") -> QuantumCircuit:
    """Every trainable angle of the tape becomes a parameter."""
    trainable, size = tape.trainable_params, len(tape.trainable_params)
    angles = [np.random.default_rng(seed).uniform(0.1, 3.0, size) for seed in (1, 2)]
    one, two = (_native(tape.bind_new_parameters(list(values), trainable)) for values in angles)
    return _circuit(one, two, name="tape")


def _generic_arguments(arguments: Sequence[Any], seed: int) -> list[Any]:
    random = np.random.default_rng(seed)
    return [_generic(argument, random) for argument in arguments]


def _generic(argument: Any, random: np.random.Generator) -> Any:
    """Generic angles of the argument's shape; whole numbers and other settings stay as they are."""
    if isinstance(argument, (list, tuple)) and argument:
        argument = np.asarray(argument)
    is_array = hasattr(argument, "shape") and hasattr(argument, "dtype")
    if not is_array and not isinstance(argument, float):
        return argument
    angles = random.uniform(0.1, 3.0, np.shape(argument))
    return qml.math.asarray(angles, like=qml.math.get_interface(argument)) if is_array else float(angles)


def _tape(qnode: Any, arguments: Sequence[Any]) -> "QuantumScript":
    try:
        inspect.signature(qnode.func).bind(*arguments)
    except TypeError as error:
        way = "give arguments of the right shapes: quantum_cost(qnode, device, arguments=(x, w))"
        raise CircuitError(f"QNode {qnode.func.__name__!r} needs its arguments ({error}); {way}.") from None
    return _native(qml.workflow.construct_tape(qnode)(*arguments))


def _native(tape: "QuantumScript") -> "QuantumScript":
    """One sample of the tape, in gates that Qiskit knows."""
    if tape.batch_size is not None:
        tape = qml.transforms.broadcast_expand(tape)[0][0]
    return qml.transforms.decompose(tape, gate_set=set(_GATES))[0][0]


def _circuit(tape: "QuantumScript", other: "QuantumScript", name: str) -> QuantumCircuit:
    wires = {wire: i for i, wire in enumerate(tape.wires)}
    circuit = QuantumCircuit(len(wires), name=name)
    gates = get_standard_gate_name_mapping()
    parameters: dict[tuple[float, float], Parameter] = {}
    for one, two in zip(tape.operations, other.operations, strict=True):
        qubits = [wires[wire] for wire in one.wires]
        if one.name == "Barrier":
            circuit.barrier(qubits)
            continue
        if one.name not in _GATES:
            raise CircuitError(f"{one.name} has no Qiskit counterpart: decompose it, or measure at the end only.")
        angles = [_angle(float(a), float(b), parameters) for a, b in zip(one.data, two.data, strict=True)]
        circuit.append(type(gates[_GATES[one.name]])(*angles), qubits)
    return circuit


def _angle(one: float, two: float, parameters: dict[tuple[float, float], Parameter]) -> "float | Parameter":
    if one == two:
        return one
    return parameters.setdefault((one, two), Parameter(f"p{len(parameters)}"))
