"""How much of a state survives a noisy circuit, followed string by string.

A pure state is a weighted sum of Pauli strings, with weights <P>^2 / 2^n that sum to 1. Noise damps each string by the
eigenvalue that it has for that string, and the state fidelity is the mean damping over the ideal state's strings. So a
qubit that idles in a basis state loses little and an entangled one more, which a product of error rates cannot see.

Weights are followed exactly for two qubits while they only meet each other, and as independent where qubits meet others
(a mean field). Symbolic angles are averaged over a full turn. The string of identities is never damped: it is the floor
2^-n of the fidelity, and taken out of p.
"""

from collections import Counter, defaultdict
from math import inf, log
from typing import TYPE_CHECKING

import numpy as np

from hybhanas_jupyter.costs.pauli import (
    Array,
    Weights,
    gate_eigenvalues,
    idle_eigenvalues,
    log_mixed_damping,
    transfer,
)
from hybhanas_jupyter.costs.schedule import Gate, Schedule, Slot
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit.circuit import CircuitInstruction

_IDENTITY = np.eye(4)
Angles = tuple[float | None, ...]
_MIXED = log(1e-2)  # below, fidelity is at its floor: the rest damps by its mean over all strings, which is faster


class Damping:
    """Follows a circuit gate by gate, `take` being the watch of its `schedule`; `finish` then tells the damping."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._weights = Weights()
        self._by_idling = 0.0
        self._runs: defaultdict[int, list[tuple[str, Angles]]] = defaultdict(list)
        self._free: dict[int, float] = {}
        self._waited: defaultdict[int, float] = defaultdict(float)
        self._taken: defaultdict[Gate, int] = defaultdict(int)
        self._matrices: dict[object, Array] = {}
        self._steps = 0

    def take(self, slot: Slot, start: float, instruction: "CircuitInstruction") -> bool:
        """Apply one instruction; False when no further one is of interest, as p is so small that only means count.

        Runs of one-qubit gates are applied at once, when the qubit meets another one or has waited.
        """
        if slot.is_gate:
            name, qubits, seconds = slot.name, slot.qubits, slot.seconds
            self._taken[name, qubits] += 1
            for qubit in qubits:
                if start > self._free.get(qubit, start):
                    self._wait(qubit, start - self._free[qubit])
                    self._free[qubit] = start  # also before a gate of no length: what was waited is not waited again
                if seconds:
                    self._free[qubit] = start + seconds
            self._apply(name, qubits, _angles(instruction))
        self._steps += 1
        # p itself takes long to tell, the total is its upper bound
        return (self._weights.log_total if self._steps % 256 else self._weights.log_survival) >= _MIXED

    def _apply(self, name: str, qubits: tuple[int, ...], angles: Angles) -> None:
        if len(qubits) == 1:
            self._runs[qubits[0]].append((name, angles))
            return
        for qubit in qubits:
            self._flush(qubit)
        self._weights.apply_pair(qubits, self._matrix((name, qubits, angles)))

    def finish(self, schedule: Schedule, n_qubits: int) -> tuple[float, float]:
        """The gates' and the idling's share of ln p for a state of `n_qubits` qubits, after the whole of `schedule`.

        The fidelity of the state is p (1 - 2^-n) + 2^-n.
        """
        left = Counter(schedule.gates) - Counter(self._taken)
        waits = {qubit: idle - self._waited[qubit] for qubit, idle in schedule.idle.items()}
        for qubit in tuple(self._runs):
            self._flush(qubit)
        if not left:
            for qubit, time in waits.items():
                self._wait(qubit, max(time, 0.0))
        survival, total = self._weights.log_survival, self._weights.log_total
        if survival == -inf:
            return -inf, 0.0
        idling = survival * (self._by_idling / total) if total else 0.0
        gates = survival - idling
        if left:
            relaxation = self._calibration.relaxation
            idling += sum(log_mixed_damping(idle_eigenvalues(t, *relaxation[q]), n_qubits) for q, t in waits.items())
            gates += sum(times * log_mixed_damping(self._noise(*gate), n_qubits) for gate, times in left.items())
        return gates, idling

    def _wait(self, qubit: int, time: float) -> None:
        self._flush(qubit)
        self._waited[qubit] += time
        before = self._weights.log_total
        self._weights.apply(qubit, np.diag(idle_eigenvalues(time, *self._calibration.relaxation[qubit])))
        self._by_idling += self._weights.log_total - before

    def _flush(self, qubit: int) -> None:
        run = self._runs.pop(qubit, None)
        if not run:
            return
        key = (qubit, *run)
        matrix = self._matrices.get(key)
        if matrix is None:
            matrix = _IDENTITY
            for name, angles in run:
                matrix = self._matrix((name, (qubit,), angles)).dot(matrix)
            self._matrices[key] = matrix
        self._weights.apply(qubit, matrix)

    def _matrix(self, gate: tuple[str, tuple[int, ...], Angles]) -> Array:
        """Redistribution by the ideal gate, then damping by its noise."""
        matrix = self._matrices.get(gate)
        if matrix is None:
            name, qubits, angles = gate
            matrix = self._matrices[gate] = self._noise(name, qubits)[:, None] * transfer(name, angles)
        return matrix

    def _noise(self, name: str, qubits: tuple[int, ...]) -> Array:
        relaxation = tuple([self._calibration.relaxation[qubit] for qubit in qubits])
        return gate_eigenvalues(self._calibration.gate_data[name, qubits], relaxation)


def _angles(instruction: "CircuitInstruction") -> Angles:
    """The gate's angles, None for those that are symbolic."""
    parameters = instruction.params
    if not parameters:
        return ()
    return tuple([a if type(a) is float else None if getattr(a, "parameters", ()) else float(a) for a in parameters])
