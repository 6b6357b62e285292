"""Accuracy against every cost, side by side: what is picked in one view is picked in all (heavy import)."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np
from bqplot.interacts import LassoSelector
from ipywidgets import Layout, Widget, jslink

from hybhanas_jupyter.nas.analysis import front
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation
from hybhanas_jupyter.nas.pictures import pareto_data, upright
from hybhanas_jupyter.notebook.common import close_all
from hybhanas_jupyter.notebook.form.fields import Choices
from hybhanas_jupyter.notebook.live.charts import INK, axis, set_axes, set_together
from hybhanas_jupyter.plots.pareto import ParetoData, axis_label
from hybhanas_jupyter.plots.style import GENERATIONS, limits, ticks

NOBODY = ("pick a point", -1)  # not None, which a selection widget takes for "no option" and shows as a blank
MOST_POINTS = 1000  # bqplot redraws 1,000 points in 0.1 s, 10,000 in 1.2 s


class Board(widgets.VBox):
    """Linked Pareto views of the evaluations so far, with a slider that replays the generations.

    There is one view for each objective against the accuracy (see `upright`), and one for each other measured property
    that the user asks for. `on_pick` is called with the evaluations that the user picked.
    """

    def __init__(self, on_pick: Callable[[list[Evaluation]], None] = lambda picked: None) -> None:
        self._evaluations: list[Evaluation] = []
        self._drawn: list[Evaluation] = []
        self._on_pick = on_pick
        self._views: dict[str, ParetoView] = {}
        self._picked: list[int] = []
        self._mouse = widgets.ToggleButtons(options=["Click", "Lasso"], tooltips=["Pick points", "Draw around points"])
        self._mouse.style.button_width = "5em"
        self._mouse.observe(self._set_mouse, "value")
        self._clear = widgets.Button(description="Clear selection", tooltip="Pick nothing")
        self._clear.on_click(lambda _: self._pick_nothing())
        self._list = widgets.Dropdown(
            options=[NOBODY], description="Points", tooltip="Pick without a mouse; the front stands first"
        )
        self._list.add_class("hyb-list")
        self._list.observe(self._pick_listed, "value")
        self._replay = widgets.IntSlider(1, 1, 1, description="Generation", continuous_update=True)
        self._replay.add_class("hyb-replay")
        self._replay.observe(lambda _: self._draw(), "value")
        self._legend = widgets.HTML()
        self._more = Choices("Also show", ())
        self._grid = widgets.GridBox()
        self._grid.add_class("hyb-grid")
        self._tools = widgets.HBox(
            [self._replay, self._mouse, self._list, self._clear], layout=widgets.Layout(flex_flow="row wrap")
        )
        super().__init__()
        self.expect(SearchConfig())

    def expect(self, config: SearchConfig) -> None:
        """Empty the views for a run of `config`."""
        self._config = config
        self._upright = upright(config.objectives)
        self._colours = colour_scale(config.generations)
        self._close_views()
        close_all(self._more)
        others = [name for name in OBJECTIVES if name not in config.objectives]
        self._more = Choices("Also show", others, label=lambda name: OBJECTIVES[name].label)
        self._more.add_class("hyb-axes")
        self._more.observe(lambda _: self._draw(), "value")
        self.children = [self._tools, self._grid, self._more, self._legend]
        self.update([])
        self._draw()

    def _close_views(self) -> None:
        for view in self._views.values():
            view.close()
        self._views, self._picked = {}, []

    def close(self) -> None:
        """Close the views with their links, too."""
        self._close_views()
        close_all(self, self._colours)

    @property
    def _costs(self) -> list[str]:
        """The properties that have a view, in the order of the views."""
        return [name for name in (*self._config.objectives, *self._more.value) if name != self._upright]

    def _view(self, plane: ParetoData, name: str, texts: Sequence[str]) -> "ParetoView":
        """The view of this property; a new one knows what is picked in the others."""
        if name not in self._views:
            view = self._views[name] = ParetoView(plane, self._colours)
            view.lasso(self._mouse.value == "Lasso")
            view.points.selected = np.array(self._picked) if self._picked else None
            view.points.observe(self._pick, "selected")
            view.follow(next(iter(self._views.values())))
        self._views[name].update(plane, texts)
        return self._views[name]

    def update(self, evaluations: Sequence[Evaluation]) -> None:
        """Show all `evaluations`; the slider stays where the user has put it, else it follows."""
        follows = self._replay.value == self._replay.max
        self._evaluations = list(evaluations)
        last = max((e.generation for e in evaluations), default=1)
        if last == self._replay.max:
            self._draw()
            return
        self._replay.max = last
        if follows:
            self._replay.value = last

    def pick(self, rows: Sequence[int]) -> None:
        """Pick evaluations by their row among the drawn ones."""
        for view in self._views.values():
            view.points.selected = np.array(rows) if rows else None

    def _pick_nothing(self) -> None:
        self.pick([])
        self._set_mouse({"new": self._mouse.value})

    def _draw(self) -> None:
        shown = [e for e in self._evaluations if e.generation <= self._replay.value]
        best = front(shown, self._config.goal)
        costs = self._costs
        before, self._drawn = self._drawn, _drawable(shown, best, (self._upright, *costs))
        if any(before[row : row + 1] != self._drawn[row : row + 1] for row in self._picked):
            self.pick([])
        texts = [told(e, dict.fromkeys((self._upright, *costs, "usage_time"))) for e in self._drawn]
        planes = {cost: pareto_data(self._drawn, cost, self._upright, front=best) for cost in costs}
        # A property that is not known, such as the classical time of a search that does not count it, has no view.
        figures = [self._view(plane, cost, texts).figure for cost, plane in planes.items() if plane.xs.size]
        if figures != list(self._grid.children):
            self._grid.children = figures
        members = {e.number for e in best}
        listed = sorted(enumerate(self._drawn), key=lambda item: item[1].number not in members)
        self._offer([(f"{'◆ ' * (e.number in members)}#{e.number} {e.architecture.label}", row) for row, e in listed])
        beyond = [f"{plane.x.label}: {plane.beyond}" for plane in planes.values() if plane.beyond]
        self._legend.value = _legend(max(2, self._config.generations), len(shown) - len(self._drawn), beyond)

    def _pick(self, change: dict[str, Any]) -> None:
        rows = [] if change["new"] is None else [int(row) for row in change["new"]]
        if rows != self._picked:  # the other views report the same pick
            self._picked = [row for row in rows if row < len(self._drawn)]
            self._offer(self._list.options[1:])
            self._on_pick([self._drawn[row] for row in self._picked])

    def _offer(self, points: Sequence[tuple[str, int]]) -> None:
        """List `points` by label and row, with the picked one in front of the user."""
        options = [NOBODY, *points]
        picked = self._picked[0] if len(self._picked) == 1 else NOBODY[1]
        self._list.unobserve(self._pick_listed, "value")  # new options choose the first, which is no pick of the user
        with self._list.hold_sync():
            if list(self._list.options) != options:
                self._list.options = options
            self._list.value = picked
        self._list.observe(self._pick_listed, "value")

    def _pick_listed(self, change: dict[str, Any]) -> None:
        self.pick([] if change["new"] == NOBODY[1] else [change["new"]])

    def _set_mouse(self, change: dict[str, object]) -> None:
        for view in self._views.values():
            view.lasso(change["new"] == "Lasso")


def told(evaluation: Evaluation, names: Iterable[str]) -> str:
    """What the mouse over a point shows: who it is, and these of its properties that are known, one a line."""
    known = [OBJECTIVES[name] for name in names if math.isfinite(evaluation.value(name))]
    lines = [f"{o.label}: {o.text(evaluation.value(o.name))}" for o in known]
    head = f"#{evaluation.number} {evaluation.architecture.label}"
    return "\n".join([head, *lines, f"Generation {evaluation.generation}"])


def _drawable(evaluations: Sequence[Evaluation], best: Sequence[Evaluation], axes: Sequence[str]) -> list[Evaluation]:
    """Those with finite values on every axis, so that a row means the same in all views; the newest and the front."""
    used = [name for name in axes if name == axes[0] or any(math.isfinite(e.value(name)) for e in evaluations)]
    finite = [e for e in evaluations if all(math.isfinite(e.value(name)) for name in used)]
    surplus = len(finite) - MOST_POINTS
    if surplus <= 0:
        return finite
    members = {e.number for e in best}
    dropped = {e.number for e in [e for e in finite if e.number not in members][:surplus]}
    return [e for e in finite if e.number not in dropped]


def _legend(generations: int, missing: int, beyond: Sequence[str]) -> str:
    ramp = ", ".join(GENERATIONS)
    hidden = f" · {missing} not drawn: without a value on every axis, or beyond the newest {MOST_POINTS:,}"
    outside = "".join(f" · {text} the axis" for text in beyond)
    return (
        "<div class='hyb-legend'>◆ front of the search · <span class='hyb-line'></span> best in this view · "
        f"● dominated · generation 1 <span class='hyb-ramp' style='background:linear-gradient(90deg,{ramp})'>"
        f"</span> {generations}{hidden if missing else ''}{outside}</div>"
    )


class ParetoView:
    """A scatter of evaluations (small circles), the front (diamonds) and its steps (line).

    `selected` of `points` holds the indices of the picked evaluations, in the order of the data.
    """

    def __init__(self, data: ParetoData, colours: bqplot.ColorScale) -> None:
        self._colours = colours
        self._links: list[Widget] = []
        self._x, self._y = bqplot.LinearScale(), bqplot.LinearScale()
        empty = {"x": np.empty(0), "y": np.empty(0), "scales": {"x": self._x, "y": self._y}}
        self.points = bqplot.Scatter(
            display_names=False,
            names_unique=False,  # else points with the same label are taken for one and the second is never coloured
            default_size=22,
            interactions={"click": "select", "hover": "tooltip"},
            selected_style={"stroke": "var(--jp-ui-font-color0, black)", "stroke-width": "3px", "opacity": "1"},
            tooltip=bqplot.Tooltip(fields=["name"], labels=[""], show_labels=False),
            **empty,
        )
        self.front = bqplot.Scatter(marker="diamond", default_size=130, stroke=INK, **empty)
        self.steps = bqplot.Lines(interpolation="step-after", colors=[INK], stroke_width=1.5, **empty)
        self.figure = bqplot.Figure(
            marks=[self.steps, self.front, self.points],
            fig_margin={"top": 12, "bottom": 48, "left": 56, "right": 16},
            layout=Layout(width="100%", height="300px", min_width="320px"),
        )
        self.figure.add_class("hyb-pareto")
        self._logarithmic: bool | None = None
        self.update(data, data.labels)

    def update(self, data: ParetoData, texts: Sequence[str]) -> None:
        """Show `data`, in one message per mark; `texts` are shown by the mouse over each point."""
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
            names=np.array(texts),
        )

    def follow(self, other: "ParetoView") -> None:
        """Show what is picked in another view, and the other way round, without a way through the kernel."""
        if other is not self:
            self._links.append(jslink((other.points, "selected"), (self.points, "selected")))

    def close(self) -> None:
        """Take the widgets out of the page and of the kernel."""
        close_all(*self._links, self.figure)

    def lasso(self, on: bool) -> None:
        """Let the mouse draw a new lasso instead of clicking points; the outline of an old one is gone."""
        self.figure.interaction = None
        if on:
            self.figure.interaction = LassoSelector(marks=[self.points], color=INK)

    def _set_scales(self, data: ParetoData) -> None:
        """Limits are always given: a logarithmic scale without them draws its ticks at NaN."""
        x, y = data.x_limits, limits(data.ys)
        if data.logarithmic != self._logarithmic:
            self._logarithmic = data.logarithmic
            old, self._x = self._x, (bqplot.LogScale if data.logarithmic else bqplot.LinearScale)(min=x[0], max=x[1])
            coordinates = {"x": self._x, "y": self._y}
            self.steps.scales = coordinates
            self.front.scales = self.points.scales = {**coordinates, "color": self._colours}
            set_axes(self.figure)
            old.close()
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
