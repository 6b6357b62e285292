"""Candidates in the space of three quantities (paper, Fig. 6): the prepared data, and their drawing by matplotlib."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.plots.pareto import Quantity
from hybhanas_jupyter.plots.style import colour_map, is_wide, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class LandscapeData:
    """One entry per candidate with finite values; `points` is (3, candidates): one row for each of the `axes`.

    The last axis is the vertical one. `on_front` marks the front of the search.
    """

    axes: tuple[Quantity, Quantity, Quantity]
    labels: tuple[str, ...]
    generations: NDArray[np.int64]
    points: NDArray[np.float64]
    on_front: NDArray[np.bool_]


def draw_landscape(data: LandscapeData, *, theme: str = "light", title: str = "") -> "Figure":
    """A 3D scatter: circles, the front as diamonds, generations by colour; wide values as powers of ten."""
    figure, colours = new_figure(theme, 7, 5.4)
    axes = figure.add_subplot(projection="3d", facecolor=colours.paper)
    wide = [is_wide(values) for values in data.points]
    points = np.array([np.log10(row) if log else row for row, log in zip(data.points, wide, strict=True)])
    for member, marker, size in ((False, "o", 18), (True, "D", 44)):
        rows = data.on_front == member
        axes.scatter(
            *points[:, rows],
            c=data.generations[rows],
            cmap=colour_map(),
            vmin=1,
            vmax=max(2, data.generations.max(initial=0)),
            marker=marker,
            s=size,
            alpha=1 if member else 0.4,
        )
    for axis, quantity, log in zip("xyz", data.axes, wide, strict=True):
        unit = " ".join([*["log10"] * log, *filter(None, [quantity.unit])])
        getattr(axes, f"set_{axis}label")(f"{quantity.label} ({unit})" if unit else quantity.label, color=colours.ink)
    axes.tick_params(colors=colours.ink)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, color=colours.ink)
    return figure
