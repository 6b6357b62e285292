"""How much of a state survives a noisy circuit: the weights of its Pauli strings, followed gate by gate.

A pure state is a weighted sum of Pauli strings, with weights <P>^2 / 2^n that sum to 1. Noise damps each string by the
eigenvalue that it has for that string, and the state fidelity is the mean damping over the ideal state's strings. So a
qubit that idles in a basis state loses little and an entangled one more, which a product of error rates cannot see.

Weights are followed exactly for two qubits while they only meet each other, and as independent where qubits meet others
(a mean field). Symbolic angles are averaged over a full turn. The string of identities is never damped: it is the floor
2^-n of the fidelity, and taken out of p.
"""

from collections import Counter, defaultdict
from functools import lru_cache
from itertools import product
from math import cos, exp, expm1, inf, log, log1p, pi
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.costs.schedule import Gate, Schedule, Slot
from hybhanas_jupyter.hardware.calibration import Calibration, GateData
from hybhanas_jupyter.hardware.vendors import unitary

if TYPE_CHECKING:
    from qiskit.circuit import CircuitInstruction

Array = npt.NDArray[np.float64]
Pair = tuple[int, ...]
Angles = tuple[float | None, ...]
_MIXED = log(1e-2)  # below, fidelity is at its floor: the rest damps by its mean over all strings, which is faster
_IDENTITY = np.eye(4)
_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_ONES = np.ones(16)
_ZERO_STATE = np.array([0.5, 0.0, 0.0, 0.5])  # |0><0| = (I + Z) / 2


def idle_eigenvalues(time: float, t1: float, t2: float) -> Array:
    """What is left of I, X, Y, Z on a qubit that idles for `time` seconds."""
    dephased, relaxed = exp(-time / t2), exp(-time / t1)
    return np.array([1.0, dephased, dephased, relaxed])


@lru_cache(maxsize=4096)  # a device has hundreds of gates, a search costs many circuits on one device
def gate_eigenvalues(data: GateData, relaxation: tuple[tuple[float, float], ...]) -> Array:
    """What a noisy gate leaves of the 4 or 16 strings on its qubits, whose (T1, T2) are `relaxation`.

    The qubits relax for the gate's duration; what the calibrated error exceeds this by is depolarizing. A gate cannot
    be better than its relaxation, nor worse than fully depolarizing.
    """
    eigenvalues = _relaxed(data.duration, relaxation) * kept_by_gate(data, relaxation)
    eigenvalues[0] = 1.0
    eigenvalues.flags.writeable = False
    return eigenvalues


@lru_cache(maxsize=4096)
def kept_by_gate(data: GateData, relaxation: tuple[tuple[float, float], ...]) -> float:
    """What depolarizing keeps of a gate's state, whose relaxation alone would be better than its error; in [0, 1]."""
    dimension = 2 ** len(relaxation)
    fidelity = 1 - data.error * (dimension + 1) / dimension
    kept = (fidelity * dimension**2 - 1) / (_relaxed(data.duration, relaxation).sum() - 1)
    return float(min(max(kept, 0.0), 1.0))


def _relaxed(duration: float, relaxation: tuple[tuple[float, float], ...]) -> Array:
    eigenvalues = np.ones(1)
    for t1, t2 in relaxation:
        eigenvalues = np.outer(eigenvalues, idle_eigenvalues(duration, t1, t2)).ravel()
    return eigenvalues


def log_mixed_damping(eigenvalues: Array, n_qubits: int) -> float:
    """ln of the mean of the eigenvalues over all strings of `n_qubits` qubits but the identities'; -inf for 0."""
    others = 4.0**n_qubits / len(eigenvalues)
    mean = float((others * eigenvalues.sum() - 1) / (others * len(eigenvalues) - 1))
    return log(mean) if mean > 0 else -inf


