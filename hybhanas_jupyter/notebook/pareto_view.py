"""One plane of two objectives as a bqplot figure that can be clicked, lassoed and grown."""

from collections.abc import Sequence

import bqplot
import numpy as np
from bqplot.interacts import LassoSelector
from ipywidgets import Layout, jslink

from hybhanas_jupyter.notebook.bqplot_tools import axis, set_axes, set_together
from hybhanas_jupyter.plots.palette import GENERATIONS
from hybhanas_jupyter.plots.pareto import ParetoData, axis_label, limits
from hybhanas_jupyter.plots.ticks import ticks

# A grey that reads on white and on near-black.
INK = "#808080"
FADED = 0.3


class ParetoView:
    """A scatter of evaluations (circles, the dominated ones faded), the front (diamonds) and its steps (line).

    `selected` of `points` holds the indices of the picked evaluations, in the order of the data.
    """

    def __init__(self, data: ParetoData, colours: bqplot.ColorScale) -> None:
        self._colours = colours
        self.points = bqplot.Scatter(
            display_names=False,
            names_unique=False,  # else points with the same label are taken for one and the second is never coloured
            default_size=36,
            interactions={"click": "select", "hover": "tooltip"},
            selected_style={"stroke": "var(--jp-ui-font-color0, black)", "stroke-width": "3px", "opacity": "1"},
            tooltip=bqplot.Tooltip(
                fields=["name", "x", "y", "color"],
                labels=["", data.x.label, data.y.label, "Generation"],
                formats=["", ".3~s", ".3f", "d"],
            ),
            **_coordinates(),
        )
        self.front = bqplot.Scatter(marker="diamond", default_size=130, stroke=INK, **_coordinates())
        self.steps = bqplot.Lines(interpolation="step-after", colors=[INK], stroke_width=1.5, **_coordinates())
        self.figure = bqplot.Figure(
            marks=[self.steps, self.front, self.points],
            fig_margin={"top": 12, "bottom": 48, "left": 56, "right": 16},
            layout=Layout(width="100%", height="300px", min_width="320px"),
        )
        self.figure.add_class("hyb-pareto")
        self._lasso = LassoSelector(marks=[self.points], color=INK)
        self._logarithmic: bool | None = None
        self._y = bqplot.LinearScale()
        self.update(data)

    def update(self, data: ParetoData) -> None:
        """Show `data`, in one message per mark."""
        self._set_scales(data)
        marks = (self.steps, self.front, self.points)
        lines = data.step_line()
        front = data.on_front
        set_together(marks[0], x=lines[0], y=lines[1])
        set_together(marks[1], x=data.xs[front], y=data.ys[front], color=data.generations[front])
        set_together(
            marks[2],
            x=data.xs,
            y=data.ys,
            color=data.generations,
            names=np.array(data.labels),
            opacities=[1.0 if member else FADED for member in front] or [1.0],
        )

    def lasso(self, on: bool) -> None:
        """Let the mouse draw a lasso instead of clicking points."""
        self.figure.interaction = self._lasso if on else None

    def _set_scales(self, data: ParetoData) -> None:
        """Limits are always given: a logarithmic scale without them draws its ticks at NaN."""
        x, y = data.x_limits, limits(data.ys)
        if data.logarithmic != self._logarithmic:
            self._logarithmic = data.logarithmic
            self._x = (bqplot.LogScale if data.logarithmic else bqplot.LinearScale)(min=x[0], max=x[1])
            coordinates = {"x": self._x, "y": self._y}
            self.steps.scales = coordinates
            self.front.scales = self.points.scales = {**coordinates, "color": self._colours}
        set_together(self._x, min=x[0], max=x[1])
        set_together(self._y, min=y[0], max=y[1])
        set_axes(
            self.figure,
            axis(self._x, axis_label(data.x), ticks(*x, unit=data.x.unit, logarithmic=data.logarithmic)),
            axis(self._y, axis_label(data.y), ticks(*y, unit=data.y.unit), side="left"),
        )


def colour_scale(generations: int) -> bqplot.ColorScale:
    """One colour per generation, from 1 to `generations`, the same in every view."""
    return bqplot.ColorScale(min=1, max=max(2, generations), colors=list(GENERATIONS))


def _coordinates() -> dict[str, object]:
    return {"x": np.empty(0), "y": np.empty(0), "scales": {"x": bqplot.LinearScale(), "y": bqplot.LinearScale()}}


def link_selection(views: Sequence[ParetoView]) -> None:
    """A pick in one view is a pick in all, without a way through the kernel."""
    for view in views[1:]:
        jslink((views[0].points, "selected"), (view.points, "selected"))
