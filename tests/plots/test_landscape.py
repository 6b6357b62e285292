"""The drawing of three quantities: every point, and axes that say what they show."""

import pytest

from hybhanas_jupyter.nas.pictures import landscape_data
from hybhanas_jupyter.plots.landscape import draw_landscape
from tests.plots.sample import evaluation, failed

EVALUATIONS = [evaluation(0, 0.5, 1.0), evaluation(1, 0.9, 100.0), failed(2)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_holds_every_point(theme):
    data = landscape_data(EVALUATIONS, EVALUATIONS[1:2], ("accuracy", "quantum_time", "parameters"))
    (axes,) = draw_landscape(data, theme=theme).axes
    assert sum(len(part.get_offsets()) for part in axes.collections) == 2
    assert axes.get_xlabel() == "Quantum training time (log10 s)"
    assert axes.get_ylabel() == "Parameters"
