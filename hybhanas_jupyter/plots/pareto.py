"""Candidates in the plane of two quantities: the prepared data, and their drawing by matplotlib."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.plots.style import Theme, colour_map, is_wide, limits, new_figure, style_axes, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_SPAN = 1e6  # times the cheapest; circuits that hardly ever succeed go on to 1e20 and would squeeze all others


class Quantity(Protocol):
    """What an axis shows; `unit` is "s" for times, whose ticks carry their units themselves."""

    @property
    def label(self) -> str:
        """Its name for people."""

    @property
    def unit(self) -> str:
        """ "s" for times, empty for counts and fractions."""

    @property
    def maximise(self) -> bool:
        """Whether more is better."""


@dataclass(frozen=True)
class ParetoData:
    """One entry per drawn candidate, in the order given.

    `on_front` marks the front of the whole search, `step` indexes the best of this plane from the best x on, and
    `skipped` counts candidates without a finite value (failed ones, infinite costs).
    """

    x: Quantity
    y: Quantity
    numbers: tuple[int, ...]
    labels: tuple[str, ...]
    generations: NDArray[np.int64]
    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    on_front: NDArray[np.bool_]
    step: NDArray[np.int64]
    skipped: int

    @property
    def logarithmic(self) -> bool:
        """Whether the x values span so much that a logarithmic axis is called for."""
        return is_wide(self.xs)

    @property
    def x_limits(self) -> tuple[float, float]:
        """The ends of the x axis: a margin around the values, on a logarithmic axis without the extreme ones.

        Shown is what is up to `SHOWN_SPAN` times worse than the best or ten times than the last step of the plane's
        front.
        """
        if not self.logarithmic:
            return limits(self.xs)
        last = self.xs[self.step[-1]]
        if self.x.maximise:
            shown = self.xs >= min(self.xs.max() / SHOWN_SPAN, last / 10)
        else:
            shown = self.xs <= max(SHOWN_SPAN * self.xs.min(), 10 * last)
        return limits(self.xs[shown], logarithmic=True)

    @property
    def beyond(self) -> str:
        """How many entries lie outside of the x axis, in words; empty if all are inside."""
        low, high = self.x_limits
        outside = (self.xs < low) | (self.xs > high)
        members = int((outside & self.on_front).sum())
        of_front = f" ({members} of the front)" if members else ""
        return f"{outside.sum()}{of_front} beyond" if outside.any() else ""

    def step_line(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the plane's front, prolonged to the worst x of the data; draw it as steps after each corner."""
        if not self.step.size:
            return np.empty(0), np.empty(0)
        end = self.xs.min() if self.x.maximise else self.xs.max()
        return np.append(self.xs[self.step], end), np.append(self.ys[self.step], self.ys[self.step[-1]])


def draw_pareto(*planes: ParetoData, theme: str = "light", title: str = "") -> "Figure":
    """One panel per plane, two in a row: generations by colour, the front by diamonds, its steps by a line."""
    columns = min(2, len(planes))
    rows = math.ceil(len(planes) / columns)
    figure, colours = new_figure(theme, 1 + 4.6 * columns, 0.7 + 3.4 * rows, layout="constrained")
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(planes))]
    for plane, panel in zip(planes, axes, strict=True):
        _draw_plane(panel, plane, colours)
    _draw_legend(figure, axes, colours, max(last_generation(plane) for plane in planes))
    figure.suptitle(title, color=colours.ink, fontsize=12)
    return figure


def last_generation(data: ParetoData) -> int:
    """The upper end of the colour scale, which starts at generation 1."""
    return max(2, int(data.generations.max(initial=0)))


def axis_label(quantity: Quantity) -> str:
    """Its label, with its unit where the ticks do not carry one (as those of times do)."""
    return f"{quantity.label} ({quantity.unit})" if quantity.unit not in ("", "s") else quantity.label


def _draw_plane(panel: "Axes", data: ParetoData, theme: Theme) -> None:
    style_axes(panel, theme)
    panel.plot(*data.step_line(), drawstyle="steps-post", color=theme.ink, linewidth=1, alpha=0.6, zorder=1)
    for member, marker, size in ((False, "o", 12), (True, "D", 42)):
        rows = data.on_front == member
        panel.scatter(
            data.xs[rows],
            data.ys[rows],
            c=data.generations[rows],
            cmap=colour_map(),
            vmin=1,
            vmax=last_generation(data),
            marker=marker,
            s=size,
            edgecolors=theme.ink if member else "none",
            linewidths=0.7,
            zorder=2 + member,
        )
    if data.logarithmic:
        panel.set_xscale("log")
        panel.minorticks_off()
    panel.set_xlim(data.x_limits)
    marks = ticks(*data.x_limits, unit=data.x.unit, logarithmic=data.logarithmic)
    panel.set_xticks(list(marks), list(marks.values()))
    if data.beyond:
        side = ("right", "left")[data.x.maximise]
        note = f"← {data.beyond}" if data.x.maximise else f"{data.beyond} →"
        panel.text(side == "right", 1.01, note, transform=panel.transAxes, ha=side, color=theme.ink, fontsize=9)
    panel.set_xlabel(axis_label(data.x))
    panel.set_ylabel(axis_label(data.y))


def _draw_legend(figure: "Figure", axes: Sequence["Axes"], theme: Theme, last: int) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    bar = figure.colorbar(ScalarMappable(Normalize(1, last), colour_map()), ax=axes, fraction=0.03, pad=0.02)
    bar.set_label("Generation", color=theme.ink)
    bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    bar.ax.tick_params(colors=theme.ink, labelsize=9)
    entries = [
        Line2D([], [], marker="D", color=theme.ink, linestyle="", markersize=6, label="Pareto front of the search"),
        Line2D([], [], color=theme.ink, alpha=0.6, linewidth=1, label="best in this plane"),
        Line2D([], [], marker="o", color=theme.ink, linestyle="", markersize=3, label="dominated"),
    ]
    figure.legend(handles=entries, loc="outside lower center", ncols=3, frameon=False, labelcolor=theme.ink, fontsize=9)
