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

from hybhanas_jupyter.costs.pauli_noise import Array, gate_eigenvalues, idle_eigenvalues, log_mixed_damping, transfer
from hybhanas_jupyter.costs.pauli_weights import Weights
from hybhanas_jupyter.costs.schedule import Gate, Schedule, Slot, Timeline
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

Angles = tuple[float | None, ...]
_MIXED = log(1e-2)  # below, fidelity is at its floor: the rest damps by its mean over all strings, which is faster


def log_damping(
    circuit: "QuantumCircuit", schedule: Schedule, calibration: Calibration, n_qubits: int
) -> tuple[float, float]:
    """ln p of a state of `n_qubits` qubits after a physical circuit: the gates' and the idling's share of it.

    The fidelity of the state is p (1 - 2^-n) + 2^-n.
    """
    walk = _Walk(calibration)
    data = calibration.gate_data
    timeline = Timeline(circuit, calibration, lambda gate: data[gate].duration)
    for number, (slot, start, instruction) in enumerate(timeline, start=1):
        if slot.is_gate:
            walk.take(slot, start, _angles(instruction))
        if walk.is_mixed(thorough=number % 256 == 0):
            break
    return walk.finish(schedule, n_qubits)


class _Walk:
    """Takes the gates one after the other; runs of one-qubit gates are applied at once."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._weights = Weights()
        self._by_idling = 0.0
        self._runs: defaultdict[int, list[tuple[str, Angles]]] = defaultdict(list)
        self._free: dict[int, float] = {}
        self._waited: defaultdict[int, float] = defaultdict(float)
        self._taken: Counter[Gate] = Counter()
        self._matrices: dict[object, Array] = {}

    def is_mixed(self, thorough: bool) -> bool:
        """Whether p is so small that the fidelity is at its floor; `thorough` looks at p, else at its upper bound."""
        return (self._weights.log_survival if thorough else self._weights.log_total) < _MIXED

    def take(self, gate: Slot, start: float, angles: Angles) -> None:
        """Apply one gate, and before it the waiting of its qubits."""
        for qubit in gate.qubits:
            if start > self._free.get(qubit, start):
                self._wait(qubit, start - self._free[qubit])
            if gate.seconds:
                self._free[qubit] = start + gate.seconds
        self._taken[gate.name, gate.qubits] += 1
        if len(gate.qubits) == 1:
            self._runs[gate.qubits[0]].append((gate.name, angles))
            return
        for qubit in gate.qubits:
            self._flush(qubit)
        self._weights.apply_pair(gate.qubits, self._matrix((gate.name, gate.qubits, angles)))

    def finish(self, schedule: Schedule, n_qubits: int) -> tuple[float, float]:
        """Shares of the gates and of idling in ln p, after what is left of the schedule."""
        left = Counter(schedule.gates) - self._taken
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
            matrix = np.eye(4)
            for name, angles in run:
                matrix = self._matrix((name, (qubit,), angles)) @ matrix
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
        relaxation = [self._calibration.relaxation[qubit] for qubit in qubits]
        return gate_eigenvalues(self._calibration.gate_data[name, qubits], relaxation)


def _angles(instruction: "CircuitInstruction") -> Angles:
    """The gate's angles, None for those that are symbolic."""
    return tuple([None if getattr(angle, "parameters", ()) else float(angle) for angle in instruction.params])
