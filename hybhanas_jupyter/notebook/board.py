"""Accuracy against every cost, side by side: what is picked in one view is picked in all."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from hybhanas_jupyter.nas.analysis import front
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.notebook.pareto_view import ParetoView, colour_scale, link_selection
from hybhanas_jupyter.plots.page import COSTS
from hybhanas_jupyter.plots.palette import GENERATIONS
from hybhanas_jupyter.plots.pareto import pareto_data

NOBODY = ("pick a point", -1)  # not None, which a selection widget takes for "no option" and shows as a blank
MOST_POINTS = 1000  # bqplot redraws 1,000 points in 0.1 s, 10,000 in 1.2 s


class Board(widgets.VBox):
    """Four linked Pareto views of the evaluations so far, with a slider that replays the generations.

    `on_pick` is called with the evaluations that the user picked.
    """

    def __init__(self, on_pick: Callable[[list[Evaluation]], None] = lambda picked: None) -> None:
        self._evaluations: list[Evaluation] = []
        self._goal = SearchConfig().goal
        self._drawn: list[Evaluation] = []
        self._on_pick = on_pick
        self._colours = colour_scale(2)
        self._views = [ParetoView(pareto_data([], cost), self._colours) for cost in COSTS]
        link_selection(self._views)
        self._picked: list[int] = []
        for view in self._views:
            view.points.observe(self._pick, "selected")
        self._mouse = widgets.ToggleButtons(options=["Click", "Lasso"], tooltips=["Pick points", "Draw around points"])
        self._mouse.style.button_width = "5em"
        self._mouse.observe(self._set_mouse, "value")
        self._clear = widgets.Button(description="Clear selection", tooltip="Pick nothing")
        self._clear.on_click(lambda _: self.pick([]))
        self._list = widgets.Dropdown(
            options=[NOBODY], description="Points", tooltip="Pick without a mouse; the front stands first"
        )
        self._list.add_class("hyb-list")
        self._list.observe(self._pick_listed, "value")
        self._replay = widgets.IntSlider(1, 1, 1, description="Generation", continuous_update=True)
        self._replay.add_class("hyb-replay")
        self._replay.observe(lambda _: self._draw(), "value")
        self._legend = widgets.HTML()
        self._grid = widgets.GridBox([view.figure for view in self._views])
        self._grid.add_class("hyb-grid")
        tools = widgets.HBox(
            [self._replay, self._mouse, self._list, self._clear], layout=widgets.Layout(flex_flow="row wrap")
        )
        super().__init__([tools, self._grid, self._legend])

    def expect(self, config: SearchConfig) -> None:
        """Empty the views for a run of `config`."""
        self._goal = config.goal
        self._colours.max = max(2, config.generations)
        self.pick([])
        self.update([])

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
        for view in self._views:
            view.points.selected = np.array(rows) if rows else None

    def _draw(self) -> None:
        shown = [e for e in self._evaluations if e.generation <= self._replay.value]
        best = front(shown, self._goal)
        before, self._drawn = self._drawn, _drawable(shown, best)
        if any(before[row : row + 1] != self._drawn[row : row + 1] for row in self._picked):
            self.pick([])
        planes = [pareto_data(self._drawn, cost, front=best) for cost in COSTS]
        for plane, view in zip(planes, self._views, strict=True):
            view.update(plane)
        known = [view.figure for plane, view in zip(planes, self._views, strict=True) if plane.xs.size]
        if known and known != list(self._grid.children):  # a search that does not count classical time has none
            self._grid.children = known
        members = {e.number for e in best}
        listed = sorted(enumerate(self._drawn), key=lambda item: item[1].number not in members)
        self._offer([(f"{'◆ ' * (e.number in members)}#{e.number} {e.architecture.label}", row) for row, e in listed])
        beyond = [f"{plane.x.label}: {plane.beyond}" for plane in planes if plane.beyond]
        self._legend.value = _legend(int(self._colours.max), len(shown) - len(self._drawn), beyond)

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
        for view in self._views:
            view.lasso(change["new"] == "Lasso")


def _drawable(evaluations: Sequence[Evaluation], best: Sequence[Evaluation]) -> list[Evaluation]:
    """Those with finite values on every axis, so that a row means the same in all views; the newest and the front."""
    used = [cost for cost in COSTS if any(math.isfinite(e.value(cost)) for e in evaluations)]
    finite = [e for e in evaluations if all(math.isfinite(e.value(name)) for name in ("accuracy", *used))]
    surplus = len(finite) - MOST_POINTS
    if surplus <= 0:
        return finite
    members = {e.number for e in best}
    dropped = {e.number for e in [e for e in finite if e.number not in members][:surplus]}
    return [e for e in finite if e.number not in dropped]


def _legend(generations: int, missing: int, beyond: Sequence[str]) -> str:
    ramp = ", ".join(GENERATIONS)
    left_out = f" · {missing} without finite values or beyond the newest {MOST_POINTS:,} not drawn" if missing else ""
    outside = "".join(f" · {text} the axis" for text in beyond)
    return (
        "<div class='hyb-legend'>◆ front of the search · <span class='hyb-line'></span> best in this view · "
        f"● dominated (faded) · generation 1 <span class='hyb-ramp' style='background:linear-gradient(90deg,{ramp})'>"
        f"</span> {generations}{left_out}{outside}</div>"
    )
