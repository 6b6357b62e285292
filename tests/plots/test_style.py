"""Ticks that a person reads: few, inside, in a unit of their size, and equal to what they say."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybhanas_jupyter.plots.style import is_wide, ticks

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}
SECONDS["year"] = SECONDS["years"] = 365.25 * 86400


def test_clock_units():
    assert list(ticks(8, 20000, unit="s", logarithmic=True).values()) == ["10 s", "1 min", "10 min", "1 h"]
    assert ticks(30, 500, unit="s") == {120.0: "2 min", 240.0: "4 min", 360.0: "6 min", 480.0: "8 min"}
    assert list(ticks(400, 12000, logarithmic=True).values()) == ["1k", "3k", "10k"]


@given(st.floats(1e-6, 1e3), st.floats(1e3, 1e22))
def test_labels_of_wide_axes_stand_apart(low, factor):
    for unit in ("", "s"):
        places = list(ticks(low, low * factor, unit=unit, logarithmic=True))
        gaps = [math.log(after / before) / math.log(factor) for before, after in itertools.pairwise(places)]
        assert all(gap > 0.16 for gap in gaps)


@given(st.floats(1e-9, 1e8), st.floats(1.5, 1e6), st.booleans())
def test_labels_say_the_position(low, factor, logarithmic):
    shown = ticks(low, low * factor, unit="s", logarithmic=logarithmic)
    assert len(shown) <= 12
    for position, label in shown.items():
        count, unit = label.split()
        assert float(count) * SECONDS[unit] == pytest.approx(position, rel=1e-9)
        assert low <= position <= low * factor


@given(st.floats(1e-7, 1e6), st.floats(20, 1e6))
def test_a_wide_axis_always_has_a_tick(low, factor):
    assert ticks(low, low * factor, unit="s", logarithmic=True)
    assert ticks(low, low * factor, logarithmic=True)


@pytest.mark.parametrize(("values", "wide"), [([1, 19], False), ([1, 21], True), ([0, 1e9], False), ([], False)])
def test_wide_spans(values, wide):
    assert is_wide(np.array(values, dtype=float)) == wide
