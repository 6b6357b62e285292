"""Evaluations in the plane of two objectives: the prepared data, and the drawing by matplotlib."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.nas.objectives import OBJECTIVES, Objective
from hybhanas_jupyter.plots.style import GENERATIONS, THEMES, Theme, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

    from hybhanas_jupyter.nas.evaluation import Evaluation

LOG_SPAN = 20  # the largest over the smallest value from which a logarithmic axis reads better
SHOWN_SPAN = 1e6  # times the cheapest; circuits that hardly ever succeed go on to 1e20 and would squeeze all others


@dataclass(frozen=True)
class ParetoData:
    """One entry per drawn evaluation, in the order given.

    `on_front` marks the front of the whole search, `step` indexes the best of this plane from left to right, and
    `skipped` counts evaluations without a finite value (failed ones, infinite costs).
    """

    x: Objective
    y: Objective
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

        Shown is what costs up to `SHOWN_SPAN` times the cheapest or ten times the last step of the plane's front.
        """
        if not self.logarithmic:
            return limits(self.xs)
        end = max(SHOWN_SPAN * self.xs.min(), 10 * self.xs[self.step[-1]])
        return limits(self.xs[self.xs <= end], logarithmic=True)

    @property
    def beyond(self) -> str:
        """How many entries lie outside of the x axis, in words; empty if all are inside."""
        outside = self.xs > self.x_limits[1]
        members = int((outside & self.on_front).sum())
        of_front = f" ({members} of the front)" if members else ""
        return f"{outside.sum()}{of_front} beyond" if outside.any() else ""

    def step_line(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the plane's front, prolonged to the right end of the data; draw it as steps after each corner."""
        if not self.step.size:
            return np.empty(0), np.empty(0)
        return np.append(self.xs[self.step], self.xs.max()), np.append(self.ys[self.step], self.ys[self.step[-1]])


def limits(values: NDArray[np.float64], logarithmic: bool = False) -> tuple[float, float]:
    """The span of the values with a margin of 5 percent, so that no point is cut in half; 0 to 1 without values."""
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        margin = (high / low) ** 0.05
        return low / margin, high * margin
    margin = 0.05 * (high - low) or abs(high) / 2 or 1.0
    return low - margin, high + margin


def is_wide(values: NDArray[np.float64]) -> bool:
    """Whether all values are positive and the largest is more than `LOG_SPAN` times the smallest."""
    return bool(values.size and values.min() > 0 and values.max() > LOG_SPAN * values.min())


def pareto_data(
    evaluations: Sequence["Evaluation"],
    x: str = "quantum_time",
    y: str = "accuracy",
    *,
    front: Collection["Evaluation"] | None = None,
) -> ParetoData:
    """Evaluations with finite `x` and `y` (names of objectives); `front`: the search's own, else that of this plane."""
    points = [(e.value(x), e.value(y)) for e in evaluations]
    kept = [i for i, point in enumerate(points) if all(map(math.isfinite, point))]
    chosen = [evaluations[i] for i in kept]
    values = np.array([points[i] for i in kept], dtype=float).reshape(-1, 2)
    best = nondominated(values, (x, y))
    numbers = tuple(e.number for e in chosen)
    members = None if front is None else {e.number for e in front}
    return ParetoData(
        x=OBJECTIVES[x],
        y=OBJECTIVES[y],
        numbers=numbers,
        labels=tuple(e.architecture.label for e in chosen),
        generations=np.array([e.generation for e in chosen], dtype=np.int64),
        xs=values[:, 0],
        ys=values[:, 1],
        on_front=best if members is None else np.array([n in members for n in numbers], dtype=bool),
        step=np.flatnonzero(best)[np.argsort(values[best, 0], kind="stable")],
        skipped=len(points) - len(kept),
    )


def nondominated(values: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows of `values` (points, objectives) no other row dominates; of equal rows the first."""
    from moocore import is_nondominated

    if not len(values):
        return np.zeros(0, dtype=bool)
    return np.asarray(is_nondominated(values, maximise=[OBJECTIVES[name].maximise for name in names]), dtype=bool)


def draw_pareto(*planes: ParetoData, theme: str = "light", title: str = "") -> "Figure":
    """One panel per plane, two in a row: generations by colour, the front by diamonds, its steps by a line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(2, len(planes))
    rows = math.ceil(len(planes) / columns)
    colours = THEMES[theme]
    figure = Figure(
        figsize=(1 + 4.6 * columns, 0.7 + 3.4 * rows), dpi=120, facecolor=colours.paper, layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(planes))]
    for plane, panel in zip(planes, axes, strict=True):
        _draw_plane(panel, plane, colours)
    _draw_legend(figure, axes, colours, max(last_generation(plane) for plane in planes))
    figure.suptitle(title, color=colours.ink, fontsize=12)
    return figure


def last_generation(data: ParetoData) -> int:
    """The upper end of the colour scale, which starts at generation 1."""
    return max(2, int(data.generations.max(initial=0)))


def axis_label(objective: Objective) -> str:
    """Its label, with its unit where the ticks do not carry one (as those of times do)."""
    return f"{objective.label} ({objective.unit})" if objective.unit not in ("", "s") else objective.label


def _draw_plane(panel: "Axes", data: ParetoData, theme: Theme) -> None:
    style_axes(panel, theme)
    panel.plot(*data.step_line(), drawstyle="steps-post", color=theme.ink, linewidth=1, alpha=0.6, zorder=1)
    for member, marker, size, alpha in ((False, "o", 22, 0.4), (True, "D", 42, 1.0)):
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
            alpha=alpha,
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
        note = f"{data.beyond} →"
        panel.text(1, 1.01, note, transform=panel.transAxes, ha="right", color=theme.ink, fontsize=9)
    panel.set_xlabel(axis_label(data.x))
    panel.set_ylabel(axis_label(data.y))


def style_axes(panel: "Axes", theme: Theme) -> None:
    """Paper, inks and grid of a theme."""
    panel.set_facecolor(theme.paper)
    panel.grid(color=theme.grid, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(colors=theme.ink, which="both", labelsize=9)
    for part in (panel.xaxis.label, panel.yaxis.label, panel.title):
        part.set_color(theme.ink)
    for side, spine in panel.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.ink)


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
        Line2D([], [], marker="o", color=theme.ink, alpha=0.4, linestyle="", markersize=4, label="dominated"),
    ]
    figure.legend(handles=entries, loc="outside lower center", ncols=3, frameon=False, labelcolor=theme.ink, fontsize=9)


def colour_map() -> "Colormap":
    """The colours of the generations, first to last."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("generations", GENERATIONS)
