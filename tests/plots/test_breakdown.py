"""The parts of the cost of several candidates."""

import math

import pytest

from hybhanas_jupyter.plots.breakdown import PARTS, breakdown_data
from tests.plots.sample import evaluation


def costed(number, *parts):
    return evaluation(number, 0.5, 1.0, cost=dict(zip(PARTS, parts, strict=True)))


def test_parts_sum_to_the_total_cheapest_first():
    data = breakdown_data([costed(0, 4e-6, 1e-6, 2e-6, 1e-6), costed(1, 1e-6, 0.0, 1e-7, 1e-7)])
    assert data.numbers == (1, 0)
    assert data.total == pytest.approx([1.2e-6, 8e-6])
    assert data.parts.sum(axis=0) == pytest.approx(data.total)
    assert data.parts.shape == (len(PARTS), 2)


def test_candidates_without_a_finite_cost_are_left_out():
    data = breakdown_data([costed(0, 1e-6, 0.0, math.inf, 0.0), evaluation(1, 0.5, 1.0)])
    assert data.numbers == ()
    assert data.total.shape == (0,)
