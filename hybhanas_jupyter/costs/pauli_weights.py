"""The weights of Pauli strings on the qubits of a state."""

from math import expm1, inf, log, log1p

import numpy as np

from hybhanas_jupyter.costs.pauli_noise import Array

Pair = tuple[int, ...]
_ONES = np.ones(16)
_ZERO_STATE = np.array([0.5, 0.0, 0.0, 0.5])  # |0><0| = (I + Z) / 2


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
