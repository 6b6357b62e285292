"""From a logical circuit to the physical one that a device runs, and to its all-to-all counterpart."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

from hybhanas_jupyter.circuits.translation import check_delay, straight_line, without_symbolic_phases
from hybhanas_jupyter.costs.options import CostOptions
from hybhanas_jupyter.errors import CircuitError, shown
from hybhanas_jupyter.hardware.calibration import Calibration, Qubits
from hybhanas_jupyter.hardware.devices import Device
from hybhanas_jupyter.hardware.target import all_to_all_target

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, Qubit
    from qiskit.transpiler import StagedPassManager, Target

NOT_GATES = {"barrier", "delay", "measure", "reset"}
_MAX_SPARE = 64
_spare: dict[tuple[object, ...], "StagedPassManager"] = {}  # by what they were made of


@dataclass(frozen=True)
class Compiled:
    """A physical circuit without final measurements, on the device's own qubit numbers, and its logical counterpart.

    `layout[i]` is the physical qubit on which logical qubit i starts, `measured` are those that hold the measured
    qubits at the end (all of them where the circuit measures none). `logical` is the same circuit compiled by the same
    pass manager for the device with all-to-all coupling: the physical one itself where no other is known.
    """

    circuit: "QuantumCircuit"
    layout: tuple[int, ...]
    measured: tuple[int, ...]
    logical: "QuantumCircuit"
    notes: tuple[str, ...] = ()

    @cached_property
    def n_qubits(self) -> int:
        """Logical qubits that a gate acts on."""
        return len(active_qubits(self.logical))


def compile_circuit(circuit: "QuantumCircuit", device: Device, options: CostOptions) -> Compiled:
    """Transpile with Qiskit's preset pass manager; a circuit that is physical for the device is taken as it is.

    Of a physical circuit the logical one is not known: it stands for both, so that no routing is seen in it.
    """
    circuit, notes = straight_line(circuit)
    check_circuit(circuit, device)
    measured = _measured_qubits(circuit)
    if is_physical(circuit, device.calibration):
        bare = _without_measurements(circuit.copy())  # the user may change his own circuit later
        note = "the circuit is physical for the device and was taken as it is: routing in it is not seen"
        active = active_qubits(circuit)
        return Compiled(bare, active, measured or active, bare, (*notes, *_notes(bare), note))
    physical = _transpile(circuit, device, options)
    layout = tuple(physical.layout.initial_index_layout(filter_ancillas=True))
    return Compiled(
        _without_measurements(physical),
        layout,
        _measured_qubits(physical) or tuple(physical.layout.final_index_layout(filter_ancillas=True)),
        _without_measurements(_without_routing(circuit, device, options.optimization_level)),
        (*notes, *_notes(physical)),
    )


def _notes(physical: "QuantumCircuit") -> tuple[str, ...]:
    free = "a reset has no calibrated error and is taken as free of errors"
    return (free,) if "reset" in physical.count_ops() else ()


def _transpile(circuit: "QuantumCircuit", device: Device, options: CostOptions) -> "QuantumCircuit":
    level = options.optimization_level
    layout = _first_working_qubits(device, circuit.num_qubits) if level == 0 else None
    key = (device.calibration, level, options.seed, layout)
    return _run(circuit, device, key, lambda: _passes(device.target, level, options.seed, layout))


def _without_routing(circuit: "QuantumCircuit", device: Device, optimization_level: int) -> "QuantumCircuit":
    """The circuit as the same pass manager compiles it for the device with all-to-all coupling.

    Without the seed: only layout and routing draw lots, and of these nothing is left to do.
    """
    n = circuit.num_qubits
    target = all_to_all_target(device.calibration, n)
    key = (device.calibration, optimization_level, n)
    return _run(circuit, device, key, lambda: _passes(target, optimization_level, 0, tuple(range(n))))


def _passes(target: "Target", optimization_level: int, seed: int, layout: Qubits | None) -> "StagedPassManager":
    from qiskit.transpiler import generate_preset_pass_manager

    passes = generate_preset_pass_manager(
        optimization_level,
        target=target,
        seed_transpiler=seed,
        initial_layout=None if layout is None else list(layout),
    )
    return without_symbolic_phases(passes, target)


def _run(
    circuit: "QuantumCircuit", device: Device, key: tuple[object, ...], make: "Callable[[], StagedPassManager]"
) -> "QuantumCircuit":
    """Compile with the pass manager of this key: a spare one, as making one takes as long as compiling a small circuit.

    It serves one thread at a time, and none again after an interrupt.
    """
    from qiskit.exceptions import QiskitError

    passes = _spare.pop(key, None) or make()
    try:
        compiled = passes.run(circuit)
    except QiskitError as error:
        reason = _reason(" ".join(str(error.message).split()), device)
        raise CircuitError(f"Circuit {shown(circuit.name)} cannot be transpiled to {device.name}: {reason}") from error
    if len(_spare) >= _MAX_SPARE:
        _spare.clear()
    _spare[key] = passes
    return compiled


def _reason(message: str, device: Device) -> str:
    """What the transpiler says, and the way out where it leaves that open."""
    if "too large for any of the connected components" in message:
        coupling = device.target.build_coupling_map()
        largest = max(component.size() for component in coupling.connected_components())
        return f"its working couplers connect {largest} qubits at most. Use fewer qubits, or a larger device."
    if "if the direction was swapped" in message:
        return (
            "its gates on pairs work in one direction only and cannot be turned. Use another device: see hyb.devices()."
        )
    return message.partition(" This likely means")[0]


def is_physical(circuit: "QuantumCircuit", calibration: Calibration) -> bool:
    """Whether every instruction is native to the device on the very qubits it acts on (an ISA circuit)."""
    names = circuit.count_ops().keys() - NOT_GATES
    if circuit.num_qubits != calibration.n_qubits or not names <= set(calibration.names):
        return False
    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    used = {(i.name, tuple(index[q] for q in i.qubits)) for i in circuit.data if i.name not in NOT_GATES}
    return used <= calibration.gate_data.keys()


def acts_on_results(circuit: "QuantumCircuit") -> bool:
    """Whether a circuit without final measurements measures or resets on its way."""
    return not circuit.count_ops().keys().isdisjoint({"measure", "reset"})


def active_qubits(circuit: "QuantumCircuit") -> tuple[int, ...]:
    """Indices of the qubits that a gate acts on, sorted."""
    active: set[Qubit] = set()
    for instruction in circuit.data:
        if instruction.name not in NOT_GATES:
            active.update(instruction.qubits)
            if len(active) == circuit.num_qubits:  # as a rule soon: long circuits need not be read to their end
                break
    return tuple([i for i, qubit in enumerate(circuit.qubits) if qubit in active])


def _first_working_qubits(device: Device, n_qubits: int) -> Qubits | None:
    """Level 0 places qubit i on qubit i, faulty or not, unless it is told better."""
    from qiskit.transpiler import CouplingMap

    coupling = device.target.build_coupling_map()
    if coupling is None:
        return None
    region = max(coupling.connected_components(), key=CouplingMap.size)
    working = tuple(sorted(region.graph.nodes()))
    return working[:n_qubits] if len(working) >= n_qubits else None


def _measured_qubits(circuit: "QuantumCircuit") -> tuple[int, ...]:
    measures = circuit.get_instructions("measure") if "measure" in circuit.count_ops() else []
    return tuple(dict.fromkeys(circuit.find_bit(measure.qubits[0]).index for measure in measures))


def _without_measurements(circuit: "QuantumCircuit") -> "QuantumCircuit":
    if "measure" not in circuit.count_ops():
        return circuit
    if circuit.count_ops()["measure"] == len(_measured_qubits(circuit)):
        return circuit.remove_final_measurements(inplace=False)
    done: set[Qubit] = set()
    kept = []
    for instruction in reversed(circuit.data):  # of a qubit that is measured twice, the last measurement is final
        if instruction.name != "barrier":
            is_final = instruction.name == "measure" and done.isdisjoint(instruction.qubits)
            done.update(instruction.qubits)
            if is_final:
                continue
        kept.append(instruction)
    bare = circuit.copy_empty_like()
    for instruction in reversed(kept):
        bare.append(instruction)
    bare._layout = circuit.layout
    return bare


def check_circuit(circuit: "QuantumCircuit", device: Device) -> None:
    """Raise a one-line `CircuitError` for circuits that cannot be costed on `device`."""
    if not circuit.num_qubits:
        raise CircuitError(f"Circuit {shown(circuit.name)} has no qubits: there is nothing to run.")
    if circuit.num_qubits > device.n_qubits:
        wide = f"Circuit {shown(circuit.name)} has {circuit.num_qubits} qubits, {device.name} has {device.n_qubits}"
        raise CircuitError(f"{wide}. Use a larger device: see hyb.devices().")
    if circuit.num_nonlocal_gates() and not any(len(qubits) > 1 for qubits in device.target.qargs or ()):
        raise CircuitError(f"{device.name} has no working two-qubit gate. Use another device: see hyb.devices().")
    _check_angles(circuit)


def _check_angles(circuit: "QuantumCircuit") -> None:
    for instruction in circuit.data:
        check_delay(instruction, circuit)
        for angle in instruction.params:
            if isinstance(angle, float) and not isfinite(angle):
                what = f"{_described(instruction, circuit)} with {instruction.params}"
                raise CircuitError(f"Circuit {shown(circuit.name)} has {what}: give finite angles.")


def _described(instruction: "CircuitInstruction", circuit: "QuantumCircuit") -> str:
    return f"{instruction.name} on qubit {circuit.find_bit(instruction.qubits[0]).index}"
