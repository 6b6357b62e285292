"""Accuracy, cost and parameters at once (paper, Fig. 6): the prepared data, and the static drawing by matplotlib."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.nas.objectives import OBJECTIVES, Objective
from hybhanas_jupyter.plots.pareto import colour_map, is_wide
from hybhanas_jupyter.plots.style import THEMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.nas.evaluation import Evaluation


@dataclass(frozen=True)
class LandscapeData:
    """One entry per evaluation with finite values: cost (seconds), parameters, accuracy; `on_front` marks the front."""

    cost: Objective
    labels: tuple[str, ...]
    generations: NDArray[np.int64]
    costs: NDArray[np.float64]
    parameters: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    on_front: NDArray[np.bool_]


def landscape_data(evaluations: Sequence["Evaluation"], front: Collection["Evaluation"]) -> LandscapeData:
    """The evaluations by total time, or by quantum time where no classical time is known."""
    name = "total_time" if any(math.isfinite(e.total_time) for e in evaluations) else "quantum_time"
    known = [e for e in evaluations if math.isfinite(e.value(name)) and math.isfinite(e.accuracy)]
    members = {e.number for e in front}
    return LandscapeData(
        OBJECTIVES[name],
        tuple(e.architecture.label for e in known),
        np.array([e.generation for e in known], dtype=np.int64),
        np.array([e.value(name) for e in known], dtype=float),
        np.array([e.parameters for e in known], dtype=float),
        np.array([e.accuracy for e in known], dtype=float),
        np.array([e.number in members for e in known], dtype=bool),
    )


def draw_landscape(data: LandscapeData, *, theme: str = "light") -> "Figure":
    """A 3D scatter: circles, the front as diamonds, generations by colour; wide costs as powers of ten."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colours = THEMES[theme]
    figure = Figure(figsize=(7, 5.4), dpi=120, facecolor=colours.paper)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(projection="3d", facecolor=colours.paper)
    wide = is_wide(data.costs)
    costs = np.log10(data.costs) if wide else data.costs
    for member, marker, size in ((False, "o", 18), (True, "D", 44)):
        rows = data.on_front == member
        points = costs[rows], data.parameters[rows], data.accuracies[rows]
        axes.scatter(
            *points,
            c=data.generations[rows],
            cmap=colour_map(),
            vmin=1,
            marker=marker,
            s=size,
            alpha=1 if member else 0.4,
        )
    axes.set_xlabel(f"{data.cost.label} ({'log10 s' if wide else 's'})", color=colours.ink)
    axes.set_ylabel("Parameters", color=colours.ink)
    axes.set_zlabel("Validation accuracy", color=colours.ink)
    axes.tick_params(colors=colours.ink)
    return figure
