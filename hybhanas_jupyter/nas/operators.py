"""The first population, crossover and mutation of typed genes; chosen by `benchmarks/search_quality.py`."""

import random
from collections.abc import Sequence
from typing import Any

from hybhanas_jupyter.nas.space import Gene, Genome


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
