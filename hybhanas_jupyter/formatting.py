"""Numbers with units, and tables as text or HTML: what every report is made of."""

import math
from collections.abc import Sequence
from html import escape

_UNITS = ((1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "d"))


def seconds(value: float) -> str:
    """Three significant digits in the largest fitting unit: 23.9 us, 1.30 h, inf."""
    if not math.isfinite(value) or value == 0:
        return "0 s" if value == 0 else str(value)
    if abs(value) >= 1e4 * 86400 * 365:
        return f"{value / (86400 * 365):.3g} years"
    scale, unit = next(((s, u) for s, u in reversed(_UNITS) if abs(value) >= s), _UNITS[0])
    return f"{significant(value / scale)} {unit}"


def significant(value: float, digits: int = 3) -> str:
    """Decimal notation with `digits` significant digits and no exponent below 1e6: 1.30, 23.9, 1234."""
    if value == 0 or not math.isfinite(value):
        return str(value)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}" if decimals < 10 and abs(value) < 1e6 else f"{value:.{digits}g}"


def text_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns; numbers and quantities to the right, the first column to the left."""
    cells = [[str(c) for c in row] for row in [headers, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def html_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """An HTML table without scripts or styles from outside; every cell is escaped."""
    head = "".join(f"<th>{escape(str(h))}</th>" for h in headers)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
