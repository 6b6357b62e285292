"""What the quantum cost of the front is made of (paper, section 4.4): one stacked bar per candidate."""

from collections.abc import Sequence

import bqplot
import numpy as np
from ipywidgets import HTML, Layout, VBox

from hybhanas_jupyter.formatting import html_table, seconds
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.notebook.bqplot_tools import axis, set_axes, set_together
from hybhanas_jupyter.plots.breakdown import PARTS, breakdown_data
from hybhanas_jupyter.plots.pareto import is_wide
from hybhanas_jupyter.plots.ticks import ticks

_PERCENT = {share / 4: f"{share / 4:.0%}" for share in range(5)}


class AblationView(VBox):
    """Logical gates, routing and both reliability penalties of one shot, for every member of the front.

    The bars are times, or shares where the times span so much that the longest bar would leave no other to be seen.
    """

    def __init__(self) -> None:
        self._x, self._y = bqplot.OrdinalScale(), bqplot.LinearScale(min=0.0)
        self._bars = bqplot.Bars(
            x=[],
            y=np.empty((len(PARTS), 0)),
            scales={"x": self._x, "y": self._y},
            type="stacked",
            colors=[colour for _, colour in PARTS.values()],
            padding=0.3,
        )
        self._across = bqplot.Axis(scale=self._x, label="Candidate (#), by effective time", label_offset="34px")
        self._figure = bqplot.Figure(
            marks=[self._bars],
            fig_margin={"top": 16, "bottom": 48, "left": 70, "right": 16},
            layout=Layout(width="100%", height="320px"),
        )
        self._figure.add_class("hyb-ablation")
        self._table = HTML()
        legend = (f"<span style='color:{colour}'>■</span> {label}" for label, colour in PARTS.values())
        super().__init__([self._figure, HTML(f"<div class='hyb-legend'>{' · '.join(legend)}</div>"), self._table])
        self.update([])

    def update(self, front: Sequence[Evaluation]) -> None:
        """Show the parts of these candidates; those without a finite cost are left out."""
        data = breakdown_data(front)
        if is_wide(data.total):
            heights, label, marks = data.parts / data.total, "Share of one valid shot", _PERCENT
        else:
            longest = data.total.max(initial=1e-9)
            heights, label, marks = data.parts, "Time of one valid shot", ticks(0.0, longest, unit="s")
        set_axes(self._figure, self._across, axis(self._y, label, marks, side="left"))
        set_together(self._bars, x=[f"#{number}" for number in data.numbers], y=heights)
        headers = ["Architecture", *(label for label, _ in PARTS.values()), "Effective time", "#"]
        rows = [
            [label, *map(seconds, data.parts[:, i]), seconds(data.total[i]), f"#{data.numbers[i]}"]
            for i, label in enumerate(data.labels)
        ]
        self._table.value = html_table(headers, rows) if rows else ""
