import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.nas import analysis
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import Evaluation, Goal

GOAL = Goal(("accuracy", "quantum_time", "parameters"), {})


def evaluation(number, accuracy, time, parameters=1, status="ok"):
    architecture = Architecture((), Ansatz(2, 1))
    return Evaluation(number, 1, architecture, status, accuracy=accuracy, quantum_time=time, parameters=parameters)


triples = st.tuples(st.integers(0, 10), st.integers(1, 10), st.integers(1, 10))


@given(st.lists(triples, max_size=15))
def test_the_front_is_what_nothing_dominates(values):
    evaluations = [evaluation(i, a / 10, t, p) for i, (a, t, p) in enumerate(values)]

    def dominated(e):
        return any(
            o.accuracy >= e.accuracy
            and o.quantum_time <= e.quantum_time
            and o.parameters <= e.parameters
            and (o.accuracy, o.quantum_time, o.parameters) != (e.accuracy, e.quantum_time, e.parameters)
            for o in evaluations
        )

    members = analysis.front(evaluations, GOAL)
    assert {e.number for e in members} == {e.number for e in evaluations if not dominated(e)}
    assert [e.accuracy for e in members] == sorted((e.accuracy for e in members), reverse=True)


def test_failed_infinite_and_constrained_evaluations_are_not_on_the_front():
    goal = Goal(("accuracy", "quantum_time"), {"parameters": 100})
    good = evaluation(0, 0.5, 1.0)
    others = [evaluation(1, 0.9, 1.0, status="failed"), evaluation(2, 0.9, math.inf), evaluation(3, 0.9, 0.1, 101)]
    assert analysis.front([good, *others], goal) == (good,)
    assert analysis.front(others, goal) == ()


@given(st.lists(st.lists(triples, max_size=6), min_size=1, max_size=4))
def test_hypervolume_is_the_dominated_share_of_the_box_and_only_grows(values):
    """Judged by counting the cells of a grid on which all values lie: tenths of accuracy, decades of 1 + seconds."""
    generations = [[evaluation(0, a / 10, 10.0**decade - 1, p) for a, decade, p in batch] for batch in values]
    shares = analysis.hypervolumes(generations, GOAL)
    assert list(shares) == sorted(shares)
    first = next((batch for batch in values if batch), None)
    if first is None:
        assert shares[-1] == 0
        return
    _, decades, parameters = (max(column) for column in zip(*first, strict=True))
    seen = [triple for batch in values for triple in batch]
    cells = product(range(10), range(decades), range(parameters))
    inside = sum(any(a < best and t >= decade and p >= count for best, decade, count in seen) for a, t, p in cells)
    assert shares[-1] == pytest.approx(inside / (10 * decades * parameters))


def test_hypervolume_takes_times_of_zero():
    generations = [[evaluation(0, 0.5, 9.0)], [evaluation(1, 0.4, 0.0)]]
    goal = Goal(("accuracy", "quantum_time"), {})
    assert analysis.hypervolumes(generations, goal) == pytest.approx((0, 0.4))
    assert analysis.hypervolumes([[evaluation(0, 0.5, 0.0)]], goal) == pytest.approx((0.5,))


def test_the_knee_is_where_the_front_bends():
    bend = evaluation(2, 0.85, 2)
    evaluations = [evaluation(0, 0.9, 10), evaluation(1, 0.1, 1), bend, evaluation(3, 0.5, 1.8)]
    assert analysis.knee(evaluations, GOAL) == bend
    assert analysis.knee([], GOAL) is None
    assert analysis.knee([bend], GOAL) == bend


def test_the_knee_of_a_front_that_spans_decades_is_not_a_slow_one():
    minutes = evaluation(2, 0.9, 100)
    evaluations = [evaluation(0, 0.96, 1e10), evaluation(1, 0.94, 1e7), minutes, evaluation(3, 0.3, 10)]
    assert analysis.knee(evaluations, Goal(("accuracy", "quantum_time"), {})) == minutes


def test_two_costs_that_go_together_do_not_outvote_the_accuracy():
    """A front of a real short run (79.7 % in 40 minutes, 46.2 % in two and a half, ...)."""
    values = [(0.797, 2382, 20), (0.669, 4464, 10), (0.51, 1488, 8), (0.504, 756, 12), (0.462, 147, 12), (0.396, 22, 2)]
    evaluations = [evaluation(i, *row) for i, row in enumerate(values)]
    assert analysis.knee(evaluations, GOAL) == evaluations[0]


@given(st.lists(triples, min_size=3, max_size=12))
def test_the_knee_lies_farthest_below_the_line_through_the_extremes(values):
    """Judged by the distance of points from a line in the plane of accuracy and parameters."""
    goal = Goal(("accuracy", "parameters"), {})
    evaluations = [evaluation(i, a / 10, 1, p) for i, (a, _, p) in enumerate(values)]
    members = analysis.front(evaluations, goal)
    first, last = np.array([[e.accuracy, e.parameters] for e in (members[0], members[-1])])

    def distance(e):
        along, to = last - first, np.array([e.accuracy, e.parameters]) - first
        return along[0] * to[1] - along[1] * to[0]

    assert distance(analysis.knee(evaluations, goal)) == pytest.approx(max(map(distance, members)))


def test_equal_values_make_no_division_by_zero():
    same = [evaluation(i, 0.5, 2) for i in range(3)]
    with np.errstate(all="raise"):
        assert analysis.knee(same, GOAL) in same
        assert analysis.hypervolumes([same], GOAL)[-1] == pytest.approx(0)
