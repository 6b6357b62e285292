"""Crossover and mutation of typed genes."""

import random
from collections.abc import Sequence
from typing import Any

from hybhanas_jupyter.nas.space import Gene, Genome


def cross(first: Genome, second: Genome, genes: Sequence[Gene], rng: random.Random) -> Genome:
    """Uniform crossover; a gene that only one parent has comes from that one, one that none has is drawn at random."""
    child: Genome = {}
    for gene in genes:
        donors = [parent for parent in (first, second) if gene.name in parent]
        child[gene.name] = rng.choice(donors)[gene.name] if donors else rng.choice(gene.values)
    return child


def mutate(genome: Genome, genes: Sequence[Gene], rng: random.Random) -> Genome:
    """Change each gene with probability 1 / genes, and at least one; ordered values move to a neighbour.

    Source: paper, section 3.2 (each gene is perturbed independently).
    """
    mutable = [gene for gene in genes if len(gene.values) > 1]
    if not mutable:
        return genome
    changed = [gene for gene in mutable if rng.random() < 1 / len(mutable)] or [rng.choice(mutable)]
    return {**genome, **{gene.name: _other(gene, genome[gene.name], rng) for gene in changed}}


def _other(gene: Gene, value: Any, rng: random.Random) -> Any:
    if not gene.ordered:
        return rng.choice([other for other in gene.values if other != value])
    position = gene.values.index(value)
    span = max(1, len(gene.values) // 4)
    nearby = range(max(0, position - span), min(len(gene.values), position + span + 1))
    return gene.values[rng.choice([index for index in nearby if index != position])]
