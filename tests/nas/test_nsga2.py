import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.nas import nsga2
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import Evaluation, Goal
from hybhanas_jupyter.nas.nsga2 import cross, mutate, stratified
from hybhanas_jupyter.nas.space import SearchSpace, VariableCNN

GOAL = Goal(("accuracy", "quantum_time"), {"success_probability": 0.5})
ARCHITECTURE = Architecture((), Ansatz(2, 1))


def evaluation(number, accuracy, time, success=1.0, status="ok"):
    return Evaluation(
        number, 1, ARCHITECTURE, status, accuracy=accuracy, quantum_time=time, success_probability=success
    )


points = st.tuples(
    st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.2, 0.4, 0.9]), st.sampled_from(["ok", "failed"])
)


def better(a, b):
    """Constrained dominance by the definition in Deb et al. (2002), section VI."""
    if a.status == "failed" or b.status == "failed":
        return a.status != "failed" and b.status == "failed"
    shortfall = [max(0.0, 0.5 - e.success_probability) for e in (a, b)]
    if any(shortfall):
        return shortfall[0] < shortfall[1]
    no_worse = a.accuracy >= b.accuracy and a.quantum_time <= b.quantum_time
    return no_worse and (a.accuracy, a.quantum_time) != (b.accuracy, b.quantum_time)


@given(st.lists(points, min_size=2, max_size=12))
def test_dominance_is_constrained_dominance(values):
    evaluations = [evaluation(i, *value) for i, value in enumerate(values)]
    for a in evaluations:
        for b in evaluations:
            assert nsga2.Fitness(a, GOAL).dominates(nsga2.Fitness(b, GOAL)) == better(a, b)


@given(st.lists(points, min_size=2, max_size=12), st.integers(1, 6))
def test_no_survivor_is_dominated_by_one_that_was_dropped(values, count):
    evaluations = [evaluation(i, *value) for i, value in enumerate(values)]
    kept = [member.evaluation for member in nsga2.survivors(evaluations, count, GOAL)]
    assert len(kept) == min(count, len(evaluations))
    dropped = [e for e in evaluations if e not in kept]
    assert not any(better(a, b) for a in dropped for b in kept)


def test_among_equal_ranks_the_crowded_one_is_dropped():
    line = [evaluation(i, t, t) for i, t in enumerate([0, 4.9, 5, 8, 10])]
    assert {member.evaluation.number for member in nsga2.survivors(line, 4, GOAL)} == {0, 1, 3, 4}


def test_an_infinite_or_unknown_objective_loses_against_any_value():
    finite = evaluation(0, 0.1, 1e9)
    for worse in (evaluation(1, 0.9, float("inf")), evaluation(1, float("nan"), 1.0)):
        assert nsga2.Fitness(finite, GOAL).dominates(nsga2.Fitness(worse, GOAL))


def test_a_ranked_population_is_the_same_when_ranked_again():
    evaluations = [evaluation(i, (i * 7) % 11, (i * 5) % 13) for i in range(20)]
    population = nsga2.survivors(evaluations, 9, GOAL)
    again = nsga2.ranked([member.evaluation for member in population], GOAL)
    assert [m.evaluation.number for m in again] == [m.evaluation.number for m in population]
    assert [m.fitness.crowding_dist for m in again] == [m.fitness.crowding_dist for m in population]


def test_the_tournament_prefers_the_better_and_then_the_less_crowded():
    population = nsga2.ranked([evaluation(0, 1, 1), evaluation(1, 0, 2)], GOAL)
    assert {nsga2.tournament(population, random.Random(s)).evaluation.number for s in range(50)} == {0}
    line = nsga2.ranked([evaluation(i, t, t) for i, t in enumerate([0, 1, 1.1, 4])], GOAL)
    winners = [nsga2.tournament(line, random.Random(s)).evaluation.number for s in range(300)]
    assert winners.count(0) > winners.count(1) < winners.count(2) < winners.count(3) + winners.count(0)


SPACE = SearchSpace(cnn=VariableCNN())


@given(st.integers(0, 10_000))
def test_children_inherit_every_gene_and_stay_in_the_space(seed):
    rng = random.Random(seed)
    first, second = (SPACE.encode(SPACE.sample(rng)) for _ in range(2))
    child = cross(first, second, SPACE.genes, rng)
    for gene in SPACE.genes:
        donors = {parent[gene.name] for parent in (first, second) if gene.name in parent}
        assert child[gene.name] in (donors or gene.values)
    mutant = mutate(child, SPACE.genes, rng)
    assert all(mutant[gene.name] in gene.values for gene in SPACE.genes)
    SPACE.decode(mutant)


@given(st.integers(1, 40), st.integers(0, 1000))
def test_the_first_population_shares_out_the_values_of_every_gene(count, seed):
    smallest, *others = genomes = stratified(count, SPACE.genes, random.Random(seed))
    assert len(genomes) == count
    assert all(smallest[gene.name] == gene.values[0] for gene in SPACE.genes if gene.ordered)
    for gene in SPACE.genes:
        times = [[genome[gene.name] for genome in others].count(value) for value in gene.values]
        assert max(times) <= -(-count // len(gene.values))
        assert min(times) >= count // len(gene.values) - 1


def test_mutation_moves_sizes_to_neighbours_and_reaches_every_value():
    space = SearchSpace()
    start = space.encode(Architecture((), Ansatz(6, 8, ("RX",), "CZ", "star")))
    mutants = [mutate(start, space.genes, random.Random(seed)) for seed in range(2000)]
    assert {m["depth"] for m in mutants} == {7, 8, 9}
    changes = sum(m[gene.name] != start[gene.name] for m in mutants for gene in space.genes)
    assert 0.9 < changes / len(mutants) < 1.1  # one gene on average
    assert {m["topology"] for m in mutants} == set(space.topologies)
    assert {m["rotations"] for m in mutants} == set(space.rotations)
    reached, value = set(), start
    for seed in range(2000):
        value = mutate(value, space.genes, random.Random(seed))
        reached.add((value["qubits"], value["depth"]))
    assert {q for q, _ in reached} == set(range(2, 13))
    assert {d for _, d in reached} == set(range(1, 16))


def test_a_space_of_one_has_no_mutants():
    space = SearchSpace(qubits=(2, 2), depth=(1, 1), rotations=("RY",), entanglers=("CZ",), topologies=("linear",))
    only = space.encode(space.sample(random.Random(0)))
    assert mutate(only, space.genes, random.Random(0)) == only


@pytest.mark.parametrize("count", [1, 5])
def test_offspring_are_only_what_is_accepted(count):
    rng, taken = random.Random(0), set()

    def accept(architecture):
        fresh = architecture.identity not in taken and architecture.ansatz.entangler == "CZ"
        taken.add(architecture.identity)
        return fresh

    parents = [replace(evaluation(i, i, i), architecture=SPACE.sample(rng)) for i in range(4)]
    children = nsga2.offspring(nsga2.ranked(parents, GOAL), count, SPACE, rng, accept)
    assert len({child.identity for child in children}) == count
    assert {child.ansatz.entangler for child in children} == {"CZ"}
