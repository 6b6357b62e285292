"""The static picture of the parts: every candidate has its time and a full bar."""

import pytest

from hybhanas_jupyter.plots.breakdown import PARTS, breakdown_data, draw_breakdown
from tests.plots.sample import evaluation

COSTS = {0: (4e-6, 1e-6, 2e-6, 1e-6), 1: (1e-6, 0.0, 0.0, 0.0), 2: (1e-3, 3.0, 1.0, 2.0)}


def panels(theme="light"):
    evaluations = [evaluation(n, 0.5, 1.0, cost=dict(zip(PARTS, parts, strict=True))) for n, parts in COSTS.items()]
    figure = draw_breakdown(breakdown_data(evaluations), theme=theme, title="A front")
    figure.canvas.draw()
    return figure, *figure.axes


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_times_are_drawn_cheapest_first(theme):
    _, time, _ = panels(theme)
    assert time.lines[0].get_ydata().tolist() == pytest.approx([1e-6, 8e-6, 6.001])
    low, high = time.get_ylim()
    assert low < 1e-6
    assert high > 6.001


def test_every_bar_is_full_and_shows_its_parts():
    _, _, share = panels()
    heights = [[bar.get_height() for bar in container] for container in share.containers]
    assert [sum(parts) for parts in zip(*heights, strict=True)] == pytest.approx([100, 100, 100])
    assert heights[0] == pytest.approx([100, 50, 100 * 1e-3 / 6.001])
    tops = [max(bar.get_y() + bar.get_height() for bar in bars) for bars in zip(*share.containers, strict=True)]
    assert tops == pytest.approx([100, 100, 100])


def test_axes_have_units_and_the_parts_a_legend():
    figure, time, share = panels()
    assert all(text.get_text().split()[-1] in ("ns", "us", "ms", "s", "min") for text in time.get_yticklabels())
    assert share.get_ylabel() == "Share (%)"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [label for label, _ in PARTS.values()]
    assert [text.get_text().split()[-1] for text in share.get_xticklabels()] == ["#1", "#0", "#2"]
