"""Numbers with units, tables and stacked bars as text or HTML: what every report is made of.

The HTML has no script, style sheet or outside resource, takes its text colour from the page (light or dark) and uses
only tags and properties that JupyterLab's sanitizer keeps in untrusted notebooks. Every string is escaped.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

# Okabe and Ito's colours for the parts of a whole, in stacking order; each holds on white and on near-black.
PART_COLOURS = ("#0072b2", "#56b4e9", "#e69f00", "#cc79a7", "#009e73")
_PART_MARKS = "█▓▒░·"
TIME_UNITS = {  # seconds
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "years": 365.25 * 86400,
}
_CELL = "padding:2px 10px;border-bottom:1px solid #8888;text-align:"


Table = tuple[Sequence[str], Sequence[Sequence[object]]]


@dataclass(frozen=True)
class Report:
    """What a result shows of itself: a title, a stacked bar of parts for each label, tables, and folded lists."""

    title: str
    tables: Sequence[Table]
    bars: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    folded: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self) -> str:
        """Aligned text for the terminal."""
        lists = [
            "\n".join([f"{name}:", *(f"  {line}" for line in lines)]) for name, lines in self.folded.items() if lines
        ]
        blocks = [self.title, text_bars(self.bars), *(text_table(*table) for table in self.tables), *lists]
        return "\n\n".join(filter(None, blocks))

    def html(self) -> str:
        """HTML for the notebook; the lists open with a click."""
        title = f'<div style="margin:4px 0"><b>{escape(self.title)}</b></div>' if self.title else ""
        tables = "".join(
            f'<div style="display:inline-block;vertical-align:top;margin-right:24px">{html_table(*table)}</div>'
            for table in self.tables
        )
        lists = "".join(html_details(name, lines) for name, lines in self.folded.items() if lines)
        return f"<div>{title}{html_bars(self.bars)}{tables}{lists}</div>"


class Reported:
    """Base of results that show themselves as text in a terminal and as HTML in a notebook, and hand out their data."""

    def _report(self) -> Report:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The raw data, in SI units, ready for JSON."""
        raise NotImplementedError

    def to_dataframe(self) -> "DataFrame":
        """The raw data as a pandas DataFrame, one row for a single result; what is nested is named "outer_inner"."""
        from pandas import json_normalize

        return json_normalize(self._records(), sep="_")

    def to_json(self) -> str:
        """The raw data as indented JSON, see `plain`."""
        return json.dumps(plain(self.to_dict()), indent=1, allow_nan=False)

    def to_csv(self) -> str:
        """The raw data as CSV, one record a line below the names."""
        return str(self.to_dataframe().to_csv(index=False))

    def _records(self) -> list[dict[str, Any]]:
        return [self.to_dict()]

    def __repr__(self) -> str:
        return self._report().text()

    def __str__(self) -> str:  # pydantic's models have one of their own
        return repr(self)

    def _repr_html_(self) -> str:
        return self._report().html()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def plain(value: Any) -> Any:
    """Data for strict JSON: what it has no word for is text, as Python reads it back: "inf", "nan", ISO 8601 dates."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    unknown = isinstance(value, datetime) or (isinstance(value, float) and not math.isfinite(value))
    return str(value) if unknown else value


def seconds(value: float) -> str:
    """Three significant digits in the largest fitting unit: 23.9 us, 1.30 h, inf; "not known" for NaN."""
    if math.isnan(value):
        return "not known"
    if not math.isfinite(value) or value == 0:
        return "0 s" if value == 0 else str(value)
    # Rounding comes first: 999.7 us is 1.00 ms.
    rounded = float(f"{value:.3g}")
    unit = next((unit for unit, scale in reversed(TIME_UNITS.items()) if abs(rounded) >= scale), "ns")
    return f"{significant(value / TIME_UNITS[unit])} {unit}"


def significant(value: float, digits: int = 3) -> str:
    """Decimal notation with `digits` significant digits and no exponent below 1e6: 1.30, 23.9, 1234."""
    if value == 0 or not math.isfinite(value):
        return str(value)
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits}g}"))))
    decimals = max(0, digits - 1 - magnitude)
    return f"{value:.{decimals}f}" if decimals < 10 and abs(value) < 1e6 else f"{value:.{digits}g}"


def text_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns: the first to the left, the others, mostly quantities, to the right."""
    cells = [[str(cell) for cell in row] for row in [headers, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])

    def line(first: str, *others: str) -> str:
        aligned = map(str.rjust, others, widths[1:])
        return "  ".join([first.ljust(widths[0]), *aligned]).rstrip()

    return "\n".join(line(*row) for row in cells)


