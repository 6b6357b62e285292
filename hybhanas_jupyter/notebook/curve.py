"""A small line chart with points, for values over generations or epochs."""

from collections.abc import Mapping, Sequence

import bqplot
import numpy as np
from ipywidgets import Layout

from hybhanas_jupyter.formatting import PART_COLOURS
from hybhanas_jupyter.notebook.bqplot_tools import set_together

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
