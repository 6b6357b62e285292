"""The pages below the board: cost of the front, 3D, and the front as ordinary outputs (heavy import)."""

import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np
from IPython.display import display, update_display
from ipywidgets import HTML, Layout, VBox
from numpy.typing import NDArray

from hybhanas_jupyter.formatting import html_table, seconds
from hybhanas_jupyter.nas.control import Generation
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.pictures import PARTS, breakdown_data, front_table, landscape_data
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.notebook.common import in_background
from hybhanas_jupyter.notebook.live.charts import INK, axis, set_axes, set_together
from hybhanas_jupyter.plots.landscape import LandscapeData, draw_landscape
from hybhanas_jupyter.plots.pareto import Quantity, axis_label
from hybhanas_jupyter.plots.style import GENERATIONS, data_uri, is_wide, png_bytes, ticks


class Pages(widgets.Tab):
    """One page per title; pages behind are taken out of the browser, as bqplot cannot draw where it has no room.

    A page with a method `reveal` is told when it comes to the front; one with `stays` is only hidden once it was there.
    """

    def __init__(self, pages: Mapping[str, widgets.Widget]) -> None:
        self._pages = tuple(pages.values())
        super().__init__([widgets.VBox() for _ in pages], titles=tuple(pages), selected_index=0)
        self.add_class("hyb-tabs")
        self.observe(lambda _: self._turn(), "selected_index")
        self._turn()

    def _turn(self) -> None:
        for index, (box, page) in enumerate(zip(self.children, self._pages, strict=True)):
            stays = getattr(page, "stays", False) and box.children
            box.children = (page,) if index == self.selected_index or stays else ()
        self.reveal()

    @property
    def every(self) -> tuple[widgets.Widget, ...]:
        """All pages, those behind too."""
        return self._pages

    def reveal(self) -> None:
        """Tell the page in front, if it draws on demand."""
        page = self._pages[self.selected_index or 0]
        if hasattr(page, "reveal"):
            page.reveal()


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


class LandscapeView(widgets.VBox):
    """Three objectives at once; `reveal` draws, so that a view that nobody looks at costs nothing."""

    stays = True  # plotly draws 700 px wide where a page comes back

    def __init__(self) -> None:
        self._data: LandscapeData | None = None
        self._plot: Any = None
        super().__init__()
        self.add_class("hyb-landscape")

    def update(self, evaluations: Sequence[Evaluation], front: Sequence[Evaluation], objectives: Sequence[str]) -> None:
        """Take these evaluations of a search for `objectives`; they are drawn at the next `reveal`."""
        self._data = landscape_data(evaluations, front, objectives)

    def reveal(self) -> None:
        """Draw what is known now."""
        if self._data is None:
            return
        if not has_plotly():
            hint = "Install hybhanas_jupyter[3d] to turn this view with the mouse."
            image = f"<img src='{data_uri(draw_landscape(self._data))}' alt='3D front'>"
            self.children = [widgets.HTML(f"{image}<div>{hint}</div>")]
            return
        if self._plot is None:
            self._plot = _empty_plot()
            self.children = [self._plot]
        with self._plot.batch_update():
            for trace, rows in zip(self._plot.data, (~self._data.on_front, self._data.on_front), strict=True):
                trace.update(_points(self._data, rows))
            for letter, quantity, values in zip("xyz", self._data.axes, self._data.points, strict=True):
                self._plot.layout.scene[f"{letter}axis"].update(_scene_axis(quantity, values))


def has_plotly() -> bool:
    """Whether the extra `3d` is installed."""
    return find_spec("plotly") is not None and find_spec("anywidget") is not None


