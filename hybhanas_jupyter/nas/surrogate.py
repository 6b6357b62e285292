"""Choosing what to train by a surrogate. Stands alone for scikit-learn, which no other strategy of a search loads.

Everything but what training measures is known exactly before it. That is learned from genes and known costs by extra
trees, whose spread says how sure they are; of many children those are trained that are expected to enlarge the
hypervolume most, given those already chosen. Source: Geurts et al., Mach. Learn. 63 (2006) 3 (extra trees); Daulton et
al., NeurIPS 2020, arXiv:2006.05078 (expected hypervolume gain by draws, one candidate after the other).
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.errors import nothing_left_by_imports
from hybhanas_jupyter.nas import analysis, nsga2
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation, Goal
from hybhanas_jupyter.nas.space import SearchSpace

Points = NDArray[np.float64]
LEAST_TRAINED = 4  # candidates; fewer teach nothing
_DRAWN, _COSTED = 32, 4  # children for every place: drawn, and of these costed exactly
_TREES, _DRAWS = 100, 16
_LEAST_SPREAD = 0.02  # of a prediction, as share of the range of what was learned: trees may agree and be wrong
_COSTS = ("quantum_time", "classical_time", "usage_time", "parameters", "quantum_parameters", "two_qubit_gates")


def choose(
    population: Sequence[nsga2.Member],
    trained: Sequence[Evaluation],
    count: int,
    space: SearchSpace,
    goal: Goal,
    rng: random.Random,
    accept: Callable[[Architecture], bool],
    cost: Callable[[Architecture], Evaluation],
    trained_as: Callable[[Architecture], Architecture],
) -> list[Evaluation]:
    """Up to `count` costed candidates with what is predicted of them, best first; none if too little is trained.

    - `population`: parents of half of the children, which NSGA-II's operators make; the others are drawn at random
    - `trained`: what to learn from
    - `accept`: whether an architecture can be built and is new; it must refuse what it has taken before
    - `cost`: the costed evaluation of an architecture; those whose status is not "new" are dropped
    - `trained_as`: the architecture whose training, and so whose accuracy, an architecture shares

    Every random number comes from `rng`, so that a resumed search chooses the same.
    """
    known = [evaluation for evaluation in trained if goal.violation(evaluation) == 0]
    if len(known) < LEAST_TRAINED:
        return []
    draws = np.random.default_rng(rng.getrandbits(64))
    drawn = nsga2.offspring(population, count * _DRAWN // 2, space, rng, accept)
    drawn += nsga2.random_draws(count * _DRAWN - len(drawn), space, rng, accept)
    guessed = [Evaluation(-1, 0, a, "new", quantum_parameters=a.ansatz.num_weights) for a in drawn]
    unknown = [name for name in goal.objectives if name != "quantum_parameters"]
    likely = _best(guessed, known, count * _COSTED, goal, unknown, partial(_genes, space), draws)
    costed = [e for e in (cost(candidate.architecture) for candidate in likely) if e.status == "new"]
    unknown = [name for name in goal.objectives if any(math.isnan(e.value(name)) for e in costed)]
    return _best(costed, known, count, goal, unknown, partial(_genes_and_costs, space), draws, trained_as)


def _best(
    candidates: Sequence[Evaluation],
    known: Sequence[Evaluation],
    count: int,
    goal: Goal,
    unknown: Sequence[str],
    features: Callable[[Evaluation], list[float]],
    draws: np.random.Generator,
    trained_as: Callable[[Architecture], Architecture] | None = None,
) -> list[Evaluation]:
    """The `count` candidates whose gain is largest, with predictions of their `unknown` objectives.

    The accuracy of what shares a known training, by `trained_as`, is not predicted but known.
    """
    if not candidates or not unknown:
        return list(candidates[:count])
    columns = [goal.objectives.index(name) for name in unknown]
    own, losses, low, width = _scaled(known, candidates, goal, columns)
    rows, asked = (np.array([features(e) for e in evaluations]) for evaluations in (known, candidates))
    mean, spread = _learned(rows, own[:, columns], asked, draws)
    if trained_as is not None and "accuracy" in unknown:
        place, column = unknown.index("accuracy"), columns[unknown.index("accuracy")]
        twins = {trained_as(e.architecture).identity: i for i, e in enumerate(known)}
        for j, candidate in enumerate(candidates):
            twin = twins.get(trained_as(candidate.architecture).identity)
            if twin is not None:
                mean[j, place], spread[j, place] = own[twin, column], 0.0
    losses[:, columns] = mean
    sampled = np.repeat(losses[None], _DRAWS, axis=0)
    sampled[:, :, columns] += spread * draws.standard_normal((_DRAWS, *spread.shape))
    picked = _greedy(own, losses, np.maximum(sampled, -low / width), count)  # no loss is below 0
    back = [(name, low[column], width[column]) for name, column in zip(unknown, columns, strict=True)]
    return [
        replace(candidates[j], predicted=dict(map(_prediction, back, mean[j].tolist(), spread[j].tolist())))
        for j in picked
    ]


def _scaled(
    known: Sequence[Evaluation], candidates: Sequence[Evaluation], goal: Goal, columns: Sequence[int]
) -> tuple[Points, Points, Points, Points]:
    """Losses of both in shares of their common range, its lower end and its width; `columns` are not known yet."""
    own, losses = analysis.scaled_losses(known, goal), analysis.scaled_losses(candidates, goal)
    losses[:, columns] = own[:, columns].mean(axis=0)
    both = np.vstack([own, losses])
    low, width = both.min(axis=0), np.ptp(both, axis=0)
    width = np.where(width > 0, width, 1.0)
    return (own - low) / width, (losses - low) / width, low, width


def _learned(rows: Points, values: Points, asked: Points, draws: np.random.Generator) -> tuple[Points, Points]:
    """Mean and spread (asked, outputs) of what extra trees say that learned `values` (rows, outputs)."""
    with nothing_left_by_imports():
        from sklearn.ensemble import ExtraTreesRegressor

    means, spreads = [], []
    for column in values.T:  # trees of their own: what is far easier to learn would choose the splits of all
        trees = ExtraTreesRegressor(_TREES, random_state=int(draws.integers(2**31))).fit(rows, column)
        said = np.array([tree.predict(asked) for tree in trees.estimators_])
        means.append(said.mean(axis=0))
        spreads.append(said.std(axis=0) + _LEAST_SPREAD)
    return np.array(means).T, np.array(spreads).T


def _greedy(own: Points, expected: Points, sampled: Points, count: int) -> list[int]:
    """Up to `count` candidates: each has the largest gain under a draw of its own, given those already picked."""
    picked: list[int] = []
    optimistic = sampled.min(axis=0).sum(axis=1)
    for place in range(min(count, len(expected))):
        gains = _gains(np.vstack([own, expected[picked]]), sampled[place % len(sampled)])
        open_ = np.setdiff1d(np.arange(len(expected)), picked)
        best = open_[np.argmax(gains[open_])]
        picked.append(int(best if gains[best] > 0 else open_[np.argmin(optimistic[open_])]))
    return picked


def _gains(points: Points, candidates: Points) -> Points:
    """By how much each candidate alone enlarges the hypervolume of `points`; the worst known losses are the end."""
    from moocore import hypervolume, is_nondominated

    front = points[is_nondominated(points)]
    volume = hypervolume(front, ref=1.0)
    gains = np.zeros(len(candidates))
    dominated = (front[None] <= candidates[:, None]).all(axis=2).any(axis=1)
    for j in np.flatnonzero(~dominated):
        gains[j] = hypervolume(np.vstack([front, candidates[j]]), ref=1.0) - volume
    return gains


def _prediction(back: tuple[str, float, float], mean: float, spread: float) -> tuple[str, tuple[float, float]]:
    """Name, value and spread of an objective, from its share of a range of scaled losses."""
    name, low, width = back
    value, other = (OBJECTIVES[name].unscaled(low + width * share) for share in (mean, mean + spread))
    return name, (value, abs(other - value))


def _genes(space: SearchSpace, candidate: Evaluation) -> list[float]:
    """Ordered genes as numbers, the others as one number a value; a gene that is absent is -1 or nowhere."""
    genome = space.encode(candidate.architecture)
    row: list[float] = []
    for gene in space.genes:
        value = genome.get(gene.name)
        if gene.ordered:
            row += [-1.0, -1.0] if value is None else [float(value), math.log1p(value)]
        else:
            row += [float(value == other) for other in gene.values]
        if gene.name == "rotations":
            sequence: tuple[str, ...] = genome[gene.name]
            axes = sorted({axis for other in gene.values for axis in other})
            row += [len(sequence), *(float(axis in sequence) for axis in axes)]
            row += [float(sequence[end] == axis) for end in (0, -1) for axis in axes]
    return row


def _genes_and_costs(space: SearchSpace, candidate: Evaluation) -> list[float]:
    """The genes, and logarithms of what is known before training."""
    known = [candidate.value(name) for name in _COSTS]
    success = math.log(max(candidate.success_probability, 1e-9)) if candidate.success_probability >= 0 else 0.0
    return [*_genes(space, candidate), success, *(math.log1p(value) if value >= 0 else 0.0 for value in known)]
