"""What a run shows beside its report: the prepared data of its pictures, the front as a table and as a page."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.errors import check_name
from hybhanas_jupyter.formatting import PART_COLOURS, html_table
from hybhanas_jupyter.nas.analysis import nondominated
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation
from hybhanas_jupyter.plots.breakdown import draw_parts
from hybhanas_jupyter.plots.landscape import LandscapeData, draw_landscape
from hybhanas_jupyter.plots.pareto import ParetoData, draw_pareto
from hybhanas_jupyter.plots.style import data_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Key in `Evaluation.cost` -> (label, colour), in stacking order; together they are the effective time of one shot.
PARTS = {
    "logical_time": ("Logical gates", PART_COLOURS[0]),
    "routing_time": ("Routing", PART_COLOURS[1]),
    "gate_error_penalty": ("Gate errors", PART_COLOURS[2]),
    "decoherence_penalty": ("Decoherence", PART_COLOURS[3]),
}
KINDS = ("front", "landscape", "parts")
_CLOCKS = ("usage_time", "quantum_time")  # in every table: what a provider counts, and the paper's clock

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }}
img {{ max-width: 100% }}
table {{ font-variant-numeric: tabular-nums; font-size: 0.9em }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<picture>
<source srcset="{dark}" media="(prefers-color-scheme: dark)">
<img src="{light}" alt="{title}. The table below holds the same front.">
</picture>
{table}
</html>
"""


def draw(
    kind: str,
    evaluations: Sequence[Evaluation],
    front: Sequence[Evaluation],
    objectives: Sequence[str],
    *,
    theme: str,
    title: str,
) -> "Figure":
    """A picture of a run, see `Run.figure`."""
    match check_name("kind of figure", kind, KINDS):
        case "landscape":
            return draw_landscape(landscape_data(evaluations, front, objectives), theme=theme, title=title)
        case "parts":
            return draw_parts(breakdown_data(front).bars, theme=theme, title=title)
        case _:
            return draw_pareto(*planes(evaluations, front, objectives), theme=theme, title=title)


def upright(objectives: Sequence[str]) -> str:
    """The objective of the vertical axis: the accuracy, else the first that is maximised, else the first."""
    return min(objectives, key=lambda name: (name != "accuracy", not OBJECTIVES[name].maximise))


def planes(
    evaluations: Sequence[Evaluation], front: Collection[Evaluation], objectives: Sequence[str]
) -> list[ParetoData]:
    """The upright objective against each other one; one that is the same for all candidates says nothing."""
    y = upright(objectives)
    every = [pareto_data(evaluations, x, y, front=front) for x in objectives if x != y]
    return [plane for plane in every if np.unique(plane.xs).size > 1] or every[:1]


def pareto_data(
    evaluations: Sequence[Evaluation],
    x: str = "quantum_time",
    y: str = "accuracy",
    *,
    front: Collection[Evaluation] | None = None,
) -> ParetoData:
    """Evaluations with finite `x` and `y` (names of objectives); `front`: the search's own, else that of this plane."""
    points = [(e.value(x), e.value(y)) for e in evaluations]
    kept = [i for i, point in enumerate(points) if all(map(math.isfinite, point))]
    chosen = [evaluations[i] for i in kept]
    values = np.array([points[i] for i in kept], dtype=float).reshape(-1, 2)
    best = nondominated(values, (x, y))
    order = np.argsort(-OBJECTIVES[x].weight * values[best, 0], kind="stable")
    numbers = tuple(e.number for e in chosen)
    members = None if front is None else {e.number for e in front}
    return ParetoData(
        x=OBJECTIVES[x],
        y=OBJECTIVES[y],
        numbers=numbers,
        labels=tuple(e.architecture.label for e in chosen),
        generations=np.array([e.generation for e in chosen], dtype=np.int64),
        xs=values[:, 0],
        ys=values[:, 1],
        on_front=best if members is None else np.array([n in members for n in numbers], dtype=bool),
        step=np.flatnonzero(best)[order],
        skipped=len(points) - len(kept),
    )


def landscape_data(
    evaluations: Sequence[Evaluation], front: Collection[Evaluation], objectives: Sequence[str]
) -> LandscapeData:
    """The evaluations over the first two objectives that are not upright; a search of two shows parameters as well."""
    z = upright(objectives)
    names = dict.fromkeys(name for name in (*objectives, "parameters", "quantum_time") if name != z)
    axes = [OBJECTIVES[name] for name in (*list(names)[:2], z)]
    rows = [[e.value(axis.name) for axis in axes] for e in evaluations]
    known = [i for i, row in enumerate(rows) if all(map(math.isfinite, row))]
    members = {e.number for e in front}
    return LandscapeData(
        (axes[0], axes[1], axes[2]),
        tuple(evaluations[i].architecture.label for i in known),
        np.array([evaluations[i].generation for i in known], dtype=np.int64),
        np.array([rows[i] for i in known], dtype=float).reshape(-1, 3).T,
        np.array([evaluations[i].number in members for i in known], dtype=bool),
    )


@dataclass(frozen=True)
class BreakdownData:
    """One column per candidate, cheapest first: `parts` (parts, candidates) and their sum `total`, in seconds."""

    numbers: tuple[int, ...]
    labels: tuple[str, ...]
    parts: NDArray[np.float64]
    total: NDArray[np.float64]

    @property
    def bars(self) -> dict[str, dict[str, float]]:
        """The parts of each candidate by their labels."""
        names = [f"{label.split(' |')[0]}  #{number}" for label, number in zip(self.labels, self.numbers, strict=True)]
        labels = [label for label, _ in PARTS.values()]
        return {name: dict(zip(labels, column, strict=True)) for name, column in zip(names, self.parts.T, strict=True)}


def breakdown_data(evaluations: Sequence[Evaluation]) -> BreakdownData:
    """The parts of the effective time of every evaluation that has all of them finite (paper, Fig. 7)."""
    known = [e for e in evaluations if all(math.isfinite(e.cost.get(part, math.nan)) for part in PARTS)]
    known.sort(key=lambda e: sum(e.cost[part] for part in PARTS))
    parts = np.array([[e.cost[part] for e in known] for part in PARTS], dtype=float)
    return BreakdownData(
        tuple(e.number for e in known), tuple(e.architecture.label for e in known), parts, parts.sum(axis=0)
    )


def front_table(front: Sequence[Evaluation], objectives: Sequence[str]) -> str:
    """The front as an HTML table: its objectives, both clocks and the parameters, those that are known.

    And what a quantum layer leaves unused, if one does.
    """
    names = dict.fromkeys((*objectives, *_CLOCKS, "parameters"))
    shown = [OBJECTIVES[name] for name in names if any(math.isfinite(e.value(name)) for e in front)]
    noted = ["Quantum layer"] if any(e.note for e in front) else []
    rows = [
        [
            e.architecture.label,
            *(o.text(e.value(o.name)) for o in shown),
            *(e.note for _ in noted),
            e.generation,
            e.number,
        ]
        for e in front
    ]
    return html_table(["Architecture", *(o.label for o in shown), *noted, "Generation", "#"], rows)


def page(title: str, summary: str, figures: "tuple[Figure, Figure]", table: str) -> str:
    """A page that needs nothing from outside: a picture for light and for dark, and a table (HTML)."""
    light, dark = map(data_uri, figures)
    return _PAGE.format(title=escape(title), summary=escape(summary), light=light, dark=dark, table=table)
