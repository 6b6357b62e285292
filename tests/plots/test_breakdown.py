"""The picture of the parts: every bar has its time, and shares where times span decades."""

import math

import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.plots.breakdown import draw_parts

NAMES = ("logical", "routing", "gate errors", "decoherence")
WIDE = {
    "cheap": dict(zip(NAMES, (1e-6, 0.0, 0.0, 0.0), strict=True)),
    "usual": dict(zip(NAMES, (4e-6, 1e-6, 2e-6, 1e-6), strict=True)),
    "dear": dict(zip(NAMES, (1e-3, 3.0, 1.0, 2.0), strict=True)),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_times_that_span_decades_stand_above_shares(theme):
    figure = draw_parts(WIDE, theme=theme, title="A front")
    figure.canvas.draw()
    time, share = figure.axes
    assert time.lines[0].get_ydata().tolist() == pytest.approx([1e-6, 8e-6, 6.001])
    assert time.get_ylim()[0] < 1e-6
    assert time.get_ylim()[1] > 6.001
    heights = [[bar.get_height() for bar in container] for container in share.containers]
    assert [sum(parts) for parts in zip(*heights, strict=True)] == pytest.approx([100, 100, 100])
    assert heights[0] == pytest.approx([100, 50, 100 * 1e-3 / 6.001])
    assert all(text.get_text().split()[-1] in ("ns", "us", "ms", "s", "min") for text in time.get_yticklabels())
    assert share.get_ylabel() == "Share (%)"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(NAMES)
    assert [text.get_text() for text in share.get_xticklabels()] == list(WIDE)


def test_times_of_one_size_are_stacked_and_what_is_infinite_is_named():
    bars = {"a": WIDE["usual"], "b": {**WIDE["usual"], "routing": 3e-6}, "c": {**WIDE["usual"], "routing": math.inf}}
    figure = draw_parts(bars, title="Two")
    (panel,) = figure.axes
    assert [sum(bar.get_height() for bar in bars) for bars in zip(*panel.containers, strict=True)] == pytest.approx(
        [8e-6, 10e-6]
    )
    assert figure.get_suptitle() == "Two (1 of 3 without a finite time left out)"
    assert draw_parts({}).axes


def test_costs_and_comparisons_draw_themselves():
    ansatz = hyb.Ansatz(3, 2)
    cost = hyb.quantum_cost(ansatz, "fake_kyiv")
    (panel,) = cost.figure().axes
    assert sum(bars[0].get_height() for bars in panel.containers) == pytest.approx(cost.effective_time)
    comparison = hyb.compare(ansatz, ["fake_kyiv", "fake_torino"], progress=False)
    names = [text.get_text() for text in comparison.figure(theme="dark").axes[-1].get_xticklabels()]
    assert names == [f"{c.provenance.device}, level 2" for c in comparison.costs]
