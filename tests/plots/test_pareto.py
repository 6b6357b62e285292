"""The drawing of planes: what ends up on the canvas, and what its axes leave out."""

import numpy as np
import pytest

from hybhanas_jupyter.nas.pictures import pareto_data
from hybhanas_jupyter.plots.pareto import draw_pareto
from hybhanas_jupyter.plots.style import THEMES
from tests.plots.sample import evaluation, failed

EXAMPLE = [evaluation(0, 0.5, 1.0), evaluation(1, 0.9, 10.0), evaluation(2, 0.4, 2.0, 2), evaluation(3, 0.7, 4.0, 2)]


def test_nothing_to_draw():
    data = pareto_data([failed(1)])
    assert data.xs.size == data.step_line()[0].size == 0
    draw_pareto(data)


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


def test_hardly_ever_successful_circuits_do_not_squeeze_the_others():
    shares = [0.9, 0.1, 1e-9, 1e-12]
    data = pareto_data(
        [evaluation(i, 0.9 - i / 10, 1.0, success_probability=p) for i, p in enumerate(shares)], "success_probability"
    )
    low, high = data.x_limits
    assert 1e-9 < low < 0.1
    assert high > 0.9
    assert data.beyond == "2 beyond"
    assert "← 2 beyond" in draw_pareto(data).axes[0].texts[0].get_text()


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


def test_the_neutral_theme_has_no_paper_and_an_ink_for_any():
    figure = draw_pareto(pareto_data(EXAMPLE), theme="neutral")
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba())[0, 0, 3] == 0
    ink = int(THEMES["neutral"].ink[1:3], 16) / 255
    light = ((ink + 0.055) / 1.055) ** 2.4
    assert min(1.05 / (light + 0.05), (light + 0.05) / 0.056) > 3  # on white, and on JupyterLab's #111


def test_pyplot_is_left_alone():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    draw_pareto(pareto_data(EXAMPLE))
    assert plt.get_fignums() == before
