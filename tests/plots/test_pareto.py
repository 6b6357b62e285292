"""The data of a Pareto plot, judged by the definition of dominance; the drawing, by what ends up on the canvas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybhanas_jupyter.plots.pareto import draw_pareto, is_wide, pareto_data
from tests.plots.sample import evaluation, failed

EXAMPLE = [evaluation(0, 0.5, 1.0), evaluation(1, 0.9, 10.0), evaluation(2, 0.4, 2.0, 2), evaluation(3, 0.7, 4.0, 2)]


def test_front_and_steps():
    data = pareto_data(EXAMPLE)
    assert data.on_front.tolist() == [True, True, False, True]
    assert data.xs[data.step].tolist() == [1.0, 4.0, 10.0]
    assert [part.tolist() for part in data.step_line()] == [[1.0, 4.0, 10.0, 10.0], [0.5, 0.7, 0.9, 0.9]]


def test_front_of_the_search_overrides_that_of_the_plane():
    data = pareto_data(EXAMPLE, front=[EXAMPLE[2]])
    assert data.on_front.tolist() == [False, False, True, False]
    assert data.xs[data.step].tolist() == [1.0, 4.0, 10.0]


def test_only_finite_values_are_kept_and_the_rest_is_counted():
    data = pareto_data([failed(7), *EXAMPLE, evaluation(8, 0.8, math.inf)])
    assert data.numbers == (0, 1, 2, 3)
    assert data.skipped == 2
    assert np.isfinite([data.xs, data.ys]).all()


def test_nothing_to_draw():
    data = pareto_data([failed(1)])
    assert data.xs.size == data.step_line()[0].size == 0
    draw_pareto(data)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=12))
def test_nothing_dominates_the_front_and_the_front_dominates_the_rest(points):
    data = pareto_data([evaluation(i, a / 10, float(t)) for i, (a, t) in enumerate(points)])

    def dominates(i, j):
        no_worse = data.xs[i] <= data.xs[j] and data.ys[i] >= data.ys[j]
        return no_worse and (data.xs[i] < data.xs[j] or data.ys[i] > data.ys[j] or i < j)

    everyone = range(len(points))
    assert [not any(dominates(i, j) for i in everyone if i != j) for j in everyone] == data.on_front.tolist()


@pytest.mark.parametrize(("values", "wide"), [([1, 19], False), ([1, 21], True), ([0, 1e9], False), ([], False)])
def test_wide_spans(values, wide):
    assert is_wide(np.array(values, dtype=float)) == wide


def test_the_canvas_holds_every_point_and_says_what_it_shows():
    figure = draw_pareto(pareto_data(EXAMPLE), pareto_data(EXAMPLE, "parameters"), title="Two planes")
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert [axes.get_xlabel() for axes in panels] == ["Quantum training time", "Parameters"]
    for axes in panels:
        assert sum(len(part.get_offsets()) for part in axes.collections) == len(EXAMPLE)
        assert axes.get_ylabel() == "Validation accuracy"
    assert figure.legends[0].get_texts()[0].get_text() == "Pareto front of the search"


def test_extreme_costs_do_not_squeeze_the_others_and_are_counted():
    usual = [evaluation(i, 0.3 + 0.1 * i, 10.0**i) for i in range(5)]
    extreme = [evaluation(5, 0.2, 1e12), evaluation(6, 0.1, 1e20)]
    data = pareto_data([*usual, *extreme], front=[usual[4], extreme[0]])
    low, high = data.x_limits
    assert low < 1
    assert 1e4 < high < 1e5
    assert data.beyond == "2 (1 of the front) beyond"
    (panel, *_) = draw_pareto(data).axes
    assert panel.get_xlim() == pytest.approx((low, high))
    assert data.beyond in panel.texts[0].get_text()


def test_what_the_best_accuracy_costs_is_always_shown():
    data = pareto_data([evaluation(0, 0.3, 1.0), evaluation(1, 0.9, 1e15), evaluation(2, 0.8, 1e18)])
    assert 1e15 < data.x_limits[1] < 1e18
    assert pareto_data(EXAMPLE).beyond == ""


@pytest.mark.parametrize(("theme", "bright"), [("light", True), ("dark", False)])
def test_themes_differ_in_paper(theme, bright):
    figure = draw_pareto(pareto_data(EXAMPLE), theme=theme)
    figure.canvas.draw()
    corner = np.asarray(figure.canvas.buffer_rgba())[0, 0, :3]
    assert (corner.mean() > 128) == bright


def test_pyplot_is_left_alone():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    draw_pareto(pareto_data(EXAMPLE))
    assert plt.get_fignums() == before
