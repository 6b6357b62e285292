"""What effective times consist of (paper, Fig. 7): stacked bars of parts by matplotlib."""

from collections.abc import Mapping
from itertools import cycle
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.formatting import PART_COLOURS
from hybhanas_jupyter.plots.style import is_wide, limits, new_figure, style_axes, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bars = Mapping[str, Mapping[str, float]]


def draw_parts(bars: Bars, *, theme: str = "light", title: str = "") -> "Figure":
    """The parts of every bar, in seconds: bars of times side by side, or where they span decades, of shares.

    Shares stand below their totals on a logarithmic axis, as stacked bars do not add up on one. A bar that is not
    finite is left out, and the title says so.
    """
    known = {label: parts for label, parts in bars.items() if isfinite(sum(parts.values()))}
    if len(known) < len(bars):
        title = f"{title} ({len(bars) - len(known)} of {len(bars)} without a finite time left out)".strip()
    names = list(next(iter(known.values()), {}))
    values = np.array([list(parts.values()) for parts in known.values()], dtype=float).reshape(len(known), len(names))
    totals = values.sum(axis=1)
    wide = is_wide(totals)
    figure, colours = new_figure(theme, max(4.5, 2 + 0.25 * len(bars)), 4.8 if wide else 3.6, layout="constrained")
    ratios = (1, 1.6) if wide else (1,)
    panels = list(figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios).flat)
    for panel in panels:
        style_axes(panel, colours)
    if wide:
        _draw_totals(panels[0], totals, colours.ink)
        _stack(panels[1], 100 * values.T / totals, names, known)
        panels[1].set_ylim(0, 100)
        panels[1].set_ylabel("Share (%)")
    else:
        _stack(panels[0], values.T, names, known)
        panels[0].set_ylabel("Time of one valid shot")
        marks = ticks(0.0, float(totals.max(initial=0.0)) or 1e-9, unit="s")
        panels[0].set_yticks(list(marks), list(marks.values()))
    if names:
        figure.legend(loc="outside lower center", ncols=len(names), frameon=False, labelcolor=colours.ink)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, color=colours.ink)
    return figure


def _draw_totals(panel: "Axes", totals: NDArray[np.float64], ink: str) -> None:
    panel.plot(range(totals.size), totals, "D", color=ink, markersize=5)
    panel.set_yscale("log")
    panel.set_ylim(limits(totals, logarithmic=True))
    marks = ticks(*panel.get_ylim(), unit="s", logarithmic=True)
    panel.set_yticks(list(marks), list(marks.values()))
    panel.minorticks_off()
    panel.set_ylabel("Effective time")


def _stack(panel: "Axes", heights: NDArray[np.float64], names: list[str], bars: Bars) -> None:
    places, below = np.arange(len(bars)), np.zeros(len(bars))
    for name, colour, part in zip(names, cycle(PART_COLOURS), heights, strict=False):
        panel.bar(places, part, bottom=below, color=colour, label=name, width=0.7)
        below = below + part
    panel.set_xticks(places, list(bars), rotation=60 if len(bars) > 3 else 0, fontsize=7 if len(bars) > 8 else 9)
    if len(bars) > 3:
        for text in panel.get_xticklabels():
            text.set_horizontalalignment("right")
