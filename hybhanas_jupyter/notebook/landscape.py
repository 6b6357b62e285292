"""The 3D view: plotly, turned with the mouse, where it is installed; else a picture."""

from base64 import b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import ipywidgets as widgets
import numpy as np

from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.plots.landscape import LandscapeData, draw_landscape, landscape_data
from hybhanas_jupyter.plots.page import png_bytes
from hybhanas_jupyter.plots.palette import GENERATIONS
from hybhanas_jupyter.plots.pareto import is_wide
from hybhanas_jupyter.plots.ticks import ticks

INK = "#808080"  # reads on white and on near-black


class LandscapeView(widgets.VBox):
    """Accuracy over cost and parameters; `reveal` draws, so that a view that nobody looks at costs nothing."""

    def __init__(self) -> None:
        self._data = landscape_data([], [])
        self._plot: Any = None
        super().__init__()
        self.add_class("hyb-landscape")

    def update(self, evaluations: Sequence[Evaluation], front: Sequence[Evaluation]) -> None:
        """Take these evaluations; they are drawn at the next `reveal`."""
        self._data = landscape_data(evaluations, front)

    def reveal(self) -> None:
        """Draw what is known now."""
        if not has_plotly():
            png = b64encode(png_bytes(draw_landscape(self._data))).decode()
            hint = "Install hybhanas_jupyter[3d] to turn this view with the mouse."
            self.children = [widgets.HTML(f"<img src='data:image/png;base64,{png}' alt='3D front'><div>{hint}</div>")]
            return
        if self._plot is None:
            self._plot = _empty_plot()
            self.children = [self._plot]
        with self._plot.batch_update():
            for trace, rows in zip(self._plot.data, (~self._data.on_front, self._data.on_front), strict=True):
                trace.update(_points(self._data, rows))
            self._plot.layout.scene.xaxis.update(_cost_axis(self._data))


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
        "xaxis": axis,
        "yaxis": {**axis, "title": "Parameters"},
        "zaxis": {**axis, "title": "Validation accuracy"},
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


def _cost_axis(data: LandscapeData) -> dict[str, Any]:
    if not data.costs.size:
        return {}
    wide = is_wide(data.costs)
    labels = ticks(data.costs.min(), data.costs.max(), unit="s", logarithmic=wide)
    kind = "log" if wide else "linear"
    return {"type": kind, "title": data.cost.label, "tickvals": list(labels), "ticktext": list(labels.values())}


def _points(data: LandscapeData, rows: np.ndarray) -> dict[str, Any]:
    return {
        "x": data.costs[rows],
        "y": data.parameters[rows],
        "z": data.accuracies[rows],
        "text": [label for label, shown in zip(data.labels, rows, strict=True) if shown],
        "marker": {"color": data.generations[rows], "cmax": max(2, data.generations.max(initial=0))},
    }
