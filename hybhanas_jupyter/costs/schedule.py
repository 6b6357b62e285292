"""The ASAP schedule of a physical circuit: when it ends, and how long each qubit idles."""

from collections import defaultdict, deque
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

    `serial_time` is the sum of all gate durations, `idle` a qubit's waiting time from its first gate to the end.
    """

    makespan: float
    serial_time: float
    gates: dict[Gate, int]
    idle: dict[int, float]

    def count(self, size: int) -> int:
        """Number of gates on `size` qubits."""
        return sum(times for (_, qubits), times in self.gates.items() if len(qubits) == size)


@dataclass(slots=True)
class Slot:
    """All instructions of one name on the same qubits: how often, when first, and how long each takes (delays: 0)."""

    name: str
    qubits: tuple[int, ...]
    seconds: float
    first: float = 0.0
    last_end: float = 0.0
    times: int = 0

    @property
    def is_gate(self) -> bool:
        """Whether it is a gate at all, and not a barrier or a delay."""
        return self.name not in ("barrier", "delay")


class Timeline:
    """The ASAP start of every instruction of a physical circuit, in order; a barrier waits for all of its qubits.

    Iterate for (slot, start in seconds, instruction); `slots` are complete when the iteration is.
    """

    def __init__(self, circuit: "QuantumCircuit", calibration: Calibration, duration: Callable[[Gate], float]) -> None:
        self.slots: list[Slot] = []
        self._circuit, self._calibration, self._duration = circuit, calibration, duration

    def __iter__(self) -> Iterator[tuple[Slot, float, "CircuitInstruction"]]:
        index = {qubit: i for i, qubit in enumerate(self._circuit.qubits)}
        free = [0.0] * len(index)
        known: defaultdict[str, dict[Any, Slot]] = defaultdict(dict)
        for instruction in self._circuit.data:
            name, bits = instruction.name, instruction.qubits
            slot = known[name].get(bits)
            if slot is None:
                slot = known[name][bits] = self._slot(name, tuple([index[bit] for bit in bits]), free)
            slot.times += 1
            qubits = slot.qubits
            if len(qubits) == 1:
                start = free[qubits[0]]
                if slot.seconds:
                    slot.last_end = free[qubits[0]] = start + slot.seconds
                elif name == "delay":
                    slot.last_end = free[qubits[0]] = start + delay_seconds(instruction.operation, self._calibration)
            else:
                start = max([free[qubit] for qubit in qubits])
                slot.last_end = start + slot.seconds
                for qubit in qubits:
                    free[qubit] = slot.last_end
            yield slot, start, instruction

    def _slot(self, name: str, qubits: tuple[int, ...], free: list[float]) -> Slot:
        seconds = 0.0 if name in ("barrier", "delay") else self._duration((name, qubits))
        self.slots.append(Slot(name, qubits, seconds, max(free[qubit] for qubit in qubits)))
        return self.slots[-1]


def schedule(circuit: "QuantumCircuit", calibration: Calibration, duration: Callable[[Gate], float]) -> Schedule:
    """The ASAP schedule of a physical circuit; `duration` gives the seconds of a gate.

    Virtual gates (0 s) cost no time but are counted. Source: cost-model.md section 2; the makespan equals Qiskit's
    `QuantumCircuit.estimate_duration`.
    """
    timeline = Timeline(circuit, calibration, duration)
    deque(timeline, maxlen=0)
    gates = [slot for slot in timeline.slots if slot.is_gate]
    makespan = max((slot.last_end for slot in timeline.slots), default=0.0)
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
