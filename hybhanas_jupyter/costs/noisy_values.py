"""What noise makes of expectation values, damping x ideal + offset: exact on few qubits, a mean field on many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.costs.mean_field import mean_field
from hybhanas_jupyter.costs.observables import Letters, Observable
from hybhanas_jupyter.costs.pauli_state import (
    DAMPED,
    IDEAL,
    NOISY,
    Group,
    Matrices,
    PauliState,
    follow,
    grouped,
    narrowed,
    work,
)
from hybhanas_jupyter.costs.timeline import Timeline

if TYPE_CHECKING:
    from qiskit.circuit import Parameter

Array = npt.NDArray[np.float64]
Flips = Mapping[int, tuple[float, float]]  # qubit -> P(1 read | 0), P(0 read | 1)
EXACT, MEAN_FIELD = "exact", "mean field"
_SAMPLES = 16  # random angles of a symbolic circuit
_CONE = 400 * 4.0**11  # of a light cone that is looked at: 400 gates on pairs of 11 qubits, 25,000 of 8
_WORK = 12e9  # multiplications, some seconds
_SAMPLED_WORK = 1e9
_TRUSTED = 0.03  # ideal values below tell little about the damping, which then is the mean field's
_CORRELATED = 8  # qubits of a string up to which asymmetric readout is expanded over its parts


@dataclass(frozen=True)
class Values:
    """Noisy, damped and ideal values of an observable, and those read with flips, (samples,) each."""

    noisy: Array
    damped: Array
    ideal: Array
    read: Array


@dataclass(frozen=True)
class Affine:
    """noisy = damping x ideal + offset, read = readout_damping x noisy + readout_offset; `values` where known."""

    damping: float
    offset: float
    readout_damping: float
    readout_offset: float
    values: Values | None

    @property
    def method(self) -> str:
        """How it was found."""
        return MEAN_FIELD if self.values is None else EXACT


def affine_maps(
    timeline: Timeline,
    observables: Sequence[Observable],
    flips: Flips,
    angles: Mapping["Parameter", Array],
    most: float | None = None,
) -> tuple[list[Affine], dict[Letters, float]]:
    """What the noise of `timeline` makes of every observable, and the damping of every string in them.

    `angles` are values of the circuit's parameters, (samples,) radians each, as many as are not too much work: `most`
    multiplications in all.
    """
    strings = _strings(observables)
    logs, offsets = mean_field(timeline, [dict(letters) for letters in strings])
    damping = {letters: exp(log) for letters, log in zip(strings, logs, strict=True)}
    drift = _drift(strings, offsets)
    most = (_SAMPLED_WORK if angles else _WORK) if most is None else most
    values = _values(timeline, observables, flips, angles, most)
    return [_affine(o, damping, drift, flips, v) for o, v in zip(observables, values, strict=True)], damping


def random_angles(parameters: Sequence["Parameter"], seed: int) -> Mapping["Parameter", Array]:
    """Angles over a full turn for `affine_maps`."""
    drawn = np.random.default_rng(seed).uniform(-np.pi, np.pi, (_SAMPLES, len(parameters)))
    return dict(zip(parameters, drawn.T, strict=True))


def _strings(observables: Sequence[Observable]) -> list[Letters]:
    """All strings, and every qubit of theirs alone."""
    found = {term.letters: None for observable in observables for term in observable.strings}
    return list(found | {(letter,): None for letters in found for letter in letters})


def _drift(strings: Sequence[Letters], offsets: Array) -> dict[Letters, float]:
    """Offset of a string: of several qubits the product, as if they were independent."""
    alone = {letters: float(offset) for letters, offset in zip(strings, offsets, strict=True) if len(letters) == 1}
    return {letters: prod(alone[letter,] for letter in letters) for letters in strings}


def _affine(
    observable: Observable,
    damping: Mapping[Letters, float],
    drift: Mapping[Letters, float],
    flips: Flips,
    values: Values | None,
) -> Affine:
    terms = observable.strings
    weights = np.array([term.coefficient**2 for term in terms])
    weights = weights / weights.sum() if weights.any() else weights
    usual = float(weights @ [damping[t.letters] for t in terms]) if terms else 1.0
    kept = float(weights @ [prod(1 - sum(flips[q]) for q, _ in t.letters) for t in terms]) if terms else 1.0
    constant = observable.constant
    if values is None:
        offset = sum(t.coefficient * drift[t.letters] for t in terms) + constant * (1 - usual)
        shift = sum(t.coefficient * prod(flips[q][1] - flips[q][0] for q, _ in t.letters) for t in terms)
        return Affine(usual, offset, kept, shift + constant * (1 - kept), None)
    ideal = values.ideal - constant
    trust = len(ideal) * _TRUSTED**2 * max(float(np.sum([t.coefficient**2 for t in terms])), 1e-300)
    factor = (ideal @ (values.damped - constant) + trust * usual) / (ideal @ ideal + trust)
    offset = float(np.mean(values.noisy - factor * values.ideal))
    return Affine(float(factor), offset, kept, float(np.mean(values.read - kept * values.noisy)), values)


def _values(
    timeline: Timeline,
    observables: Sequence[Observable],
    flips: Flips,
    angles: Mapping["Parameter", Array],
    most: float,
) -> list[Values | None]:
    """Exact values of the observables, None for those whose light cone is too large."""
    found: list[Values | None] = [None] * len(observables)
    plan = _plan(timeline, observables, most) if most else []
    effort = sum(part[3] for part in plan)
    samples = {name: values[: max(int(most / max(effort, 1.0)), 1)] for name, values in angles.items()}
    matrices = Matrices(timeline.calibration, samples)
    for places, groups, read, effort in plan:
        most -= effort * matrices.samples
        if most < 0:
            break
        state = follow(groups, read, matrices)
        for place in places:
            found[place] = _read(state, observables[place], flips)
    return found


Plan = list[tuple[list[int], list[Group], list[int], float]]


def _plan(timeline: Timeline, observables: Sequence[Observable], most: float) -> Plan:
    """Which observables to follow together: all of them, or each in its own light cone, whatever is less work."""
    together = _part(timeline, observables, list(range(len(observables))), most)
    if len(observables) == 1:
        return together
    alone = [part for place in range(len(observables)) for part in _part(timeline, observables, [place], most)]
    if together and (len(alone) < len(observables) or together[0][3] < sum(part[3] for part in alone)):
        return together
    return sorted(alone, key=lambda part: part[3])


def _part(timeline: Timeline, observables: Sequence[Observable], places: list[int], most: float) -> Plan:
    read = sorted(set().union(*(observables[place].qubits for place in places)))
    steps = timeline.cone(read, _CONE)
    if steps is None:
        return []
    groups = narrowed(grouped(steps), read)
    effort = work(groups, read)
    return [(places, groups, read, max(effort, 1.0))] if effort <= most else []


def _read(state: PauliState, observable: Observable, flips: Flips) -> Values:
    total: Any = np.full((4, 1), observable.constant)
    for term in observable.strings:
        exact = state.expectation(dict(term.letters))
        read = _with_flips(state, term.letters, flips, exact[NOISY])
        total = total + term.coefficient * np.stack([exact[NOISY], exact[DAMPED], exact[IDEAL], read])
    return Values(*np.array(total))


def _with_flips(state: PauliState, letters: Letters, flips: Flips, noisy: Array) -> Array:
    """What is read instead of <P>: every qubit reads (1 - a - b) P + (b - a), a and b being its flips of 0 and 1."""
    kept = {qubit: 1 - sum(flips[qubit]) for qubit, _ in letters}
    shift = {qubit: flips[qubit][1] - flips[qubit][0] for qubit, _ in letters}
    read = prod(kept.values()) * noisy
    if not any(shift.values()) or len(letters) > _CORRELATED:
        return read
    for size in range(len(letters)):
        for part in combinations(letters, size):
            inside = dict(part)
            factor = prod(kept[q] if q in inside else shift[q] for q, _ in letters)
            read = read + factor * (state.expectation(inside)[NOISY] if inside else 1.0)
    return np.asarray(read)
