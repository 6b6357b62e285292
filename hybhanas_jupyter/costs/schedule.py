"""The ASAP schedule of a physical circuit: when it ends, what of it is routing, and how long each qubit idles."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.costs.compilation import NOT_GATES, Compiled
from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, Delay

Gate = tuple[str, tuple[int, ...]]
_ROUNDING = 1e-9
_DELAY_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


@dataclass(frozen=True)
class Schedule:
    """Timing of one shot in seconds; `gates` counts the gates.

    `serial_time` is the sum of all gate durations, `idle` a qubit's waiting time from its first gate to the end.
    """

    makespan: float
    serial_time: float
    gates: dict[Gate, int]
    idle: dict[int, float]

    def count(self, size: int) -> int:
        """Number of gates on `size` qubits; measurements and resets are none."""
        gates = ((qubits, times) for (name, qubits), times in self.gates.items() if name not in NOT_GATES)
        return sum(times for qubits, times in gates if len(qubits) == size)


@dataclass(slots=True)
class Slot:
    """All instructions of one name on the same qubits: how often, when first, and how long each takes (delays: 0)."""

    name: str
    qubits: tuple[int, ...]
    seconds: float
    first: float
    is_gate: bool  # and not a barrier or a delay
    is_instant: bool  # a virtual gate, which leaves its qubit's time as it is
    times: int = 0


Watch = Callable[[Slot, float, "CircuitInstruction"], bool]


@dataclass(frozen=True)
class Timing:
    """Seconds of one shot: `logical_time` + `routing_time` is the makespan of `physical`."""

    logical_time: float
    routing_time: float
    readout_time: float
    physical: Schedule
    notes: tuple[str, ...] = ()


def calibrated_timing(compiled: Compiled, calibration: Calibration, watch: Watch | None = None) -> Timing:
    """Every gate takes its own calibrated duration; routing is what the makespan exceeds the logical circuit's by.

    `watch` sees the physical circuit as it is scheduled. Source: docs/cost_model.md, section 2.
    """

    def duration(gate: Gate) -> float:
        return gate_seconds(gate, calibration)

    physical = schedule(compiled.circuit, calibration, duration, watch)
    added = (
        0.0 if compiled.logical is compiled.circuit else physical.makespan - _logical_makespan(compiled, calibration)
    )
    return _split(physical, added, readout_time(compiled, calibration))


def _logical_makespan(compiled: Compiled, calibration: Calibration) -> float:
    """Seconds of the logical circuit on all-to-all coupled qubits.

    Gates take what they take on the layout's qubits, those on a pair that is not coupled the device's median.
    """
    data, usual, layout = calibration.gate_data, calibration.usual_durations, compiled.layout

    def duration(gate: Gate) -> float:
        name, qubits = gate
        on = tuple([layout[qubit] for qubit in qubits])
        if name in NOT_GATES:
            return gate_seconds((name, on), calibration)
        known = data.get((name, on)) or data.get((name, on[::-1]))
        return _known(known.duration if known else usual[name], gate, calibration)

    return schedule(compiled.logical, calibration, duration).makespan


def paper_timing(compiled: Compiled, calibration: Calibration) -> Timing:
    """Every gate takes its kind's average duration, virtual ones the average one-qubit gate's.

    routing = (physical - logical two-qubit gates) x mean two-qubit duration. What the paper states of it and what is
    reconstructed, and by how much it is longer than Qiskit's: docs/cost_model.md, section 7.
    """
    average = calibration.averages

    def duration(gate: Gate) -> float:
        if gate[0] in NOT_GATES:
            return gate_seconds(gate, calibration)
        usual = average.duration_of.get(gate[0]) or average.duration.get(len(gate[1]))
        return _known(float("nan") if usual is None else usual, gate, calibration)

    physical = schedule(compiled.circuit, calibration, duration)
    added = (physical.count(2) - compiled.logical.num_nonlocal_gates()) * average.duration.get(2, 0.0)
    return _split(physical, added, readout_time(compiled, calibration))


def _split(physical: Schedule, added: float, readout: float) -> Timing:
    """The makespan's split; what of the time that routing `added` cannot be a part of it is said in the notes."""
    whole = physical.makespan
    logical = whole - added if 0 <= added <= whole else whole if added < 0 else 0.0
    notes = []
    if added < -_ROUNDING * whole:
        faster = f"the circuit takes {seconds(-added)} less than with all-to-all coupling"
        notes = [f"nothing is counted as routing: {faster}, where the transpiler found a longer form"]
    elif added > whole:
        notes = [f"routing by the paper's form, {seconds(added)}, exceeds the makespan: added gates run in parallel"]
    return Timing(logical, whole - logical, readout, physical, tuple(notes))


