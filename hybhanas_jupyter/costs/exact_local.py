"""State fidelity under noise from the exact local values of the ideal state: bound angles and few qubits, or Clifford.

The ideal state is followed gate by gate; at every gate and wait, the noise is a small channel chi on one or two qubits,
and leaves sum over R, S of chi_RS <R> <S> of the fidelity, R and S being Pauli strings there. No mean field: a state
that returns to the computational basis (adders, multipliers) is seen as such. Source: docs/cost_model.md, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, pi
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
_CLIFFORD = {"id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "rz", "cx", "cy", "cz", "ecr", "swap", "iswap"}
_MOST_ROWS = 2**20  # qubits x gates on pairs of a Clifford circuit; some seconds
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
    if n_qubits > _MOST_QUBITS and circuit.num_nonlocal_gates() * n_qubits <= _MOST_ROWS and _is_clifford(circuit):
        return ""
    if n_qubits > _MOST_QUBITS or circuit.num_nonlocal_gates() * 2**n_qubits > _MOST_WORK:
        return f"is too large to follow exactly ({n_qubits} qubits)"
    return ""


def follow(timeline: Timeline, n_qubits: int) -> "Followed":
    """The shares of ln p for a state of `n_qubits` qubits, F = p (1 - 2^-n) + 2^-n, and the ideal state."""
    steps, calibration = list(timeline.backwards())[::-1], timeline.calibration
    qubits = sorted({qubit for step in steps for qubit in step.qubits})
    state = _LocalState(qubits) if len(qubits) <= _MOST_QUBITS else _StabilizerState(qubits)
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
    state: "_LocalState | _StabilizerState"

    def probabilities(self, measured: Sequence[int]) -> npt.NDArray[np.float64] | None:
        """Ideal distribution of these qubits, (2^measured,): qubit i is bit i of the index; None from a tableau."""
        return self.state.probabilities(measured) if isinstance(self.state, _LocalState) else None


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


def _is_clifford(circuit: "QuantumCircuit") -> bool:
    names = circuit.count_ops().keys() - {"barrier", "delay"}
    if not names <= _CLIFFORD:
        return False
    turns = (float(instruction.params[0]) / (pi / 2) for instruction in circuit.data if instruction.name == "rz")
    return "rz" not in names or all(abs(turn - round(turn)) < 1e-9 for turn in turns)


class _StabilizerState:
    """A Clifford circuit's state by Aaronson and Gottesman's tableau: any number of qubits, values -1, 0 or 1.

    Rows are Pauli strings, n destabilizers and then n stabilizers, a column a qubit's letter: 0 to 3 for I, X, Y, Z.
    """

    def __init__(self, qubits: list[int]) -> None:
        n = len(qubits)
        self._place = {qubit: i for i, qubit in enumerate(qubits)}
        self._letters = np.concatenate([np.eye(n, dtype=np.int8), 3 * np.eye(n, dtype=np.int8)])
        self._minus = np.zeros(2 * n, bool)

    def values(self, qubit: int) -> Array:
        """<I>, <X>, <Y>, <Z> of a qubit."""
        return self._values((qubit,))

    def apply(self, qubits: tuple[int, ...], unitary: Array) -> Array:
        """Apply a Clifford gate; the 4 or 16 local values on its qubits afterwards."""
        places = [self._place[qubit] for qubit in qubits]
        images, flips = _conjugation(unitary.tobytes(), len(unitary))
        codes = self._codes(places)
        self._minus ^= flips[codes]
        for column, place in enumerate(reversed(places)):
            self._letters[:, place] = images[codes] >> 2 * column & 3
        return self._values(qubits)

    def _codes(self, places: list[int]) -> npt.NDArray[np.int64]:
        codes = np.zeros(len(self._letters), np.int64)
        for place in places:
            codes = 4 * codes + self._letters[:, place]
        return codes

    def _values(self, qubits: tuple[int, ...]) -> Array:
        """A string without an anticommuting stabilizer is the product of those whose destabilizers anticommute."""
        places, n = [self._place[qubit] for qubit in qubits], len(self._letters) // 2
        clashes = _ANTICOMMUTE[len(qubits)][:, self._codes(places)]  # (strings, rows)
        values = np.zeros(4 ** len(qubits))
        for string in np.flatnonzero(~clashes[:, n:].any(axis=1)):
            rows = n + np.flatnonzero(clashes[string, :n])
            values[string] = 1.0 if not len(rows) else self._sign(rows)
        return values

    def _sign(self, rows: npt.NDArray[np.int64]) -> float:
        """Of the product of commuting rows: i to the power of all single products' phases, and the rows' signs."""
        phase, product = 0, np.zeros(self._letters.shape[1], np.int8)
        for row in rows:
            phase += int(_PHASES[product, self._letters[row]].sum()) + 2 * int(self._minus[row])
            product = _PRODUCTS[product, self._letters[row]]
        return 1.0 if phase % 4 == 0 else -1.0


def _pauli_products() -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Letter and power of i of the product of two letters."""
    letters, phases = np.zeros((4, 4), np.int8), np.zeros((4, 4), np.int64)
    for a, b in np.ndindex(4, 4):
        overlaps = np.trace(_PAULIS @ (_PAULIS[a] @ _PAULIS[b]), axis1=1, axis2=2) / 2
        letters[a, b] = np.argmax(abs(overlaps))
        phases[a, b] = round(np.angle(overlaps[letters[a, b]]) / (pi / 2)) % 4
    return letters, phases


_PRODUCTS, _PHASES = _pauli_products()
_ONE = _PHASES % 2 == 1  # two letters anticommute
_ANTICOMMUTE = {1: _ONE, 2: (_ONE[:, None, :, None] ^ _ONE[None, :, None, :]).reshape(16, 16)}


@lru_cache(maxsize=512)
def _conjugation(unitary: bytes, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """What a Clifford gate makes of each string on its qubits, and whether with a minus."""
    matrix = np.frombuffer(unitary, complex).reshape(size, size)
    strings = _PAULIS if size == 2 else np.array([np.kron(a, b) for a in _PAULIS for b in _PAULIS])
    overlaps = np.einsum("iab,jba->ji", strings, matrix @ strings @ matrix.conj().T).real / size
    images = np.argmax(abs(overlaps), axis=1)
    return images, overlaps[np.arange(len(images)), images] < 0


@lru_cache(maxsize=4096)
def _unitary(name: str, angles: tuple[float, ...]) -> Array:
    """The gate's matrix, its first qubit the slowest; Qiskit's has the last one so."""
    matrix = unitary(name, *angles)
    if len(matrix) == 2:
        return matrix
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
