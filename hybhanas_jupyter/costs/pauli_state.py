"""Expectation values under noise without approximation: a mixed state as its Pauli coefficients, for few qubits.

The coefficients <P> of a state of n qubits are 4^n real numbers. Gates turn them, calibrated noise damps them, and
relaxation moves them towards |0>. Three states are followed together: with the noise, with its damping alone, and
without. A qubit takes part from its first to its last step in the light cone of what is read, so that few qubits at a
time are enough for many circuits on many qubits. Source: docs/cost_model.md, "Expectation values".
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.costs.pauli import gate_eigenvalues
from hybhanas_jupyter.costs.timeline import Step
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.vendors import unitary

if TYPE_CHECKING:
    from qiskit.circuit import Parameter

Array = npt.NDArray[Any]
Pauli = Mapping[int, str]  # qubit -> X, Y or Z
NOISY, DAMPED, IDEAL = range(3)
_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_PAIRS = np.array([np.kron(b, a) for a in _PAULIS for b in _PAULIS])  # Qiskit has the first qubit last
_ZERO = np.array([1.0, 0.0, 0.0, 1.0])  # |0>
_NOTHING = np.eye(4)[None, None]
_SINGLE_PRECISION_FROM = 7  # qubits; rounding stays far below a shot's noise, and it takes half the time


@dataclass
class Group:
    """Steps on one qubit or one pair that nothing else comes between, applied as one matrix."""

    qubits: tuple[int, ...]
    steps: list[Step] = field(default_factory=list)


def grouped(steps: Iterable[Step]) -> list[Group]:
    """Steps in their order, joined as far as they stay on one pair; steps on single qubits go with the next pair."""
    groups: list[Group] = []
    last: dict[int, Group] = {}
    loose: dict[int, list[Step]] = {}
    for step in steps:
        if len(step.qubits) == 1:
            loose.setdefault(step.qubits[0], []).append(step)
            continue
        a, b = step.qubits
        group = last.get(a)
        if group is None or group is not last.get(b):
            group = last[a] = last[b] = Group((a, b))
            groups.append(group)
        group.steps += [*loose.pop(a, ()), *loose.pop(b, ()), step]
    for qubit, rest in loose.items():
        if qubit not in last:
            last[qubit] = Group((qubit,))
            groups.append(last[qubit])
        last[qubit].steps += rest
    return groups


def narrowed(groups: Sequence[Group], read: Iterable[int]) -> list[Group]:
    """The same groups in an order that keeps few qubits in play: the next one is what adds least and ends most."""
    waiting: dict[int, deque[Group]] = {}
    for group in groups:
        for qubit in group.qubits:
            waiting.setdefault(qubit, deque()).append(group)
    kept, live, order = set(read), set[int](), list[Group]()

    def growth(group: Group) -> int:
        ends = [qubit for qubit in group.qubits if len(waiting[qubit]) == 1 and qubit not in kept]
        return len(set(group.qubits) - live) - len(ends)

    while len(order) < len(groups):
        firsts = {id(queue[0]): queue[0] for queue in waiting.values() if queue}
        ready = [group for group in firsts.values() if all(waiting[qubit][0] is group for qubit in group.qubits)]
        group = min(ready, key=growth)
        order.append(group)
        live.update(group.qubits)
        for qubit in group.qubits:
            waiting[qubit].popleft()
    return order


def work(groups: Sequence[Group], read: Iterable[int]) -> float:
    """Multiplications that following one state through `groups` takes; `read` qubits are kept to the end."""
    last = _last_uses(groups, read)
    live: set[int] = set()
    total = 0.0
    for place, group in enumerate(groups):
        live.update(group.qubits)
        total += 16.0 * 4.0 ** len(live)
        live.difference_update([qubit for qubit in group.qubits if last[qubit] == place])
    return total


def _last_uses(groups: Sequence[Group], read: Iterable[int]) -> dict[int, int]:
    last = {qubit: place for place, group in enumerate(groups) for qubit in group.qubits}
    return {**last, **dict.fromkeys(read, len(groups))}


def follow(groups: Sequence[Group], read: Sequence[int], matrices: "Matrices") -> "PauliState":
    """The state of the qubits that are `read` after `groups`, all starting in |0>."""
    state, last = PauliState(matrices.samples), _last_uses(groups, read)
    for place, group in enumerate(groups):
        state.apply(group.qubits, matrices.of_group(group))
        for qubit in group.qubits:
            if last[qubit] == place:
                state.drop(qubit)
    return state


class PauliState:
    """Pauli coefficients of (noisy, damped, ideal) x samples states: axes [kind, sample, qubit, qubit, ...]."""

    def __init__(self, samples: int) -> None:
        self._qubits: list[int] = []
        self._values: Array = np.ones((3, samples))

    def apply(self, qubits: tuple[int, ...], matrix: Array) -> None:
        """Transform the coefficients on `qubits` by matrices (3, samples or 1, 4^k, 4^k); new qubits start in |0>."""
        for qubit in qubits:
            if qubit not in self._qubits:
                self._add(qubit)
        axes = [2 + self._qubits.index(qubit) for qubit in qubits]
        ahead = np.moveaxis(self._values, axes, range(2, 2 + len(qubits)))
        shape = ahead.shape
        flat = ahead.reshape(*shape[:2], 4 ** len(qubits), -1)
        self._values = (matrix.astype(flat.dtype, copy=False) @ flat).reshape(shape)
        self._qubits = [*qubits, *(qubit for qubit in self._qubits if qubit not in qubits)]

    def drop(self, qubit: int) -> None:
        """Trace out a qubit."""
        axis = self._qubits.index(qubit)
        self._qubits.remove(qubit)
        self._values = np.take(self._values, 0, axis=2 + axis)

    def expectation(self, pauli: Pauli) -> Array:
        """<P>, (3, samples): noisy, damped and ideal. A qubit that no gate acted on is in |0>."""
        idle = [letter for qubit, letter in pauli.items() if qubit not in self._qubits]
        if any(letter != "Z" for letter in idle):
            return np.zeros(self._values.shape[:2])
        index = tuple("IXYZ".index(pauli.get(qubit, "I")) for qubit in self._qubits)
        place: Any = (slice(None), slice(None), *index)
        return np.asarray(self._values[place], float)

    def _add(self, qubit: int) -> None:
        self._qubits.append(qubit)
        dtype = np.float32 if len(self._qubits) >= _SINGLE_PRECISION_FROM else self._values.dtype
        self._values = np.multiply.outer(self._values, _ZERO).astype(dtype, copy=False)


class Matrices:
    """Matrices of steps on the coefficients, (3, samples or 1, 4^k, 4^k).

    `values` are the parameters' angles in radians, (samples,) each; a circuit without parameters has one sample.
    """

    def __init__(self, calibration: Calibration, values: Mapping["Parameter", Array]) -> None:
        self.samples = max(map(len, values.values()), default=1)
        self._calibration = calibration
        self._values = values
        self._known: dict[object, Array] = {}

    def of_group(self, group: Group) -> Array:
        """All steps of a group, one after the other."""
        alone: dict[int, Array] = {}
        pair: Array | None = None
        for step in group.steps:
            matrix = self._of_step(step)
            if len(step.qubits) == 1:
                (qubit,) = step.qubits
                alone[qubit] = matrix @ alone[qubit] if qubit in alone else matrix
                continue
            if step.qubits != group.qubits:
                matrix = _swapped(matrix)
            if alone:
                matrix = matrix @ _side_by_side(alone, group.qubits)
                alone.clear()
            pair = matrix if pair is None else matrix @ pair
        if pair is None:
            return alone[group.qubits[0]]
        return _side_by_side(alone, group.qubits) @ pair if alone else pair

    def _of_step(self, step: Step) -> Array:
        if any(getattr(angle, "parameters", ()) for angle in step.parameters):
            named = (step.name, step.qubits, tuple(map(str, step.parameters)))
            if named not in self._known:
                self._known[named] = self._with_noise(step, self._transfer(step))
            return self._known[named]
        key = (step.name, step.qubits, tuple(map(float, step.parameters)), step.seconds)
        if key not in self._known:
            ideal = np.eye(4) if step.name == "wait" else fixed_transfer(step.name, key[2])
            self._known[key] = self._with_noise(step, ideal[None])
        return self._known[key]

    def _with_noise(self, step: Step, transfer: Array) -> Array:
        noisy, damped = self._noise(step)
        return np.stack([noisy @ transfer, damped[:, None] * transfer, transfer])

    def _noise(self, step: Step) -> tuple[Array, Array]:
        key = (step.name, step.qubits, step.seconds)
        if key not in self._known:
            self._known[key] = noise_of(step, self._calibration)  # type: ignore[assignment]
        return self._known[key]  # type: ignore[return-value]

    def _transfer(self, step: Step) -> Array:
        angles = np.broadcast_arrays(*[self._evaluated(angle) for angle in step.parameters])
        if step.name in _Z_TURNS:
            return _z_turn(angles[0])
        return np.array([fixed_transfer(step.name, tuple(map(float, point))) for point in zip(*angles, strict=True)])

    def _evaluated(self, angle: Any) -> Array:
        names = tuple(getattr(angle, "parameters", ()))
        if not names:
            return np.array([float(angle)])
        points = zip(*[self._values[name].tolist() for name in names], strict=True)
        return np.array([float(angle.bind(dict(zip(names, point, strict=True)))) for point in points])


_Z_TURNS = ("rz", "p", "u1")


def _z_turn(angle: Array) -> Array:
    matrix = np.zeros((len(angle), 4, 4))
    matrix[:, 0, 0] = matrix[:, 3, 3] = 1
    matrix[:, 1, 1] = matrix[:, 2, 2] = np.cos(angle)
    matrix[:, 2, 1] = np.sin(angle)
    matrix[:, 1, 2] = -matrix[:, 2, 1]
    return matrix


@lru_cache(maxsize=4096)
def fixed_transfer(name: str, angles: tuple[float, ...]) -> Array:
    """How an ideal gate turns the coefficients: its Pauli transfer matrix, indexed [after, before]."""
    if name in _Z_TURNS:
        return _z_turn(np.array(angles[:1]))[0]
    matrix = unitary(name, *angles)
    strings = _PAULIS if len(matrix) == 2 else _PAIRS
    evolved = matrix @ strings @ matrix.conj().T
    return np.einsum("iab,jba->ij", strings, evolved).real / len(matrix)


def noise_of(step: Step, calibration: Calibration) -> tuple[Array, Array]:
    """The noise after a step as a matrix, and its damping alone as the matrix' diagonal."""
    relaxation = tuple(calibration.relaxation[qubit] for qubit in step.qubits)
    relaxed: Array = np.ones((1, 1))
    for t1, t2 in relaxation:
        one = _relaxation_matrix(step.seconds, t1, t2)
        size = 4 * len(relaxed)
        relaxed = (relaxed[:, None, :, None] * one[None, :, None, :]).reshape(
            size, size
        )  # np.kron takes ten times this
    damping = relaxed.diagonal()
    if step.name == "wait":
        return relaxed, damping
    left = gate_eigenvalues(calibration.gate_data[step.name, step.qubits], relaxation)
    # What the calibrated error exceeds relaxation by is depolarizing, and comes first.
    depolarized = np.divide(left, damping, out=np.zeros_like(damping), where=damping > 0)
    return relaxed * depolarized, left


def _relaxation_matrix(time: float, t1: float, t2: float) -> Array:
    dephased, relaxed = exp(-time / t2), exp(-time / t1)
    matrix = np.diag([1.0, dephased, dephased, relaxed])
    matrix[3, 0] = 1 - relaxed
    return matrix


def _side_by_side(alone: Mapping[int, Array], qubits: Sequence[int]) -> Array:
    """One matrix on two qubits from the matrices on each, the identity where there is none."""
    a, b = (alone.get(qubit, _NOTHING) for qubit in qubits)
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(*product.shape[:2], 16, 16)


def _swapped(pair: Array) -> Array:
    """The same matrix for the two qubits in the other order."""
    return pair.reshape(*pair.shape[:2], 4, 4, 4, 4).transpose(0, 1, 3, 2, 5, 4).reshape(pair.shape)
