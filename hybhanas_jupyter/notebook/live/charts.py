"""What bqplot leaves to its users: one message for many traits, tick labels that arrive, and a line chart."""

from collections.abc import Mapping, Sequence
from typing import Any

import bqplot
import numpy as np
from ipywidgets import Layout, Widget

from hybhanas_jupyter.formatting import PART_COLOURS
from hybhanas_jupyter.plots.style import Ticks, limits, ticks

INK = "#808080"  # a grey that reads on white and on near-black


def set_together(widget: Widget, **values: object) -> None:
    """Set traits in one message to the browser, so that no half-changed state is drawn."""
    with widget.hold_sync():
        for name, value in values.items():
            setattr(widget, name, value)


def axis(scale: bqplot.Scale, label: str, marks: Ticks, *, side: str = "bottom") -> bqplot.Axis:
    """An axis that shows these ticks."""
    return bqplot.Axis(
        scale=scale,
        label=label,
        label_offset="36px" if side == "bottom" else "46px",
        side=side,
        tick_values=np.array(list(marks)),
        tick_labels={_as_javascript(value): text for value, text in marks.items()},
        # Without a format, bqplot guesses one from the ticks and fails if there is only one.
        tick_format=".3~g",
    )


def set_axes(figure: bqplot.Figure, *axes: bqplot.Axis) -> None:
    """Give the figure new axes where they differ; an axis that is changed in place may keep labels of old ticks.

    The axes that are not used are closed: a page that is reloaded asks for every widget of the kernel.
    """
    same = [_look(axis) for axis in figure.axes] == [_look(axis) for axis in axes]
    unused = axes if same else figure.axes
    if not same:
        figure.axes = list(axes)
    for axis in set(unused) - set(figure.axes):
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
        self._labels = x_label, y_label
        self.figure = bqplot.Figure(
            marks=list(self._lines.values()),
            title=title,
            legend_location="top-right",
            fig_margin={"top": 36, "bottom": 44, "left": 60, "right": 16},
            layout=Layout(width="100%", height="240px", min_width="300px"),
        )
        self.figure.add_class("hyb-curve")

        self.update({})

    def update(self, series: Mapping[str, Sequence[float]]) -> None:
        """Show these values; series that are not finite throughout are left empty."""
        known = {name: np.asarray(values, dtype=float) for name, values in series.items()}
        known = {name: y if np.isfinite(y).all() else np.empty(0) for name, y in known.items()}
        longest = max((y.size for y in known.values()), default=0)
        places = np.arange(1, longest + 1)
        spans = limits(places.astype(float)), limits(np.concatenate([np.empty(0), *known.values()]))
        for scale, (low, high) in zip((self._x, self._y), spans, strict=True):  # one point has no span
            set_together(scale, min=low, max=high)
        counts = {float(n): str(n) for n in places[:: max(1, -(-longest // 10))]}
        across = axis(self._x, self._labels[0], counts)
        set_axes(self.figure, across, axis(self._y, self._labels[1], ticks(*spans[1]), side="left"))
        for name, line in self._lines.items():
            y = known.get(name, np.empty(0))
            set_together(line, x=np.arange(1, y.size + 1), y=y)
