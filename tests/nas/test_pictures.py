"""What a run shows: prepared data judged by definitions, and pages that ask nobody for anything."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hybhanas_jupyter as hyb
from hybhanas_jupyter.errors import UnknownNameError
from hybhanas_jupyter.nas.pictures import (
    PARTS,
    breakdown_data,
    front_table,
    landscape_data,
    pareto_data,
    planes,
    upright,
)
from tests.plots.sample import evaluation, failed

EXAMPLE = [evaluation(0, 0.5, 1.0), evaluation(1, 0.9, 10.0), evaluation(2, 0.4, 2.0, 2), evaluation(3, 0.7, 4.0, 2)]
OBJECTIVES = ("accuracy", "quantum_time", "total_time")


def test_front_and_steps():
    data = pareto_data(EXAMPLE)
    assert data.on_front.tolist() == [True, True, False, True]
    assert data.xs[data.step].tolist() == [1.0, 4.0, 10.0]
    assert [part.tolist() for part in data.step_line()] == [[1.0, 4.0, 10.0, 10.0], [0.5, 0.7, 0.9, 0.9]]


def test_steps_of_what_is_maximised_go_from_the_best_to_the_left():
    values = ((0.5, 0.9), (0.9, 0.1), (0.4, 0.5), (0.7, 0.3))
    data = pareto_data(
        [evaluation(i, a, 1.0, success_probability=p) for i, (a, p) in enumerate(values)], "success_probability"
    )
    assert data.on_front.tolist() == [True, True, False, True]
    assert [part.tolist() for part in data.step_line()] == [[0.9, 0.3, 0.1, 0.1], [0.5, 0.7, 0.9, 0.9]]


def test_front_of_the_search_overrides_that_of_the_plane():
    data = pareto_data(EXAMPLE, front=[EXAMPLE[2]])
    assert data.on_front.tolist() == [False, False, True, False]
    assert data.xs[data.step].tolist() == [1.0, 4.0, 10.0]


def test_only_finite_values_are_kept_and_the_rest_is_counted():
    data = pareto_data([failed(7), *EXAMPLE, evaluation(8, 0.8, math.inf)])
    assert data.numbers == (0, 1, 2, 3)
    assert data.skipped == 2
    assert np.isfinite([data.xs, data.ys]).all()


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=12),
    st.sampled_from(["quantum_time", "success_probability"]),
)
def test_nothing_dominates_the_front_and_the_front_dominates_the_rest(points, x):
    data = pareto_data([evaluation(i, a / 10, **{"quantum_time": 1.0, x: t}) for i, (a, t) in enumerate(points)], x)
    sign = -1 if data.x.maximise else 1

    def dominates(i, j):
        no_worse = sign * data.xs[i] <= sign * data.xs[j] and data.ys[i] >= data.ys[j]
        return no_worse and (data.xs[i] != data.xs[j] or data.ys[i] > data.ys[j] or i < j)

    everyone = range(len(points))
    assert [not any(dominates(i, j) for i in everyone if i != j) for j in everyone] == data.on_front.tolist()


@pytest.mark.parametrize(
    ("objectives", "axis"),
    [
        (("usage_time", "accuracy", "parameters"), "accuracy"),
        (("parameters", "success_probability"), "success_probability"),
        (("parameters", "usage_time"), "parameters"),
    ],
)
def test_the_accuracy_or_what_is_maximised_is_upright(objectives, axis):
    assert upright(objectives) == axis
    assert {plane.y.name for plane in planes(EXAMPLE, [], objectives)} == {axis}


def test_a_plane_for_each_objective_that_differs():
    def shown(evaluations, objectives):
        return [plane.x.name for plane in planes(evaluations, [], objectives)]

    assert shown(EXAMPLE, ("accuracy", "parameters", "classical_time", "quantum_time")) == [
        "parameters",
        "quantum_time",
    ]
    assert shown(EXAMPLE[:1], OBJECTIVES) == ["quantum_time"]


def test_the_landscape_shows_the_objectives():
    data = landscape_data([*EXAMPLE, failed(9)], EXAMPLE[1:2], OBJECTIVES)
    assert [axis.name for axis in data.axes] == ["quantum_time", "total_time", "accuracy"]
    assert data.points.tolist() == [[1.0, 10.0, 2.0, 4.0], [3.0, 12.0, 4.0, 6.0], [0.5, 0.9, 0.4, 0.7]]
    assert data.on_front.tolist() == [False, True, False, False]
    two = landscape_data(EXAMPLE, [], ("accuracy", "usage_time"))
    assert [axis.name for axis in two.axes] == ["usage_time", "parameters", "accuracy"]


def costed(number, *parts):
    return evaluation(number, 0.5, 1.0, cost=dict(zip(PARTS, parts, strict=True)))


def test_parts_sum_to_the_total_cheapest_first():
    data = breakdown_data([costed(0, 4e-6, 1e-6, 2e-6, 1e-6), costed(1, 1e-6, 0.0, 1e-7, 1e-7)])
    assert data.numbers == (1, 0)
    assert data.total == pytest.approx([1.2e-6, 8e-6])
    assert data.parts.sum(axis=0) == pytest.approx(data.total)
    assert [sum(parts.values()) for parts in data.bars.values()] == pytest.approx([1.2e-6, 8e-6])


def test_candidates_without_a_finite_cost_are_left_out():
    data = breakdown_data([costed(0, 1e-6, 0.0, math.inf, 0.0), evaluation(1, 0.5, 1.0)])
    assert data.numbers == ()
    assert data.bars == {}


def test_the_table_shows_the_objectives_and_both_clocks_where_they_are_known():
    front = [replace(e, usage_time=60.0 * e.quantum_time) for e in EXAMPLE]
    headers = re.findall(
        r"<th[^>]*>([^<]*)</th>", front_table(front, ("accuracy", "success_probability", "quantum_time"))
    )
    assert headers == [
        *("Architecture", "Validation accuracy", "Quantum training time", "Provider usage time", "Parameters"),
        *("Generation", "#"),
    ]
    assert ">1.00 min<" in front_table(front, OBJECTIVES)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.875, "87.5%"),
        ("success_probability", 3e-7, "3.0e-07"),
        ("usage_time", 2.43 * 86400, "2.43 d"),
        ("parameters", 1234, "1,234"),
        ("two_qubit_gates", 12, "12"),
        ("classical_time", math.nan, "-"),
    ],
)
def test_values_have_their_units(name, value, text):
    from hybhanas_jupyter.nas.evaluation import OBJECTIVES

    assert OBJECTIVES[name].text(value) == text


@pytest.fixture
def run():
    evaluations = tuple(evaluation(i, 0.3 + i / 10, 10.0 * 3**i, 1 + i // 3) for i in range(6))
    evaluations = tuple(replace(e, cost=dict.fromkeys(PARTS, 1e-6 * (1 + e.number))) for e in evaluations)
    return hyb.Run("<script>run</script>", hyb.SearchConfig(), (*evaluations, failed(6, 2)), (0.1, 0.2), repeated=0)


def test_the_page_needs_nothing_else_and_escapes_what_users_wrote(run, tmp_path):
    run.save_page(tmp_path / "front.html")
    page = (tmp_path / "front.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|srcset|href)="(?!data:)', page)
    assert page.count("<tr>") == 1 + len(run.front)
    assert "6 of 7 evaluated architectures are Pareto-optimal after 2 generations (1 failed)" in page
    assert "prefers-color-scheme: dark" in page


def test_figures_of_a_run_show_its_objectives_and_its_device(run):
    figure = run.figure(theme="dark")
    assert [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()] == ["Quantum training time"]
    assert "fake_kyiv" in figure.get_suptitle()
    assert run.figure("landscape", title="").axes[0].get_zlabel() == "Validation accuracy"
    assert len(run.figure("parts").axes[0].get_xticklabels()) == len(run.front)
    with pytest.raises(UnknownNameError, match="front, landscape, parts"):
        run.figure("fron")
    with pytest.raises(UnknownNameError, match="dark, light"):
        run.figure(theme="blue")