def schedule(
    circuit: "QuantumCircuit",
    calibration: Calibration,
    duration: Callable[[Gate], float],
    watch: Watch | None = None,
) -> Schedule:
    """The ASAP schedule of a physical circuit; `duration` gives the seconds of a gate.

    Virtual gates (0 s) cost no time but are counted; a barrier waits for all of its qubits, and on a serial device
    every gate for the one before. `watch` sees the slot, the start in seconds and the instruction, one after the other,
    until it returns False. The makespan equals Qiskit's `QuantumCircuit.estimate_duration`. Source:
    docs/cost_model.md, section 2.
    """
    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    free = [0.0] * len(index)
    serial, end = calibration.serial, 0.0
    known: defaultdict[str, dict[Any, Slot]] = defaultdict(dict)
    for instruction in circuit.data:  # reading an instruction costs more than all that is done with it: read each once
        name, bits = instruction.name, instruction.qubits
        try:
            slot = known[name][bits]
        except KeyError:
            slot = known[name][bits] = _slot(name, tuple([index[bit] for bit in bits]), free, duration)
        slot.times += 1
        if watch is None and slot.is_instant:
            continue
        qubits = slot.qubits
        start = free[qubits[0]] if len(qubits) == 1 else max([free[qubit] for qubit in qubits])
        if not slot.is_instant:
            if serial:  # one gate after the other, whatever their qubits
                start = max(start, end)
                slot.first = start if slot.times == 1 else slot.first
            end = start + (slot.seconds if name != "delay" else delay_seconds(instruction.operation, calibration))
            for qubit in qubits:
                free[qubit] = end
        if watch is not None and not watch(slot, start, instruction):
            watch = None
    return _summary([slot for slots in known.values() for slot in slots.values()], max(free, default=0.0))


def _slot(name: str, qubits: tuple[int, ...], free: list[float], duration: Callable[[Gate], float]) -> Slot:
    is_gate = name not in ("barrier", "delay")
    length = duration((name, qubits)) if is_gate else 0.0
    is_instant = is_gate and not length and len(qubits) == 1
    return Slot(name, qubits, length, max(free[qubit] for qubit in qubits), is_gate, is_instant)


def _summary(slots: list[Slot], makespan: float) -> Schedule:
    gates = [slot for slot in slots if slot.is_gate]
    first: dict[int, float] = {}
    busy: defaultdict[int, float] = defaultdict(float)
    for slot in gates:
        for qubit in slot.qubits if slot.seconds else ():
            first[qubit] = min(first.get(qubit, makespan), slot.first)
            busy[qubit] += slot.times * slot.seconds
    return Schedule(
        makespan=makespan,
        serial_time=sum(slot.times * slot.seconds for slot in gates),
        gates={(slot.name, slot.qubits): slot.times for slot in gates},
        idle={qubit: max(0.0, makespan - first[qubit] - busy[qubit]) for qubit in first},
    )


def delay_seconds(delay: "Delay", calibration: Calibration) -> float:
    """Seconds of a delay instruction. Raises `CircuitError` for dt where the device has none, or a symbolic one."""
    length, unit = delay.duration, delay.unit
    scale = calibration.seconds_per_dt if unit == "dt" else _DELAY_UNITS.get(unit)
    if scale is None:
        raise CircuitError(f"A delay of {length} {unit} has no length on {calibration.name}: give s, ms, us or ns.")
    try:
        return float(length) * scale
    except TypeError:
        raise CircuitError(f"A delay of {length} {unit} has no fixed length: bind its parameters.") from None


def readout_time(compiled: Compiled, calibration: Calibration) -> float:
    """Duration of measuring the measured qubits at once; NaN where the device does not report it."""
    durations = [calibration.readout(qubit).duration for qubit in compiled.measured]
    return max(durations, default=0.0) if all(map(isfinite, durations)) else float("nan")


def gate_seconds(gate: Gate, calibration: Calibration) -> float:
    """Calibrated seconds of a gate, a measurement or a reset, which takes a measurement's where no own is known."""
    name, qubits = gate
    if name == "reset":
        length = calibration.readout(qubits[0]).duration if calibration.reset is None else calibration.reset
    else:
        length = calibration.gate_data[gate].duration
    return _known(length, gate, calibration)


def _known(length: float, gate: Gate, calibration: Calibration) -> float:
    if isfinite(length):
        return length
    raise CircuitError(f"{calibration.name} has no duration for any {gate[0]}: give it by device.with_(durations=...).")
