"""What noise leaves of expectation values on any number of qubits: strings of Paulis followed backwards, on average.

In the Heisenberg picture a Pauli string is followed from the end of a circuit to its start, as weights of I, X, Y and Z
on every qubit: joint ones for two qubits that met last, independent ones elsewhere (a mean field). They are followed
with noise and without; only strings of I and Z have a value on |0...0>, and the ratio of what is left of those is the
damping. The drift of relaxation to |0> is followed by the signed coefficients of strings on one qubit and on the pair
that met last. Symbolic angles are averaged over. Source: docs/cost_model.md, "Expectation values".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import log, pi
from typing import Any

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.costs.pauli import gate_eigenvalues, idle_eigenvalues, log_mixed_damping
from hybhanas_jupyter.costs.pauli_state import fixed_transfer, noise_of
from hybhanas_jupyter.costs.timeline import Step, Timeline
from hybhanas_jupyter.hardware.calibration import Calibration

Array = npt.NDArray[np.float64]
Pauli = Mapping[int, str]  # qubit -> X, Y or Z
_ALONE = np.array([1.0, 0.0, 0.0, 0.0])  # the identity
_GONE = log(1e-3)  # of a string's weight: below, the rest of the circuit damps by its mean over all strings
_LOOK_EVERY = 32  # gates on two qubits
_NOISY, _IDEAL, _SIGNED = range(3)


def mean_field(timeline: Timeline, strings: Sequence[Pauli]) -> tuple[Array, Array]:
    """ln of the damping of every string, and the offset of those on one qubit (0 for others)."""
    field, matrices = _Field(strings), _Matrices(timeline.calibration)
    runs: dict[int, list[Step]] = {}  # of steps on one qubit, applied at once
    taken: list[Step] = []
    pairs = 0
    for step in timeline.backwards():
        if not field.touches(step.qubits):
            continue
        taken.append(step)
        if len(step.qubits) == 1:
            runs.setdefault(step.qubits[0], []).append(step)
            continue
        for qubit in step.qubits:
            if qubit in runs:
                field.apply((qubit,), matrices.of(runs.pop(qubit)))
        field.apply(step.qubits, matrices.of([step]))
        pairs += 1
        if pairs % _LOOK_EVERY == 0 and field.log_total.max() < _GONE:
            break
    for qubit, run in runs.items():
        field.apply((qubit,), matrices.of(run))
    if taken and field.log_total.max() < _GONE:
        return field.log_total + _log_rest(timeline, taken), field.offset
    return field.log_damping, field.offset


def _log_rest(timeline: Timeline, taken: Sequence[Step]) -> float:
    """ln of the mean damping, over all strings, of what has not been `taken` yet."""
    calibration, n_qubits = timeline.calibration, len(timeline.schedule.idle)
    rest, waits = Counter(timeline.schedule.gates), dict(timeline.schedule.idle)
    for step in taken:
        if step.name == "wait":
            (qubit,) = step.qubits
            waits[qubit] = waits.get(qubit, 0.0) - step.seconds
        else:
            rest[step.name, step.qubits] -= 1
    total = sum(
        log_mixed_damping(idle_eigenvalues(max(time, 0.0), *calibration.relaxation[qubit]), n_qubits)
        for qubit, time in waits.items()
    )
    for (name, qubits), times in rest.items():
        relaxation = tuple(calibration.relaxation[qubit] for qubit in qubits)
        noise = gate_eigenvalues(calibration.gate_data[name, qubits], relaxation)
        total += times * log_mixed_damping(noise, n_qubits) if times else 0.0
    return total


class _Field:
    """Weights with noise, weights without, and signed coefficients of `strings`: axes [kind, string, letter(s)]."""

    def __init__(self, strings: Sequence[Pauli]) -> None:
        self.offset = np.zeros(len(strings))
        self._alone: dict[int, Array] = {}
        self._joint: dict[tuple[int, ...], Array] = {}
        self._pair: dict[int, tuple[int, ...]] = {}
        for row, string in enumerate(strings):
            for qubit, letter in string.items():
                cluster = self._alone.setdefault(qubit, self._identities())
                cluster[:, row] = np.eye(4)["IXYZ".index(letter)]
                cluster[_SIGNED, row] *= len(string) == 1

    def _identities(self) -> Array:
        cluster = np.zeros((3, len(self.offset), 4))
        cluster[:_SIGNED, :, 0] = 1
        return cluster

    def touches(self, qubits: tuple[int, ...]) -> bool:
        """Whether one of `qubits` is in the light cone of a string."""
        return any(qubit in self._alone or qubit in self._pair for qubit in qubits)

    def apply(self, qubits: tuple[int, ...], matrices: Array) -> None:
        """One step back, by (kind, letters after, letters before) matrices."""
        if len(qubits) == 1:
            self._apply_to_one(qubits[0], matrices)
            return
        if self._pair.get(qubits[0]) != qubits:
            self._join(qubits)
        joint = self._joint[qubits]
        joint = (joint.reshape(3, -1, 16) @ matrices).reshape(joint.shape)
        self.offset += joint[_SIGNED, :, 0, 0]
        joint[_SIGNED, :, 0, 0] = 0
        self._joint[qubits] = joint

    def _apply_to_one(self, qubit: int, matrices: Array) -> None:
        pair = self._pair.get(qubit)
        if pair is None:
            alone = self._alone[qubit] = self._alone[qubit] @ matrices
            self.offset += alone[_SIGNED, :, 0]
            alone[_SIGNED, :, 0] = 0
        elif qubit == pair[1]:
            joint = self._joint[pair] = self._joint[pair] @ matrices[:, None]
        else:
            joint = self._joint[pair] = np.swapaxes(np.swapaxes(self._joint[pair], 2, 3) @ matrices[:, None], 2, 3)
        if pair is not None:
            self.offset += joint[_SIGNED, :, 0, 0]
            joint[_SIGNED, :, 0, 0] = 0

    def _join(self, pair: tuple[int, ...]) -> None:
        if self._pair.get(pair[0]) == pair[::-1]:
            joint = self._joint.pop(pair[::-1]).swapaxes(2, 3)
        else:
            a, b = self._leave(pair[0]), self._leave(pair[1])
            joint = a[..., :, None] * b[..., None, :]
            joint[_SIGNED, :, :, 0], joint[_SIGNED, :, 0, :] = a[_SIGNED], b[_SIGNED]
        self._joint[pair] = joint
        self._pair[pair[0]] = self._pair[pair[1]] = pair

    def _leave(self, qubit: int) -> Array:
        pair = self._pair.get(qubit)
        if pair is not None:
            joint = self._joint.pop(pair)
            first, second = joint.sum(3), joint.sum(2)
            total = first.sum(2, keepdims=True)
            second[:_SIGNED] /= np.where(total > 0, total, 1)[:_SIGNED]
            first[_SIGNED], second[_SIGNED] = joint[_SIGNED, :, :, 0], joint[_SIGNED, :, 0, :]
            self._alone[pair[0]], self._alone[pair[1]] = first, second
            del self._pair[pair[0]], self._pair[pair[1]]
        return self._alone.pop(qubit) if qubit in self._alone else self._identities()

    @property
    def log_total(self) -> Array:
        """ln of what noise has left of the strings' weights so far."""
        sums = [cluster[_NOISY].reshape(len(self.offset), -1).sum(1) for cluster in self._clusters()]
        return _log_product(sums, len(self.offset))

    @property
    def log_damping(self) -> Array:
        """ln of the ratio, with noise to without, of the weights on |0...0>; of all weights where that is not known."""
        left = [_on_zero(cluster) for cluster in self._clusters()]
        noisy = _log_product([values[_NOISY] for values in left], len(self.offset))
        ideal = _log_product([values[_IDEAL] for values in left], len(self.offset))
        known = ideal > _GONE
        return np.where(known, noisy - np.where(known, ideal, 0), self.log_total)

    def _clusters(self) -> list[Array]:
        return [*self._alone.values(), *self._joint.values()]


