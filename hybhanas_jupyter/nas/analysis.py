"""What the evaluations of a run say: its front, its hypervolume, its knee."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation, Goal

Points = NDArray[np.float64]


def feasible(evaluations: Sequence[Evaluation], goal: Goal) -> tuple[Evaluation, ...]:
    """The evaluations that succeeded, keep every constraint and have finite objectives."""
    return tuple(evaluation for evaluation in evaluations if goal.violation(evaluation) == 0)


def front(evaluations: Sequence[Evaluation], goal: Goal) -> tuple[Evaluation, ...]:
    """The feasible evaluations that no other one dominates, best first by the first objective."""
    candidates = feasible(evaluations, goal)
    kept = nondominated([[e.value(name) for name in goal.objectives] for e in candidates], goal.objectives, equals=True)
    best = [evaluation for evaluation, keep in zip(candidates, kept, strict=True) if keep]
    first = OBJECTIVES[goal.objectives[0]]
    return tuple(sorted(best, key=lambda e: (-first.weight * e.value(first.name), e.number)))


def nondominated(
    points: Sequence[Sequence[float]] | Points, objectives: Sequence[str], *, equals: bool = False
) -> NDArray[np.bool_]:
    """Which `points`, one value for each of `objectives`, no other dominates; of equal ones the first, or all."""
    from moocore import is_nondominated

    if not len(points):
        return np.zeros(0, dtype=bool)
    directions = [OBJECTIVES[name].maximise for name in objectives]
    return np.asarray(is_nondominated(np.asarray(points, float), maximise=directions, keep_weakly=equals), dtype=bool)


def hypervolumes(generations: Sequence[Sequence[Evaluation]], goal: Goal) -> tuple[float, ...]:
    """Share of the box between ideal and reference that is dominated after each generation, 0 to 1, on their scales.

    The ideal is the best bound of each objective. The reference is its worst bound or, where that is infinite, the
    worst value of the first generation with a feasible evaluation, so that shares only grow.
    """
    from moocore import hypervolume

    reference: Points | None = None
    seen: list[Evaluation] = []
    shares: list[float] = []
    for evaluations in generations:
        seen += feasible(evaluations, goal)
        if seen and reference is None:
            reference = _reference(seen, goal)
        if reference is None:
            shares.append(0.0)
        else:
            shares.append(float(hypervolume(np.minimum(scaled_losses(seen, goal) / reference, 1.0), ref=1.0)))
    return tuple(shares)


def knee(evaluations: Sequence[Evaluation], goal: Goal) -> Evaluation | None:
    """The member of the front farthest below the line between its extremes in quality and cost; None if it is empty.

    Cost is the mean of what is minimised, quality that of what is maximised, each objective scaled to the front's range
    on its own scale: so two costs that go together do not outvote the accuracy. Source: Das, Struct. Optim.
    18 (1999) 107.
    """
    members = front(evaluations, goal)
    if not members:
        return None
    losses = scaled_losses(members, goal)
    low, high = losses.min(axis=0), losses.max(axis=0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    quality = np.array([OBJECTIVES[name].maximise for name in goal.objectives])
    sides = [scaled[:, side].mean(axis=1) for side in (quality, ~quality) if side.any()]
    return members[int(np.argmin(np.sum(sides, axis=0)))]


def wilson(share: float, count: int) -> tuple[float, float]:
    """Where the probability lies with 95 % of which `share` in `count` was seen (low, high); NaN if none was.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if not count:
        return math.nan, math.nan
    z = 1.96
    middle, half = share + z**2 / (2 * count), z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)


def scaled_losses(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    """Distances from the best bounds, to be minimised, (evaluations, objectives); as log(1 + loss) on a "log" scale.

    For comparisons of distances only: logarithms of long times may be equal where the times are not.
    """
    objectives = [OBJECTIVES[name] for name in goal.objectives]
    losses = np.array([[o.loss(e.value(o.name)) for e in evaluations] for o in objectives], dtype=float).T
    logarithmic = [o.scale == "log" for o in objectives]
    losses[:, logarithmic] = np.log1p(losses[:, logarithmic])
    return losses


def _reference(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    seen = scaled_losses(evaluations, goal).max(axis=0)
    bounds = np.array([OBJECTIVES[name].worst_loss for name in goal.objectives])
    return np.where(np.isfinite(bounds), bounds, np.where(seen > 0, seen, math.inf))
