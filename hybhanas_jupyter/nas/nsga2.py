"""NSGA-II with constrained dominance: pure functions of evaluations and a generator.

The first population, crossover and mutation of typed genes were chosen by `benchmarks/search_quality.py`.
Sorting and crowding are DEAP's. Its tournament draws from Python's global generator, so the tournament is our own.
Source: paper, section 3.2; Deb et al., IEEE Trans. Evol. Comput. 6 (2002) 182.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any

from deap import base
from deap.tools import emo

from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation, Goal
from hybhanas_jupyter.nas.space import Gene, Genome, SearchSpace

_TRIES = 100  # per child; then the child is drawn at random, and if that fails too, the space is exhausted


class Fitness(base.Fitness):
    """DEAP's fitness with constrained dominance: less violation wins, objectives decide among the feasible."""

    def __init__(self, evaluation: Evaluation, goal: Goal) -> None:
        self.violation = goal.violation(evaluation)
        self.weights = tuple(OBJECTIVES[name].weight for name in goal.objectives)
        feasible = self.violation == 0
        super().__init__(tuple(evaluation.value(name) if feasible else 0.0 for name in goal.objectives))

    def dominates(self, other: "Fitness", obj: slice = slice(None)) -> bool:
        """Whether this is better in one respect and worse in none."""
        if self.violation or other.violation:
            return self.violation < other.violation
        return bool(super().dominates(other, obj))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fitness) and (self.violation, self.wvalues) == (other.violation, other.wvalues)

    def __hash__(self) -> int:
        return hash((self.violation, self.wvalues))


class Member:
    """An evaluation in a population; DEAP stores the crowding distance in its fitness."""

    def __init__(self, evaluation: Evaluation, goal: Goal) -> None:
        self.evaluation = evaluation
        self.fitness = Fitness(evaluation, goal)


def survivors(evaluations: Sequence[Evaluation], count: int, goal: Goal) -> list[Member]:
    """The `count` best by front and, within the last front, crowding distance; ranked among themselves."""
    best = emo.selNSGA2([Member(evaluation, goal) for evaluation in evaluations], count)
    return ranked([member.evaluation for member in best], goal)


def ranked(evaluations: Sequence[Evaluation], goal: Goal) -> list[Member]:
    """A population in the given order with its own crowding distances, which a resumed run can compute again."""
    members = [Member(evaluation, goal) for evaluation in evaluations]
    for front in emo.sortNondominated(members, len(members)):
        emo.assignCrowdingDist(front)
    return members


def tournament(population: Sequence[Member], rng: random.Random) -> Member:
    """The better of two random members: by dominance, then crowding distance, then at random."""
    first, second = rng.sample(population, 2) if len(population) > 1 else (population[0], population[0])
    if first.fitness.dominates(second.fitness):
        return first
    if second.fitness.dominates(first.fitness) or first.fitness.crowding_dist < second.fitness.crowding_dist:
        return second
    return first


def initial(
    count: int, space: SearchSpace, rng: random.Random, accept: Callable[[Architecture], bool]
) -> list[Architecture]:
    """Up to `count` architectures spread over the space that `accept` takes; fewer if the space has no more."""
    spread = (space.decode(genome) for genome in stratified(count, space.genes, rng))
    return _draw(count, lambda: next(spread, None) or space.sample(rng), lambda: space.sample(rng), accept)


def offspring(
    population: Sequence[Member],
    count: int,
    space: SearchSpace,
    rng: random.Random,
    accept: Callable[[Architecture], bool],
) -> list[Architecture]:
    """Up to `count` children by tournament, crossover and mutation that `accept` takes; fewer if the space has no more.

    `accept` is called once a drawn child and must refuse architectures that it has taken before.
    """

    def child() -> Architecture:
        first, second = (space.encode(tournament(population, rng).evaluation.architecture) for _ in range(2))
        return space.decode(mutate(cross(first, second, space.genes, rng), space.genes, rng))

    return _draw(count, child, lambda: space.sample(rng), accept)


def random_draws(
    count: int, space: SearchSpace, rng: random.Random, accept: Callable[[Architecture], bool]
) -> list[Architecture]:
    """Up to `count` architectures with uniform genes that `accept` takes; fewer if the space has no more."""
    return _draw(count, lambda: space.sample(rng), lambda: space.sample(rng), accept)


def _draw(
    count: int,
    draw: Callable[[], Architecture],
    fallback: Callable[[], Architecture],
    accept: Callable[[Architecture], bool],
) -> list[Architecture]:
    drawn: list[Architecture] = []
    for _ in range(count):
        candidates = (source() for source in (draw, fallback) for _ in range(_TRIES))
        taken = next((candidate for candidate in candidates if accept(candidate)), None)
        if taken is None:
            break
        drawn.append(taken)
    return drawn


def stratified(count: int, genes: Sequence[Gene], rng: random.Random) -> list[Genome]:
    """Random genomes that share out the values of every gene evenly (Latin hypercube), the first of smallest size.

    The smallest candidate is the cheapest, so it is on the front, and random draws seldom find it.
    """
    columns = {gene.name: _shares(count, gene, rng) for gene in genes}
    genomes = [{name: values[i] for name, values in columns.items()} for i in range(count)]
    genomes[0].update({gene.name: gene.values[0] for gene in genes if gene.ordered})
    return genomes


def cross(first: Genome, second: Genome, genes: Sequence[Gene], rng: random.Random) -> Genome:
    """Uniform crossover; a gene that only one parent has comes from that one, one that none has is drawn at random."""
    child: Genome = {}
    for gene in genes:
        donors = [parent for parent in (first, second) if gene.name in parent]
        child[gene.name] = rng.choice(donors)[gene.name] if donors else rng.choice(gene.values)
    return child


def mutate(genome: Genome, genes: Sequence[Gene], rng: random.Random) -> Genome:
    """Change each gene with probability 1 / genes: sizes and rates by one step, others to any other value.

    Source: paper, section 3.2 (each gene is perturbed independently).
    """
    mutable = [gene for gene in genes if len(gene.values) > 1]
    changed = [gene for gene in mutable if rng.random() < 1 / len(mutable)]
    return {**genome, **{gene.name: _other(gene, genome[gene.name], rng) for gene in changed}}


def _shares(count: int, gene: Gene, rng: random.Random) -> list[Any]:
    values = list(gene.values)
    rng.shuffle(values)
    shares = [values[(i * len(values)) // count if count < len(values) else i % len(values)] for i in range(count)]
    rng.shuffle(shares)
    return shares


def _other(gene: Gene, value: Any, rng: random.Random) -> Any:
    if not gene.ordered:
        return rng.choice([other for other in gene.values if other != value])
    position = gene.values.index(value)
    return rng.choice([gene.values[i] for i in (position - 1, position + 1) if 0 <= i < len(gene.values)])
