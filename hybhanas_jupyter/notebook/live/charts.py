"""What bqplot leaves to its users: one message for many traits, tick labels that arrive, and a line chart."""

from collections.abc import Mapping, Sequence
from typing import Any

import bqplot
import numpy as np
from ipywidgets import Layout, Widget

from hybhanas_jupyter.formatting import PART_COLOURS
from hybhanas_jupyter.plots.style import Ticks

INK = "#808080"  # a grey that reads on white and on near-black


def set_together(widget: Widget, **values: object) -> None:
    """Set traits in one message to the browser, so that no half-changed state is drawn."""
    with widget.hold_sync():
        for name, value in values.items():
            setattr(widget, name, value)


def axis(scale: bqplot.Scale, label: str, ticks: Ticks, *, side: str = "bottom") -> bqplot.Axis:
    """An axis that shows these ticks."""
    return bqplot.Axis(
        scale=scale,
        label=label,
        label_offset="36px" if side == "bottom" else "46px",
        side=side,
        tick_values=np.array(list(ticks)),
        tick_labels={_as_javascript(value): text for value, text in ticks.items()},
        # Without a format, bqplot guesses one from the ticks and fails if there is only one.
        tick_format=".3~g",
    )


def set_axes(figure: bqplot.Figure, *axes: bqplot.Axis) -> None:
    """Give the figure new axes where they differ; an axis that is changed in place may keep labels of old ticks."""
    if [_look(axis) for axis in figure.axes] == [_look(axis) for axis in axes]:
        return
    old, figure.axes = figure.axes, list(axes)
    for axis in set(old) - set(axes):
        axis.close()


def _look(axis: bqplot.Axis) -> tuple[Any, ...]:
    return axis.scale, axis.label, np.asarray(axis.tick_values).tolist(), axis.tick_labels


def _as_javascript(value: float) -> str:
    """How a browser writes the number as the key of an object: 60, 0.00003, 3e-7."""
    if 1e-6 <= abs(value) < 1e21 or value == 0:
        return np.format_float_positional(value, trim="-")
    return np.format_float_scientific(value, trim="-", exp_digits=1)


_MARKERS = ("circle", "square", "triangle-up")


class Curve:
    """One line per named series over 1, 2, 3, ...; `figure` is the widget."""

    def __init__(self, title: str, x_label: str, y_label: str, series: Sequence[str]) -> None:
        self._x, self._y = bqplot.LinearScale(), bqplot.LinearScale()
        self._lines = {
            name: bqplot.Lines(
                x=np.empty(0),
                y=np.empty(0),
                scales={"x": self._x, "y": self._y},
                colors=[PART_COLOURS[i]],
                marker=_MARKERS[i],
                labels=[name],
                display_legend=len(series) > 1,
            )
            for i, name in enumerate(series)
        }
        self._axis = bqplot.Axis(scale=self._x, label=x_label, tick_format="d", label_offset="34px")
        vertical = bqplot.Axis(scale=self._y, label=y_label, side="left", num_ticks=5, label_offset="46px")
        self.figure = bqplot.Figure(
            marks=list(self._lines.values()),
            axes=[self._axis, vertical],
            title=title,
            legend_location="top-right",
            fig_margin={"top": 36, "bottom": 44, "left": 60, "right": 16},
            layout=Layout(width="100%", height="240px", min_width="300px"),
        )
        self.figure.add_class("hyb-curve")

    def update(self, series: Mapping[str, Sequence[float]]) -> None:
        """Show these values; series that are not finite throughout are left empty."""
        longest = max((len(values) for values in series.values()), default=0)
        step = max(1, -(-longest // 10))
        self._axis.tick_values = np.arange(1, longest + 1, step)
        for name, values in series.items():
            y = np.asarray(values, dtype=float)
            y = y if np.isfinite(y).all() else np.empty(0)
            set_together(self._lines[name], x=np.arange(1, y.size + 1), y=y)
