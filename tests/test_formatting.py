"""Units round before they switch, bars add up, and no string leaves HTML unescaped."""

import math
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybhanas_jupyter.formatting import (
    html_bars,
    html_details,
    html_table,
    seconds,
    shares,
    significant,
    text_bars,
    text_table,
)

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400, "years": 365.25 * 86400}
PARTS = st.lists(st.floats(0, 1e12), min_size=1, max_size=4).map(lambda v: {f"part {i}": x for i, x in enumerate(v)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (23.9e-6, "23.9 us"),
        (4680, "1.30 h"),
        (999.7e-6, "1.00 ms"),
        (59.98, "1.00 min"),
        (119, "1.98 min"),
        (1e9, "31.7 years"),
        (1e-12, "0.00100 ns"),
        (-3e-6, "-3.00 us"),
        (0, "0 s"),
        (math.inf, "inf"),
        (math.nan, "not known"),
    ],
)
def test_seconds(value, text):
    assert seconds(value) == text


@given(st.floats(1e-12, 1e15))
def test_seconds_can_be_read_back(value):
    number, unit = seconds(value).split()
    assert float(number) * UNITS[unit] == pytest.approx(value, rel=5.1e-3)
    assert float(number) < 1000 or unit == "years"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.3, "1.30"), (23.94, "23.9"), (1234, "1234"), (9.999, "10.0"), (0.0, "0.0"), (2.5e7, "2.5e+07")],
)
def test_significant(value, text):
    assert significant(value) == text


def test_text_table_aligns_and_takes_no_rows():
    assert text_table(["name", "n"], [["a", 1], ["long name", 22]]).splitlines() == [
        "name        n",
        "---------  --",
        "a           1",
        "long name  22",
    ]
    assert text_table(["name"], []) == "name\n----"


@given(PARTS)
def test_shares_sum_to_one_and_keep_the_ratios(parts):
    share = shares(parts)
    total = math.fsum(parts.values())
    assert math.fsum(share.values()) == pytest.approx(1 if total else 0)
    assert all(share[name] * total == pytest.approx(parts[name]) for name in parts)


def test_infinite_parts_share_the_whole():
    assert shares({"a": 3.0, "b": math.inf, "c": math.inf}) == {"a": 0, "b": 0.5, "c": 0.5}


@pytest.mark.parametrize("bad", [-1.0, math.nan])
def test_impossible_parts_are_refused(bad):
    with pytest.raises(ValueError, match="non-negative"):
        shares({"a": bad})


def test_text_bar_is_as_wide_as_asked_and_has_shares_in_its_legend():
    assert text_bars({"": {"logical": 1.0, "routing": 3.0}}, width=8).splitlines() == [
        "██▓▓▓▓▓▓",
        "█ logical 25 %  ▓ routing 75 %",
    ]


@given(PARTS, st.integers(1, 80))
def test_any_text_bar_is_as_wide_as_asked(parts, width):
    text = text_bars({"": parts}, width)
    assert text == "" if not any(parts.values()) else len(text.splitlines()[0]) == width


def test_text_bars_share_a_scale_and_a_legend():
    bars = {"long": {"a": 2.0, "b": 2.0}, "half": {"a": 2.0, "b": 0.0}, "no end": {"a": 1.0, "b": math.inf}}
    assert text_bars(bars, width=8).splitlines() == [
        "long    ████▓▓▓▓",
        "half    ████",
        "no end  ▓▓▓▓▓▓▓▓",
        "█ a  ▓ b",
    ]


@given(PARTS)
def test_html_bar_fills_its_width(parts):
    widths = [float(width) for width in re.findall(r";width:([\d.]+)px", html_bars({"": parts}))]
    assert sum(widths) == pytest.approx(560 if any(parts.values()) else 0, abs=0.05 * len(parts))


def test_html_bars_share_a_scale():
    page = html_bars({"long": {"a": 4.0}, "half": {"a": 2.0}})
    assert re.findall(r";width:([\d.]+)px", page) == ["560.0", "280.0"]


class Tags(HTMLParser):
    """Collects tags and text, and checks that what opens is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@given(st.text())
def test_strings_are_text_and_never_tags(text):
    evil = f'{text}"><script>alert(1)</script>'
    for html in (
        html_table([evil], [[evil]]),
        html_bars({evil: {evil: 1.0}, evil * 2: {evil: 2.0}}),
        html_details(evil, [evil]),
    ):
        page = Tags(html)
        assert "script" not in page.tags
        assert "<script>" in page.text
