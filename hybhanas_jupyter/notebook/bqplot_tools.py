"""What bqplot leaves to its users: one message for many traits, and tick labels that arrive."""

from typing import Any

import bqplot
import numpy as np
from ipywidgets import Widget

from hybhanas_jupyter.plots.ticks import Ticks


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
