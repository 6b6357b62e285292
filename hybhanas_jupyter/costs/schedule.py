"""The ASAP schedule of a physical circuit: when it ends, and how long each qubit idles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Delay

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


def schedule(circuit: "QuantumCircuit", calibration: Calibration, duration: Callable[[Gate], float]) -> Schedule:
    """Start every gate as soon as its qubits are free; barriers wait for all of theirs.

    `duration` gives the seconds of a gate. Virtual gates (0 s) cost no time but are counted. Source: cost-model.md
    section 2; the makespan equals Qiskit's `QuantumCircuit.estimate_duration`.
    """
    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    free = [0.0] * circuit.num_qubits
    first: dict[int, float] = {}
    slots: dict[Any, _Slot] = {}
    for instruction in circuit.data:
        key = (instruction.name, instruction.qubits)
        slot = slots.get(key)
        if slot is None:
            slot = slots[key] = _slot(key[0], tuple(index[qubit] for qubit in key[1]), duration)
        slot.times += 1
        qubits, seconds = slot.qubits, slot.seconds
        if slot.is_delay:
            seconds = delay_seconds(instruction.operation, calibration)
        elif not seconds and len(qubits) == 1:
            continue
        start = free[qubits[0]] if len(qubits) == 1 else max([free[qubit] for qubit in qubits])
        for qubit in qubits:
            free[qubit] = start + seconds
            if slot.is_gate and qubit not in first:
                first[qubit] = start
    return _summary(free, first, [slot for slot in slots.values() if slot.is_gate])


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


@dataclass(slots=True)
class _Slot:
    """All instructions of one name on the same qubits."""

    name: str
    qubits: tuple[int, ...]
    seconds: float
    is_delay: bool
    is_gate: bool
    times: int = 0


def _slot(name: str, qubits: tuple[int, ...], duration: Callable[[Gate], float]) -> _Slot:
    is_gate = name not in ("barrier", "delay")
    return _Slot(name, qubits, duration((name, qubits)) if is_gate else 0.0, name == "delay", is_gate)


def _summary(free: list[float], first: dict[int, float], slots: list[_Slot]) -> Schedule:
    makespan = max(free, default=0.0)
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
