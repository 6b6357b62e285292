"""The ASAP schedule of a physical circuit: when it ends, and how long each qubit idles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, Delay

Gate = tuple[str, tuple[int, ...]]
_DELAY_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


@dataclass(frozen=True)
class Schedule:
    """Timing of one shot in seconds; `gates` counts the gates.

    `serial_time` is the sum of all gate durations, `idle` a qubit's waiting time from its first gate to the end."""

    makespan: float
    serial_time: float
    gates: dict[Gate, int]
    idle: dict[int, float]

    def count(self, size: int) -> int:
        """Number of gates on `size` qubits."""
        return sum(times for (_, qubits), times in self.gates.items() if len(qubits) == size)


@dataclass(slots=True)
class Slot:
    """All instructions of one name on the same qubits; `seconds` is what each of them takes, a delay's not counted."""

    name: str
    qubits: tuple[int, ...]
    seconds: float
    times: int = 0

    @property
    def is_gate(self) -> bool:
        """Whether it is a gate at all, and not a barrier or a delay."""
        return self.name not in ("barrier", "delay")


def schedule(circuit: "QuantumCircuit", calibration: Calibration, duration: Callable[[Gate], float]) -> Schedule:
    """Start every gate as soon as its qubits are free; barriers wait for all of theirs.

    `duration` gives the seconds of a gate. Virtual gates (0 s) cost no time but are counted. Source: cost-model.md
    section 2; the makespan equals Qiskit's `QuantumCircuit.estimate_duration`.
    """
    first: dict[int, float] = {}
    gates: list[Slot] = []
    makespan = 0.0
    for slot, start, seconds, _ in timeline(circuit, calibration, duration):
        if not slot.times and slot.is_gate:
            gates.append(slot)
            for qubit in slot.qubits if seconds else ():
                first.setdefault(qubit, start)
        slot.times += 1
        makespan = max(makespan, start + seconds)
    return _summary(makespan, first, gates)


def timeline(
    circuit: "QuantumCircuit", calibration: Calibration, duration: Callable[[Gate], float]
) -> Iterator[tuple[Slot, float, float, "CircuitInstruction"]]:
    """Slot, start and seconds of every instruction, in the circuit's order. One `Slot` serves all that are alike."""
    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    free = [0.0] * circuit.num_qubits
    slots: dict[Any, Slot] = {}
    for instruction in circuit.data:
        key = (instruction.name, instruction.qubits)
        slot = slots.get(key)
        if slot is None:
            slot = slots[key] = _slot(key[0], tuple([index[qubit] for qubit in key[1]]), duration)
        qubits, seconds = slot.qubits, slot.seconds
        if len(qubits) == 1:
            start = free[qubits[0]]
            if slot.name == "delay":
                seconds = delay_seconds(instruction.operation, calibration)
            free[qubits[0]] = start + seconds
        else:
            start = max([free[qubit] for qubit in qubits])
            for qubit in qubits:
                free[qubit] = start + seconds
        yield slot, start, seconds, instruction


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


def _slot(name: str, qubits: tuple[int, ...], duration: Callable[[Gate], float]) -> Slot:
    return Slot(name, qubits, 0.0 if name in ("barrier", "delay") else duration((name, qubits)))


def _summary(makespan: float, first: dict[int, float], slots: list[Slot]) -> Schedule:
    busy = dict.fromkeys(first, 0.0)
    for slot in slots:
        for qubit in slot.qubits:
            if slot.seconds:
                busy[qubit] += slot.times * slot.seconds
    return Schedule(
        makespan=makespan,
        serial_time=sum(slot.times * slot.seconds for slot in slots),
        gates={(slot.name, slot.qubits): slot.times for slot in slots},
        idle={qubit: max(0.0, makespan - first[qubit] - busy[qubit]) for qubit in first},
    )