def html_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The same table in HTML: the first column to the left, the others to the right."""

    def line(tag: str, cells: Sequence[object]) -> str:
        sides = ["left"] + ["right"] * (len(cells) - 1)
        fields = (
            f'<{tag} style="{_CELL}{side}">{escape(str(cell))}</{tag}>' for side, cell in zip(sides, cells, strict=True)
        )
        return f"<tr>{''.join(fields)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return (
        '<table style="border-collapse:collapse;margin:4px 0">'
        f"<thead>{line('th', headers)}</thead><tbody>{body}</tbody></table>"
    )


def shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Each part's share of the sum, in [0, 1]; infinite parts share the whole, a sum of zero has no shares.

    Raises `ValueError` for negative or undefined parts.
    """
    if any(math.isnan(value) or value < 0 for value in parts.values()):
        raise ValueError(f"Parts must be non-negative numbers, not {dict(parts)}.")
    if any(map(math.isinf, parts.values())):
        parts = {name: float(math.isinf(value)) for name, value in parts.items()}
    total = sum(parts.values())
    return {name: value / total if total else 0.0 for name, value in parts.items()}


def text_bars(bars: Mapping[str, Mapping[str, float]], width: int = 40) -> str:
    """Stacked bars on one scale, the longest of `width` characters, and their legend; "" where all parts are zero.

    A single bar has its shares in the legend.
    """
    lengths = _lengths(bars)
    if not any(lengths):
        return ""
    margin = max(map(len, bars))
    lines = []
    for (label, parts), length in zip(bars.items(), lengths, strict=True):
        bar, end = "", 0.0
        for mark, share in zip(cycle(_PART_MARKS), shares(parts).values()):
            # Ends are rounded, not lengths, so that a bar is as long as its whole.
            end += share * length * width
            bar += mark * (round(end) - len(bar))
        lines.append(f"{label.ljust(margin)}  {bar}".lstrip())
    legend = (f"{mark} {name}" for mark, name in zip(cycle(_PART_MARKS), _legend(bars)))
    return "\n".join([*lines, "  ".join(legend)])


def html_bar(parts: Mapping[str, float]) -> str:
    """One stacked bar and its legend in HTML; "" where all parts are zero."""
    return html_bars({"": parts})


def html_bars(bars: Mapping[str, Mapping[str, float]]) -> str:
    """The same bars and legend as `text_bars` in HTML."""
    lengths = _lengths(bars)
    if not any(lengths):
        return ""
    rows = "".join(
        f'<div style="margin:2px 0;white-space:nowrap">{_html_segments(parts, length)}'
        f'<span style="margin-left:8px;font-size:90%">{escape(label)}</span></div>'
        for (label, parts), length in zip(bars.items(), lengths, strict=True)
    )
    legend = "".join(
        f'<span style="margin-right:14px;white-space:nowrap"><span style="color:{colour}">&#9632;</span> '
        f"{escape(name)}</span>"
        for colour, name in zip(cycle(PART_COLOURS), _legend(bars))
    )
    return f'{rows}<div style="margin:2px 0 6px 0;font-size:90%">{legend}</div>'


def _html_segments(parts: Mapping[str, float], length: float) -> str:
    return "".join(
        f'<div style="display:inline-block;vertical-align:middle;height:14px;width:{560 * share * length:.1f}px;'
        f'background-color:{colour}" title="{escape(name)} {_percent(share)}"></div>'
        for colour, (name, share) in zip(cycle(PART_COLOURS), shares(parts).items())
    )


def _lengths(bars: Mapping[str, Mapping[str, float]]) -> list[float]:
    """Each bar's length in parts of the longest finite one; an infinite bar is as long as that."""
    totals = [sum(parts.values()) for parts in bars.values()]
    longest = max((total for total in totals if math.isfinite(total)), default=0.0)
    return [1.0 if math.isinf(total) else total / longest if longest else 0.0 for total in totals]


def _legend(bars: Mapping[str, Mapping[str, float]]) -> list[str]:
    if len(bars) > 1:
        return list(next(iter(bars.values())))
    return [f"{name} {_percent(share)}" for parts in bars.values() for name, share in shares(parts).items()]


def html_details(summary: str, lines: Iterable[str]) -> str:
    """A folded list that opens with a click."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<details style="margin:2px 0"><summary>{escape(summary)}</summary><ul>{items}</ul></details>'


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
