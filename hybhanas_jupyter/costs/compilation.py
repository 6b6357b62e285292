"""From a logical circuit to the physical one that a device runs, and to its all-to-all counterpart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import permutations
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING

from hybhanas_jupyter.costs.options import CostOptions
from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.devices import Device

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, Qubit
    from qiskit.transpiler import StagedPassManager, Target

NOT_GATES = {"barrier", "delay", "measure"}
_REFUSED = {
    "reset": "a reset has no calibrated error; remove it",
    "if_else": "control flow has no fixed duration; cost each branch by itself",
    "for_loop": "control flow has no fixed duration; unroll the loop",
    "while_loop": "control flow has no fixed duration; cost its body by itself",
    "switch_case": "control flow has no fixed duration; cost each branch by itself",
    "initialize": "it starts with resets; use prepare_state instead",
}

_TRANSLATING = Lock()  # a pass manager is kept, as making one takes a third of a translation, but serves one at a time


@dataclass(frozen=True)
class Compiled:
    """A physical circuit without final measurements, on the device's own qubit numbers, and its logical counterpart.

    `layout[i]` is the physical qubit on which logical qubit i starts, `measured` are those that hold the measured
    qubits at the end (all of them where the circuit measures none). `logical` is the circuit in the same native gates
    on all-to-all coupled qubits and `logical_makespan` its seconds: None where only the physical circuit is known,
    which then is `logical` too.
    """

    circuit: "QuantumCircuit"
    layout: tuple[int, ...]
    measured: tuple[int, ...]
    logical: "QuantumCircuit"
    logical_makespan: float | None
    notes: tuple[str, ...] = ()

    @cached_property
    def n_qubits(self) -> int:
        """Logical qubits that a gate acts on."""
        return len(active_qubits(self.logical))


def compile_circuit(circuit: "QuantumCircuit", device: Device, options: CostOptions) -> Compiled:
    """Transpile with Qiskit's preset pass manager; a circuit that is physical for the device is taken as it is.

    Of a physical circuit the logical one is not known: it stands for both, so that no routing is seen in it.
    """
    check_circuit(circuit, device)
    measured = _measured_qubits(circuit)
    if is_physical(circuit, device.calibration):
        bare = _without_measurements(circuit)
        note = "the circuit is physical for the device and was taken as it is: routing in it is not seen"
        active = active_qubits(circuit)
        return Compiled(bare, active, measured or active, bare, None, (note,))
    physical = _transpile(circuit, device, options)
    layout = tuple(physical.layout.initial_index_layout(filter_ancillas=True))
    logical = _translate(_without_measurements(circuit), device, options.optimization_level)
    return Compiled(
        _without_measurements(physical),
        layout,
        _measured_qubits(physical) or tuple(physical.layout.final_index_layout(filter_ancillas=True)),
        logical,
        logical.estimate_duration(all_to_all(device, layout), unit="s"),
    )


def _transpile(circuit: "QuantumCircuit", device: Device, options: CostOptions) -> "QuantumCircuit":
    from qiskit.exceptions import QiskitError
    from qiskit.transpiler import generate_preset_pass_manager

    layout = _first_working_qubits(device, circuit.num_qubits) if options.optimization_level == 0 else None
    passes = generate_preset_pass_manager(
        options.optimization_level, target=device.target, seed_transpiler=options.seed, initial_layout=layout
    )
    try:
        return passes.run(circuit)
    except QiskitError as error:
        reason = " ".join(str(error.message).split())
        raise CircuitError(f"Circuit {circuit.name!r} cannot be transpiled to {device.name}: {reason}") from error


def _translate(circuit: "QuantumCircuit", device: Device, optimization_level: int) -> "QuantumCircuit":
    """Translation needs no search for a layout, so that level 1 serves for the higher ones too."""
    gates = tuple(sorted(set(device.target.operation_names) - NOT_GATES))
    with _TRANSLATING:
        return _translation(gates, min(optimization_level, 1)).run(circuit)


@cache
def _translation(gates: tuple[str, ...], optimization_level: int) -> "StagedPassManager":
    from qiskit.transpiler import PassManager, generate_preset_pass_manager
    from qiskit.transpiler.passes import Optimize1qGatesDecomposition

    passes = generate_preset_pass_manager(optimization_level, basis_gates=list(gates), seed_transpiler=0)
    if optimization_level:  # merge one-qubit gates once; the preset stage repeats until nothing changes, a third of all
        passes.optimization = PassManager([Optimize1qGatesDecomposition(basis=list(gates))])
    return passes


def is_physical(circuit: "QuantumCircuit", calibration: Calibration) -> bool:
    """Whether every instruction is native to the device on the very qubits it acts on (an ISA circuit)."""
    names = circuit.count_ops().keys() - NOT_GATES
    if circuit.num_qubits != calibration.num_qubits or not names <= set(calibration.names):
        return False
    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    used = {(i.name, tuple(index[q] for q in i.qubits)) for i in circuit.data if i.name not in NOT_GATES}
    return used <= calibration.gate_data.keys()


def active_qubits(circuit: "QuantumCircuit") -> tuple[int, ...]:
    """Indices of the qubits that a gate acts on, sorted."""
    active: set[Qubit] = set()
    for instruction in circuit.data:
        if instruction.name not in NOT_GATES:
            active.update(instruction.qubits)
            if len(active) == circuit.num_qubits:  # as a rule soon: long circuits need not be read to their end
                break
    return tuple([i for i, qubit in enumerate(circuit.qubits) if qubit in active])


def all_to_all(device: Device, layout: Sequence[int]) -> "Target":
    """The device's gates on `layout`'s qubits, every pair coupled both ways.

    A pair that is not coupled on the device takes the gate's median duration.
    """
    from qiskit.transpiler import InstructionProperties, Target

    calibration, n = device.calibration, len(layout)
    usual = calibration.usual_durations
    target = Target(num_qubits=n, dt=calibration.seconds_per_dt)
    for name in device.target.operation_names:
        size = device.target.operation_from_name(name).num_qubits
        if name in NOT_GATES or size > n:
            continue
        entries = {}
        for qubits in permutations(range(n), size):
            on = tuple(layout[qubit] for qubit in qubits)
            data = calibration.gate_data.get((name, on)) or calibration.gate_data.get((name, on[::-1]))
            entries[qubits] = InstructionProperties(duration=data.duration if data else usual[name])
        target.add_instruction(device.target.operation_from_name(name), entries)
    return target


def _first_working_qubits(device: Device, n_qubits: int) -> list[int] | None:
    """Level 0 places qubit i on qubit i, faulty or not, unless it is told better."""
    from qiskit.transpiler import CouplingMap

    coupling = device.target.build_coupling_map()
    if coupling is None:
        return None
    region = max(coupling.connected_components(), key=CouplingMap.size)
    working = sorted(region.graph.nodes())
    return working[:n_qubits] if len(working) >= n_qubits else None


def _measured_qubits(circuit: "QuantumCircuit") -> tuple[int, ...]:
    measures = circuit.get_instructions("measure") if "measure" in circuit.count_ops() else []
    return tuple(dict.fromkeys(circuit.find_bit(measure.qubits[0]).index for measure in measures))


def _without_measurements(circuit: "QuantumCircuit") -> "QuantumCircuit":
    if "measure" not in circuit.count_ops():
        return circuit
    return circuit.remove_final_measurements(inplace=False)


def check_circuit(circuit: "QuantumCircuit", device: Device) -> None:
    """Raise a one-line `CircuitError` for circuits that cannot be costed on `device`."""
    counts = circuit.count_ops()
    for name in counts:
        if name in _REFUSED:
            raise CircuitError(f"Circuit {circuit.name!r} contains {name}: {_REFUSED[name]}.")
    if not set(counts) - NOT_GATES:
        raise CircuitError(f"Circuit {circuit.name!r} has no gates: there is nothing to cost.")
    if circuit.num_qubits > device.num_qubits:
        wide = f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits, {device.name} has {device.num_qubits}"
        raise CircuitError(f"{wide}. Use a larger device: see hyb.devices().")
    if circuit.num_nonlocal_gates() and not any(len(qubits) > 1 for qubits in device.target.qargs or ()):
        raise CircuitError(f"{device.name} has no working two-qubit gate: it can only run one-qubit gates.")
    _check_angles(circuit)
    if "measure" in counts:
        _check_measurements(circuit)


def _check_angles(circuit: "QuantumCircuit") -> None:
    for instruction in circuit.data:
        for angle in instruction.params:
            if isinstance(angle, float) and not isfinite(angle):
                what = f"{_described(instruction, circuit)} with {instruction.params}"
                raise CircuitError(f"Circuit {circuit.name!r} has {what}: give finite angles.")


def _check_measurements(circuit: "QuantumCircuit") -> None:
    measured: set[object] = set()
    for instruction in circuit.data:
        if instruction.name != "barrier" and measured.intersection(instruction.qubits):
            what = _described(instruction, circuit)
            raise CircuitError(f"Circuit {circuit.name!r} applies {what} after a measurement: measure at the end only.")
        if instruction.name == "measure":
            measured.update(instruction.qubits)


def _described(instruction: "CircuitInstruction", circuit: "QuantumCircuit") -> str:
    return f"{instruction.name} on qubit {circuit.find_bit(instruction.qubits[0]).index}"
