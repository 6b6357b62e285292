"""What the evaluations of a run say: its front, its hypervolume, its knee."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.objectives import OBJECTIVES, Goal

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
    """Share of the box between ideal and reference that is dominated after each generation, 0 to 1.

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
            shares.append(float(hypervolume(np.minimum(_losses(seen, goal) / reference, 1.0), ref=1.0)))
    return tuple(shares)


def knee(evaluations: Sequence[Evaluation], goal: Goal) -> Evaluation | None:
    """The member of the front nearest to its ideal point, each objective scaled to the front's range; None if empty.

    Times count by their logarithm: on a front that spans decades all but the longest would be equally short.
    """
    members = front(evaluations, goal)
    if not members:
        return None
    losses = _losses(members, goal)
    times = [OBJECTIVES[name].unit == "s" for name in goal.objectives]
    losses[:, times] = np.log10(np.maximum(losses[:, times], np.finfo(float).tiny))
    low, high = losses.min(axis=0), losses.max(axis=0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    return members[int(np.argmin((scaled**2).sum(axis=1)))]


def _losses(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    """Objectives to be minimised, (evaluations, objectives): 1 - value for fractions that are maximised."""
    columns = [
        [1 - e.value(name) if OBJECTIVES[name].maximise else e.value(name) for e in evaluations]
        for name in goal.objectives
    ]
    return np.array(columns, dtype=float).T


def _reference(evaluations: Sequence[Evaluation], goal: Goal) -> Points:
    worst = _losses(evaluations, goal).max(axis=0)
    fractions = [OBJECTIVES[name].maximise for name in goal.objectives]
    return np.where(fractions, 1.0, np.where(worst > 0, worst, math.inf))
