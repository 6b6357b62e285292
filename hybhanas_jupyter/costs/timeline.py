"""The gates and waits of a scheduled physical circuit, and the light cones of what is read at its end."""

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from hybhanas_jupyter.costs.schedule import Slot, schedule
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Parameters = tuple[Any, ...]  # angles in radians, symbolic ones as Qiskit's expressions
_WIDE = 11  # qubits; a wider light cone may still be narrow at any one time
_LEAST_WAIT = 1e-13  # seconds; below is rounding


class Step(NamedTuple):
    """A gate with its angles, or a qubit that waits for `seconds` ("wait")."""

    name: str
    qubits: tuple[int, ...]
    parameters: Parameters
    seconds: float


class Timeline:
    """What happens to the qubits of a physical circuit without measurements, scheduled as soon as possible."""

    def __init__(self, circuit: "QuantumCircuit", calibration: Calibration) -> None:
        self.calibration = calibration
        self._instructions = circuit.data
        self._slots: list[Slot] = []  # no tuples: a garbage collection of so many would take longer than all else
        self._starts: list[float] = []
        data = calibration.gate_data
        self.schedule = schedule(circuit, calibration, lambda gate: data[gate].duration, self._take)
        self._read: list[Step] = []
        self._rest = self._from_the_end()

    def _take(self, slot: Slot, start: float, _: object) -> bool:
        self._slots.append(slot)
        self._starts.append(start)
        return True

    def backwards(self) -> Iterator[Step]:
        """Every step from the last to the first, read as far as it is asked for.

        A wait stands after the gate that it follows in time.
        """
        place = 0
        while True:
            if place == len(self._read):
                step = next(self._rest, None)
                if step is None:
                    return
                self._read.append(step)
            yield self._read[place]
            place += 1

    def _from_the_end(self) -> Iterator[Step]:
        makespan = self.schedule.makespan
        busy: dict[int, float] = {}
        for place in range(len(self._slots) - 1, -1, -1):
            slot, start = self._slots[place], self._starts[place]
            if not slot.is_gate:
                continue
            end = start + slot.seconds
            for qubit in slot.qubits:
                wait = busy.get(qubit, makespan) - end
                if wait > _LEAST_WAIT:
                    yield Step("wait", (qubit,), (), wait)
                busy[qubit] = start
            yield Step(slot.name, slot.qubits, tuple(self._instructions[place].params), slot.seconds)

    @cached_property
    def _pairs(self) -> list[tuple[int, ...]]:
        """The qubits of every gate on two, the last gate first."""
        return [slot.qubits for slot in reversed(self._slots) if slot.is_gate and len(slot.qubits) > 1]

    def cone(self, qubits: Collection[int], most: float) -> list[Step] | None:
        """The steps that what is read on `qubits` depends on, in order; None if they are too many on too many qubits.

        That is if 4^(qubits of the cone so far, at most 11), summed over the gates on two qubits, exceeds `most`.
        """
        cone, size = set(qubits), 0.0
        for a, b in self._pairs:
            if a in cone or b in cone:
                cone.add(a)
                cone.add(b)
                size += 4.0 ** min(len(cone), _WIDE)
                if size > most:
                    return None
        cone, found = set(qubits), []
        for step in self.backwards():
            if not cone.isdisjoint(step.qubits):
                found.append(step)
                cone.update(step.qubits)
        return found[::-1]