def _on_zero(cluster: Array) -> Array:
    return cluster[..., [0, 3]].sum(-1) if cluster.ndim == 3 else cluster[..., [0, 3], :][..., [0, 3]].sum((-1, -2))


def _log_product(factors: list[Array], count: int) -> Array:
    with np.errstate(divide="ignore"):
        return np.sum(np.log(np.maximum(factors, 0)), axis=0) if factors else np.zeros(count)


class _Matrices:
    """What a step does to the rows of `_Field`."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._known: dict[object, Array] = {}

    def of(self, run: Sequence[Step]) -> Array:
        """The matrices of steps on the same qubits, the last one first."""
        keys = tuple([self._key(step) for step in run])
        matrices = self._known.get(keys)
        if matrices is None:
            matrices = self._of_step(run[0], keys[0])
            for step, key in zip(run[1:], keys[1:], strict=True):
                matrices = matrices @ self._of_step(step, key)
            self._known[keys] = matrices
        return matrices

    def _key(self, step: Step) -> tuple[Any, ...]:
        angles = tuple([None if getattr(a, "parameters", ()) else float(a) for a in step.parameters])
        return (step.name, step.qubits, angles, step.seconds)

    def _of_step(self, step: Step, key: tuple[Any, ...]) -> Array:
        matrices = self._known.get(key)
        if matrices is None:
            noise, damping = noise_of(step, self._calibration)
            signed, squared = _averaged(step.name, key[2], len(step.qubits))
            matrices = self._known[key] = np.array([damping[:, None] * squared, squared, noise @ signed])
        return matrices


@lru_cache(maxsize=4096)
def _averaged(name: str, angles: tuple[float | None, ...], size: int) -> tuple[Array, Array]:
    """Transfer matrix of an ideal gate and its square; symbolic angles (None) averaged over two full turns."""
    if name == "wait":
        return np.eye(4), np.eye(4)
    grids = [[angle] if angle is not None else [k * pi / 2 for k in range(8)] for angle in angles]
    matrices = np.array([fixed_transfer(name, point) for point in product(*grids)])
    return matrices.mean(0), (matrices**2).mean(0)
