"""The weights of Pauli strings on the qubits of a state, and what gates and noise do to them."""

from functools import lru_cache
from itertools import product
from math import cos, exp, expm1, inf, log, log1p, pi

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.hardware.calibration import GateData
from hybhanas_jupyter.hardware.vendors import unitary

Array = npt.NDArray[np.float64]
Pair = tuple[int, ...]
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
    relaxed = np.ones(1)
    for t1, t2 in relaxation:
        relaxed = np.outer(relaxed, idle_eigenvalues(data.duration, t1, t2)).ravel()
    dimension = 2 ** len(relaxation)
    fidelity = 1 - data.error * (dimension + 1) / dimension
    kept = (fidelity * dimension**2 - 1) / (relaxed.sum() - 1)
    eigenvalues = relaxed * min(max(kept, 0.0), 1.0)
    eigenvalues[0] = 1.0
    eigenvalues.flags.writeable = False
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
