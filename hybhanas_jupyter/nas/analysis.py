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
    from moocore import is_nondominated

    candidates = feasible(evaluations, goal)
    if not candidates:
        return ()
    kept = is_nondominated(_losses(candidates, goal), keep_weakly=True)
    best = [evaluation for evaluation, keep in zip(candidates, kept, strict=True) if keep]
    first = OBJECTIVES[goal.objectives[0]]
    return tuple(sorted(best, key=lambda e: (-first.weight * e.value(first.name), e.number)))


def hypervolumes(generations: Sequence[Sequence[Evaluation]], goal: Goal) -> tuple[float, ...]:
    """Share of the box between ideal and reference that is dominated after each generation, 0 to 1; times count by log.

    The ideal is 0 for what is minimised and 1 for fractions that are maximised. The reference is 0 for the latter and
    the worst value of the first generation with a feasible evaluation for the former, so that shares only grow.
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
            shares.append(float(hypervolume(np.minimum(_scaled_losses(seen, goal) / reference, 1.0), ref=1.0)))
    return tuple(shares)


def knee(evaluations: Sequence[Evaluation], goal: Goal) -> Evaluation | None:
    """The member of the front farthest below the line between its extremes in quality and cost; None if it is empty.

    Cost is the mean of what is minimised, quality that of what is maximised, each objective scaled to the front's range
    and times by their logarithm: so two costs that go together do not outvote the accuracy. Source: Das, Struct. Optim.
    18 (1999) 107.
    """
    members = front(evaluations, goal)
    if not members:
        return None
    losses = _scaled_losses(members, goal)
    low, high = losses.min(axis=0), losses.max(axis=0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    quality = np.array([OBJECTIVES[name].maximise for name in goal.objectives])
    sides = [scaled[:, side].mean(axis=1) for side in (quality, ~quality) if side.any()]
    return members[int(np.argmin(np.sum(sides, axis=0)))]


def _losses(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    """Objectives to be minimised, (evaluations, objectives): 1 - value for fractions that are maximised."""
    columns = [
        [1 - e.value(name) if OBJECTIVES[name].maximise else e.value(name) for e in evaluations]
        for name in goal.objectives
    ]
    return np.array(columns, dtype=float).T


def _scaled_losses(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    """As `_losses`, but of times the logarithm of 1 + seconds, 0 for 0: fronts span many decades of time.

    For comparisons of distances only: logarithms of long times may be equal where the times are not.
    """
    losses = _losses(evaluations, goal)
    times = [OBJECTIVES[name].unit == "s" for name in goal.objectives]
    losses[:, times] = np.log1p(losses[:, times])
    return losses


def _reference(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    worst = _scaled_losses(evaluations, goal).max(axis=0)
    fractions = [OBJECTIVES[name].maximise for name in goal.objectives]
    return np.where(fractions, 1.0, np.where(worst > 0, worst, math.inf))
