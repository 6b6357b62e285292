"""The parts of the quantum cost of several candidates (paper, Fig. 7): data and drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.formatting import PART_COLOURS
from hybhanas_jupyter.plots.pareto import style_axes
from hybhanas_jupyter.plots.style import THEMES, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hybhanas_jupyter.nas.evaluation import Evaluation

# Key in `Evaluation.cost` -> (label, colour), in stacking order; together they are the effective time of one shot.
PARTS = {
    "logical_time": ("Logical gates", PART_COLOURS[0]),
    "routing_time": ("Routing", PART_COLOURS[1]),
    "gate_error_penalty": ("Gate errors", PART_COLOURS[2]),
    "decoherence_penalty": ("Decoherence", PART_COLOURS[3]),
}


@dataclass(frozen=True)
class BreakdownData:
    """One column per candidate, cheapest first: `parts` (parts, candidates) and their sum `total`, in seconds."""

    numbers: tuple[int, ...]
    labels: tuple[str, ...]
    parts: NDArray[np.float64]
    total: NDArray[np.float64]


def breakdown_data(evaluations: Sequence["Evaluation"]) -> BreakdownData:
    """The parts of every evaluation that has all of them finite."""
    known = [e for e in evaluations if all(math.isfinite(e.cost.get(part, math.nan)) for part in PARTS)]
    known.sort(key=lambda e: sum(e.cost[part] for part in PARTS))
    parts = np.array([[e.cost[part] for e in known] for part in PARTS], dtype=float)
    return BreakdownData(
        tuple(e.number for e in known), tuple(e.architecture.label for e in known), parts, parts.sum(axis=0)
    )


def draw_breakdown(data: BreakdownData, *, theme: str = "light", title: str = "") -> "Figure":
    """Above, the effective time of one shot of every candidate; below, stacked, what it consists of in percent.

    Two panels, because the times of a front span decades and stacked bars do not add up on a logarithmic axis.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colours = THEMES[theme]
    figure = Figure(figsize=(9, 4.8), dpi=110, facecolor=colours.paper, layout="constrained")
    FigureCanvasAgg(figure)
    time, share = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.6))
    for panel in (time, share):
        style_axes(panel, colours)
    _draw_times(time, data, colours.ink)
    _draw_shares(share, data)
    figure.legend(loc="outside upper right", ncols=len(PARTS), frameon=False, labelcolor=colours.ink)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, color=colours.ink)
    return figure


def _draw_times(panel: "Axes", data: BreakdownData, ink: str) -> None:
    panel.plot(range(len(data.numbers)), data.total, "D", color=ink, markersize=5)
    panel.set_yscale("log")
    panel.margins(y=0.15)
    marks = ticks(*panel.get_ylim(), unit="s", logarithmic=True)
    panel.set_yticks(list(marks), list(marks.values()))
    panel.minorticks_off()
    panel.set_ylabel("Effective time")


def _draw_shares(panel: "Axes", data: BreakdownData) -> None:
    places = np.arange(len(data.numbers))
    below = np.zeros(len(data.numbers))
    for (label, colour), part in zip(PARTS.values(), 100 * data.parts / data.total, strict=True):
        panel.bar(places, part, bottom=below, color=colour, label=label)
        below += part
    names = [f"{label.split(' |')[0]}  #{number}" for label, number in zip(data.labels, data.numbers, strict=True)]
    panel.set_xticks(places, names, rotation=60, ha="right", fontsize=7)
    panel.set_ylim(0, 100)
    panel.set_ylabel("Share (%)")