def _empty_plot() -> Any:
    import plotly.graph_objects as go

    front = {"symbol": "diamond", "size": 6, "line": {"color": INK, "width": 1}}
    traces = [
        go.Scatter3d(name=name, mode="markers", marker={"colorscale": list(GENERATIONS), "cmin": 1, **marker})
        for name, marker in (("dominated", {"size": 4, "opacity": 0.45}), ("front of the search", front))
    ]
    axis = {"color": INK, "gridcolor": INK, "showbackground": False}
    scene = {
        **{f"{letter}axis": axis for letter in "xyz"},
        "camera": {"eye": {"x": 1.6, "y": 1.6, "z": 0.9}},
    }
    layout = go.Layout(
        scene=scene,
        uirevision="keep the camera",
        height=520,
        autosize=True,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        font={"color": INK},
        legend={"x": 0, "y": 1},
    )
    return go.FigureWidget(traces, layout)


def _scene_axis(quantity: Quantity, values: NDArray[np.float64]) -> dict[str, Any]:
    title = axis_label(quantity)
    if not values.size:
        return {"title": title}
    wide = is_wide(values)
    labels = ticks(values.min(), values.max(), unit=quantity.unit, logarithmic=wide)
    kind = "log" if wide else "linear"
    return {"type": kind, "title": title, "tickvals": list(labels), "ticktext": list(labels.values())}


def _points(data: LandscapeData, rows: np.ndarray) -> dict[str, Any]:
    return {
        **{letter: values[rows] for letter, values in zip("xyz", data.points, strict=True)},
        "text": [label for label, shown in zip(data.labels, rows, strict=True) if shown],
        "marker": {"color": data.generations[rows], "cmax": max(2, data.generations.max(initial=0))},
    }


_BLANK = {"text/plain": ""}
_WIDTH = 760  # pixels: what stands below the view should not push the next cells far away


class FrontOutput:
    """Two places below a view, one for the picture and one for the table of the front, filled when the run has ended.

    A page that was reloaded in between does not take messages for outputs that it did not ask for itself. The front is
    then shown by displaying the view again, see `front_page`.
    """

    def __init__(self) -> None:
        self._picture, self._table = f"hyb-{uuid.uuid4()}", f"hyb-{uuid.uuid4()}"
        self._placed = False
        self._run: Run | None = None

    def place(self) -> None:
        """Make the places in the running cell."""
        self._placed = True
        for name in (self._picture, self._table):
            display(_BLANK, raw=True, display_id=name)
        self._draw()

    def fill(self, run: Run) -> None:
        """Put the front of `run` into the places, now or when there are any; without a front they are emptied."""
        self._run = run
        self._draw()

    def _draw(self) -> None:
        if self._placed and self._run is not None:
            in_background(self._send, self._run)

    def _send(self, run: Run) -> None:
        picture, table = _bundles(run) if run.front else (_BLANK, _BLANK)
        update_display(picture, raw=True, display_id=self._picture, metadata={"image/png": {"width": _WIDTH}})
        update_display(table, raw=True, display_id=self._table)


def front_page(now: Generation | Run, run: Run) -> str:
    """The front as it is `now`, and where it will stand after the end of `run`, as HTML for a widget."""
    return (
        f"{front_table(now.front, run.config.objectives) if now.front else ''}<div class='hyb-legend'>"
        "When the run has ended, picture and table of the front also stand below this view, where a saved notebook "
        "keeps them. If the page was reloaded meanwhile, this in a new cell shows them: "
        f"<code>{escape(load_code(run))}</code></div>"
    )


def load_code(run: Run) -> str:
    """The code that shows a stored run again."""
    return f"hyb.Search.load({run.store!r}, {run.id!r}).view()"


def _bundles(run: Run) -> tuple[dict[str, str], dict[str, str]]:
    png = b64encode(png_bytes(run.figure(theme="neutral"))).decode()
    table = front_table(run.front, run.config.objectives)
    folded = f"<details><summary>{escape(run.summary)}</summary>{table}</details>"
    return {"image/png": png, "text/plain": run.summary}, {"text/html": folded, "text/plain": repr(run)}
