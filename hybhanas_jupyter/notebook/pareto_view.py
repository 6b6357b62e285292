"""One plane of two objectives as a bqplot figure that can be clicked, lassoed and grown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bqplot
import numpy as np
from bqplot.interacts import LassoSelector
from ipywidgets import Layout, Widget, jslink
from numpy.typing import NDArray

from hybhanas_jupyter.plots.palette import GENERATIONS, PICKED
from hybhanas_jupyter.plots.pareto import ParetoData, axis_label
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
            default_size=36,
            interactions={"click": "select", "hover": "tooltip"},
            selected_style={"stroke": PICKED, "stroke-width": "3px", "opacity": "1"},
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
        self._lasso = LassoSelector(marks=[self.points])
        self._logarithmic: bool | None = None
        self.update(data)

    def update(self, data: ParetoData) -> None:
        """Show `data`, in one message per mark."""
        if data.logarithmic != self._logarithmic:
            self._set_scales(data)
        self._set_range(data)
        marks = (self.steps, self.front, self.points)
        lines = data.step_line()
        front = data.on_front
        _set(marks[0], x=lines[0], y=lines[1])
        _set(marks[1], x=data.xs[front], y=data.ys[front], color=data.generations[front])
        _set(
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
        self._logarithmic = data.logarithmic
        x, y = _range(data.xs, data.x.unit, data.logarithmic), _range(data.ys, data.y.unit)
        self._axes = (
            bqplot.Axis(scale=x.scale(), label=axis_label(data.x), label_offset="36px", **x.ticks()),
            bqplot.Axis(scale=y.scale(), label=axis_label(data.y), label_offset="42px", side="left", **y.ticks()),
        )
        coordinates = {"x": self._axes[0].scale, "y": self._axes[1].scale}
        self.steps.scales = coordinates
        self.front.scales = self.points.scales = {**coordinates, "color": self._colours}
        self.figure.axes = list(self._axes)

    def _set_range(self, data: ParetoData) -> None:
        ranges = _range(data.xs, data.x.unit, data.logarithmic), _range(data.ys, data.y.unit)
        for axis, span in zip(self._axes, ranges, strict=True):
            _set(axis.scale, min=span.low, max=span.high)
            _set(axis, **span.ticks())


@dataclass(frozen=True)
class _Range:
    """What an axis shows. Limits are always given: a logarithmic scale without them draws its ticks at NaN."""

    low: float
    high: float
    unit: str
    logarithmic: bool

    def scale(self) -> bqplot.Scale:
        return (bqplot.LogScale if self.logarithmic else bqplot.LinearScale)(min=self.low, max=self.high)

    def ticks(self) -> dict[str, Any]:
        labels = ticks(self.low, self.high, unit=self.unit, logarithmic=self.logarithmic)
        tick_labels = {_as_javascript(value): label for value, label in labels.items()}
        return {"tick_values": np.array(list(labels)), "tick_labels": tick_labels}


def _range(values: NDArray[np.float64], unit: str, logarithmic: bool = False) -> _Range:
    """The span of the values with a margin of 5 percent, so that no point is cut in half."""
    if not values.size:
        return _Range(0.0, 1.0, unit, False)
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        margin = (high / low) ** 0.05
        return _Range(low / margin, high * margin, unit, True)
    margin = 0.05 * (high - low) or abs(high) / 2 or 1.0
    return _Range(low - margin, high + margin, unit, False)


def colour_scale(generations: int) -> bqplot.ColorScale:
    """One colour per generation, from 1 to `generations`, the same in every view."""
    return bqplot.ColorScale(min=1, max=max(2, generations), colors=list(GENERATIONS))


def _coordinates() -> dict[str, object]:
    return {"x": np.empty(0), "y": np.empty(0), "scales": {"x": bqplot.LinearScale(), "y": bqplot.LinearScale()}}


def _set(widget: Widget, **values: object) -> None:
    with widget.hold_sync():
        for name, value in values.items():
            setattr(widget, name, value)


def _as_javascript(value: float) -> str:
    """How a browser writes the number as the key of an object: 60, 0.00003, 3e-7."""
    if 1e-6 <= abs(value) < 1e21 or value == 0:
        return np.format_float_positional(value, trim="-")
    return np.format_float_scientific(value, trim="-", exp_digits=1)


def link_selection(views: Sequence[ParetoView]) -> None:
    """A pick in one view is a pick in all, without a way through the kernel."""
    for view in views[1:]:
        jslink((views[0].points, "selected"), (view.points, "selected"))
