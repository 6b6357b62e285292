"""The three-dimensional view: which cost it takes, and that every point is drawn."""

import math

import pytest

from hybhanas_jupyter.plots.landscape import draw_landscape, landscape_data
from tests.plots.sample import evaluation, failed

EVALUATIONS = [evaluation(0, 0.5, 1.0), evaluation(1, 0.9, 100.0), failed(2)]


def test_total_time_where_it_is_known():
    data = landscape_data(EVALUATIONS, EVALUATIONS[1:2])
    assert data.cost.name == "total_time"
    assert data.costs.tolist() == [3.0, 102.0]
    assert data.on_front.tolist() == [False, True]


def test_quantum_time_where_no_classical_time_is_known():
    data = landscape_data([evaluation(0, 0.5, 1.0, classical_time=math.nan)], [])
    assert data.cost.name == "quantum_time"
    assert data.costs.tolist() == [1.0]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_holds_every_point(theme):
    figure = draw_landscape(landscape_data(EVALUATIONS, EVALUATIONS[1:2]), theme=theme)
    (axes,) = figure.axes
    assert sum(len(part.get_offsets()) for part in axes.collections) == 2
    assert "log10" in axes.get_xlabel()