@lru_cache(maxsize=4096)
def transfer(name: str, angles: tuple[float | None, ...]) -> Array:
    """How an ideal gate redistributes the weights: its squared Pauli transfer matrix, indexed [after, before].

    `None` is a symbolic angle: averaged over two full turns, on as many points as make the average exact.
    """
    if name in ("rz", "p", "u1"):
        kept = 0.5 if angles[0] is None else cos(angles[0]) ** 2
        return np.array([[1, 0, 0, 0], [0, kept, 1 - kept, 0], [0, 1 - kept, kept, 0], [0, 0, 0, 1]])
    grids = [[angle] if angle is not None else [k * pi / 2 for k in range(8)] for angle in angles]
    return np.mean([_squared_transfer_matrix(unitary(name, *point)) for point in product(*grids)], axis=0)


def _squared_transfer_matrix(matrix: npt.NDArray[np.complex128]) -> Array:
    """Qiskit's matrices have the first qubit last; the strings here have it first."""
    strings = _PAULIS if len(matrix) == 2 else np.array([np.kron(b, a) for a in _PAULIS for b in _PAULIS])
    evolved = matrix @ strings @ matrix.conj().T
    return (np.einsum("iab,jba->ij", strings, evolved).real / len(matrix)) ** 2


class Weights:
    """Weights of I, X, Y, Z on every qubit, joint ones for two qubits that met last; all qubits start in |0>.

    The weights are kept normalised; `log_total` is ln of what noise has left of their sum.
    """

    def __init__(self) -> None:
        self.log_total = 0.0
        self._alone: dict[int, Array] = {}
        self._partners: dict[int, Pair] = {}
        self._joint: dict[Pair, Array] = {}

    @property
    def log_survival(self) -> float:
        """ln p: what is left of all strings but the identities', which nothing damps, relative to the ideal state."""
        clusters = [*self._alone.values(), *self._joint.values()]
        others = [float(cluster.ravel()[1:].sum()) for cluster in clusters]
        log_identity = sum(log1p(-other) for other in others)
        if not any(others):
            return -inf if clusters else 0.0
        return self.log_total + log(-expm1(log_identity)) - log(-expm1(log_identity + self.log_total))

    def apply(self, qubit: int, matrix: Array) -> None:
        """Transform one qubit's weights by a (4, 4) matrix."""
        pair = self._partners.get(qubit)
        if pair is None:
            self._alone[qubit] = self._normalised(matrix.dot(self._alone.get(qubit, _ZERO_STATE)))
        else:
            joint = self._joint[pair]
            self._joint[pair] = self._normalised(matrix.dot(joint) if qubit == pair[0] else joint.dot(matrix.T))

    def apply_pair(self, pair: Pair, matrix: Array) -> None:
        """Transform two qubits' weights by a (16, 16) matrix."""
        if self._partners.get(pair[0]) != pair:
            self._join(pair)
        self._joint[pair] = self._normalised(matrix.dot(self._joint[pair].ravel())).reshape(4, 4)

    def _join(self, pair: Pair) -> None:
        if self._partners.get(pair[0]) == pair[::-1]:
            joint = self._joint.pop(pair[::-1]).T
        else:
            joint = self._leave(pair[0])[:, None] * self._leave(pair[1])
        self._joint[pair] = joint
        self._partners[pair[0]] = self._partners[pair[1]] = pair

    def _leave(self, qubit: int) -> Array:
        """Take the qubit out; a partner stays behind with its own weights."""
        pair = self._partners.get(qubit)
        if pair is not None:
            joint = self._joint.pop(pair)
            self._alone[pair[0]], self._alone[pair[1]] = joint.dot(_ONES[:4]), _ONES[:4].dot(joint)
            del self._partners[pair[0]], self._partners[pair[1]]
        return self._alone.pop(qubit, _ZERO_STATE)

    def _normalised(self, weights: Array) -> Array:
        total = float(weights.ravel().dot(_ONES[: weights.size]))  # on so few numbers half the time of sum()
        self.log_total += log(total)
        return weights / total


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
