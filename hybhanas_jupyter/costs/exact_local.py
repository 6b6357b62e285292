"""State fidelity under noise from the exact local values of the ideal state, for bound angles and few qubits.

The ideal state is followed gate by gate; at every gate and wait, the noise is a small channel chi on one or two qubits,
and leaves sum over R, S of chi_RS <R> <S> of the fidelity, R and S being Pauli strings there. No mean field: a state
that returns to the computational basis (adders, multipliers) is seen as such. Source: docs/cost_model.md, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.costs.compilation import active_qubits, acts_on_results
from hybhanas_jupyter.costs.pauli import kept_by_gate
from hybhanas_jupyter.costs.timeline import Step, Timeline
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.vendors import unitary

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Array = npt.NDArray[Any]
_MOST_QUBITS = 16
_MOST_WORK = 2**26  # amplitudes x gates on pairs; about a second
_LEAST = 1e-12  # of what one location leaves; a product of them still has a logarithm
_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_READ_ONE = _PAULIS.transpose(0, 2, 1).reshape(4, 4)  # rho.ravel() -> <I>, <X>, <Y>, <Z>
_READ_TWO = np.array([np.kron(a, b).T.ravel() for a in _PAULIS for b in _PAULIS])
_ZERO = np.array([[1, 0], [0, 0]], complex)
_IDENTITY = np.eye(2, dtype=complex)


def obstacle(circuit: "QuantumCircuit") -> str:
    """Why a physical circuit cannot be followed; empty where it can."""
    if circuit.num_parameters:
        return "has free parameters"
    if acts_on_results(circuit):
        return "measures or resets on its way"
    n_qubits = len(active_qubits(circuit))
    if n_qubits > _MOST_QUBITS or circuit.num_nonlocal_gates() * 2**n_qubits > _MOST_WORK:
        return f"is too large to follow exactly ({n_qubits} qubits)"
    return ""


def follow(timeline: Timeline, n_qubits: int) -> "Followed":
    """The shares of ln p for a state of `n_qubits` qubits, F = p (1 - 2^-n) + 2^-n, and the ideal state."""
    steps, calibration = list(timeline.backwards())[::-1], timeline.calibration
    state = _LocalState(sorted({qubit for step in steps for qubit in step.qubits}))
    floor = 2.0**-n_qubits
    logs = {True: 0.0, False: 0.0}
    for step in steps:
        waits = step.name == "wait"
        relaxation = tuple([calibration.relaxation[qubit] for qubit in step.qubits])
        if waits:
            left = _relaxed_one(state.values(step.qubits[0]), _relaxation(step.seconds, *relaxation[0]))
        else:
            values = state.apply(step.qubits, _unitary(step.name, tuple(map(float, step.parameters))))
            left = _left(values, step, calibration, relaxation)
        logs[waits] += log(max((left - floor) / (1 - floor), _LEAST))
    return Followed((logs[False], logs[True]), state)


def _left(values: Array, step: Step, calibration: Calibration, relaxation: tuple[tuple[float, float], ...]) -> float:
    """What a gate's noise leaves: relaxation for its duration, then depolarizing."""
    data = calibration.gate_data[step.name, step.qubits]
    if not data.duration and not data.error:
        return 1.0
    kept = kept_by_gate(data, relaxation)
    relaxed = [_relaxation(data.duration, *times) for times in relaxation]
    if len(relaxed) == 1:
        left = _relaxed_one(values, relaxed[0])
    else:
        square = values.reshape(4, 4)
        left = float((relaxed[0] @ square @ relaxed[1] * square).sum())
    return kept * left + (1 - kept) * float(values @ values) / len(values)


def _relaxed_one(values: Array, chi: Array) -> float:
    return float(values @ chi @ values)


@lru_cache(maxsize=4096)
def _relaxation(seconds: float, t1: float, t2: float) -> Array:
    """The real part of chi, which alone counts between real values: relaxation towards |0>, over I, X, Y, Z."""
    decayed, coherence = 1 - exp(-seconds / t1), exp(-seconds / t2)
    chi = np.diag([2 - decayed + 2 * coherence, decayed, decayed, 2 - decayed - 2 * coherence]) / 4
    chi[0, 3] = chi[3, 0] = decayed / 4
    return chi


@dataclass(frozen=True)
class Followed:
    """`log_survival`: the gates' and the waits' share of ln p; the ideal state is known after the last step."""

    log_survival: tuple[float, float]
    state: "_LocalState"

    def probabilities(self, measured: Sequence[int]) -> npt.NDArray[np.float64]:
        """The ideal distribution of these qubits, (2^measured,): qubit i of them is bit i of the index."""
        return self.state.probabilities(measured)


class _LocalState:
    """An ideal state, its gates on single qubits kept back until the qubit meets another one, and local values."""

    def __init__(self, qubits: list[int]) -> None:
        self._amplitudes = np.zeros((2,) * len(qubits), complex)
        self._amplitudes[(0,) * len(qubits)] = 1.0
        self._axes = list(qubits)  # the qubit of each axis
        self._pending = dict.fromkeys(qubits, _IDENTITY)
        self._local = dict.fromkeys(qubits, _ZERO)

    def values(self, qubit: int) -> Array:
        """<I>, <X>, <Y>, <Z> of a qubit."""
        return (_READ_ONE @ self._local[qubit].ravel()).real

    def probabilities(self, measured: Sequence[int]) -> npt.NDArray[np.float64]:
        """Distribution of these qubits; those without a gate are in |0>."""
        amplitudes = self._amplitudes
        for place, qubit in enumerate(self._axes):
            amplitudes = np.moveaxis(np.tensordot(self._pending[qubit], amplitudes, axes=(1, place)), 0, place)
        weights = np.abs(amplitudes) ** 2
        for qubit in measured:
            if qubit not in self._axes:
                weights = np.stack([weights, np.zeros_like(weights)], axis=-1)
        axes = [*self._axes, *(qubit for qubit in measured if qubit not in self._axes)]
        order = [axes.index(qubit) for qubit in reversed(measured)]
        rest = tuple(place for place in range(len(axes)) if place not in order)
        return weights.transpose(*rest, *order).reshape(-1, 2 ** len(measured)).sum(axis=0)

    def apply(self, qubits: tuple[int, ...], unitary: Array) -> Array:
        """Apply a gate; the 4 or 16 local values on its qubits afterwards."""
        if len(qubits) == 1:
            (qubit,) = qubits
            self._pending[qubit] = unitary @ self._pending[qubit]
            self._local[qubit] = unitary @ self._local[qubit] @ unitary.conj().T
            return self.values(qubit)
        first, second = qubits
        matrix = unitary @ np.kron(self._pending[first], self._pending[second])
        places = [self._axes.index(first), self._axes.index(second)]
        self._amplitudes = np.tensordot(matrix.reshape(2, 2, 2, 2), self._amplitudes, axes=([2, 3], places))
        self._axes = [first, second, *(qubit for qubit in self._axes if qubit not in qubits)]
        rows = self._amplitudes.reshape(4, -1)
        density = rows @ rows.conj().T
        pair = density.reshape(2, 2, 2, 2)
        self._local[first], self._local[second] = np.einsum("ikjk->ij", pair), np.einsum("kikj->ij", pair)
        self._pending[first] = self._pending[second] = _IDENTITY
        return (_READ_TWO @ density.ravel()).real


@lru_cache(maxsize=4096)
def _unitary(name: str, angles: tuple[float, ...]) -> Array:
    """The gate's matrix, its first qubit the slowest; Qiskit's has the last one so."""
    matrix = unitary(name, *angles)
    if len(matrix) == 2:
        return matrix
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
