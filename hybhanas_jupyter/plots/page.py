"""The front of a run as a picture, a table and a page that needs nothing from outside."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hybhanas_jupyter.formatting import html_table, seconds
from hybhanas_jupyter.nas.objectives import OBJECTIVES
from hybhanas_jupyter.plots.pareto import ParetoData, draw_pareto, pareto_data

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.nas.evaluation import Evaluation
    from hybhanas_jupyter.nas.results import Run

COSTS = ("quantum_time", "classical_time", "total_time", "parameters")

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


def write_front(run: "Run", png_path: str | Path, html_path: str | Path) -> None:
    """Write the front of `run` as a PNG and as a self-contained HTML page with its table, for light and dark."""
    light, dark = (png_bytes(draw_run(run, theme=theme)) for theme in ("light", "dark"))
    Path(png_path).write_bytes(light)
    page = _PAGE.format(
        title=escape(run_title(run)),
        summary=escape(run_summary(run)),
        light=data_uri(light),
        dark=data_uri(dark),
        table=front_table(run.front),
    )
    Path(html_path).write_text(page, encoding="utf-8")


def draw_run(run: "Run", *, theme: str = "light") -> "Figure":
    """Accuracy against every cost in which the evaluations of `run` differ."""
    return draw_pareto(*run_planes(run), theme=theme, title=run_title(run))


def run_planes(run: "Run") -> list[ParetoData]:
    """Accuracy against each cost; one that is the same for all candidates, as in a fixed CNN, says nothing."""
    planes = [pareto_data(run.evaluations, cost, front=run.front) for cost in COSTS]
    telling = [plane for plane in planes if np.unique(plane.xs).size > 1]
    return telling or planes[:1]


def run_title(run: "Run") -> str:
    """What was searched, on which device."""
    return f"Pareto front: {run.config.data} on {run.config.device}"


def run_summary(run: "Run") -> str:
    """Evaluations, failures and generations in one sentence."""
    failed = sum(e.status != "ok" for e in run.evaluations)
    return (
        f"{len(run.front)} of {len(run.evaluations)} evaluated architectures are Pareto-optimal "
        f"after {len(run.hypervolumes)} generations ({failed} failed). Run {run.id}."
    )


def front_table(front: Sequence["Evaluation"]) -> str:
    """The front as an HTML table, cheapest quantum time first; times that are not known have no column."""
    times = [OBJECTIVES[cost] for cost in COSTS[:3] if any(isfinite(e.value(cost)) for e in front)]
    headers = ["Architecture", "Accuracy", *(time.label for time in times), "Parameters", "Generation", "#"]
    rows = [
        [
            e.architecture.label,
            f"{e.accuracy:.1%}",
            *(seconds(e.value(time.name)) for time in times),
            f"{e.parameters:,}",
            e.generation,
            e.number,
        ]
        for e in sorted(front, key=lambda e: (e.quantum_time, e.number))
    ]
    return html_table(headers, rows)


def png_bytes(figure: "Figure") -> bytes:
    """The figure as a PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def data_uri(png: bytes) -> str:
    """A PNG as text that an `img` can show without a file."""
    return f"data:image/png;base64,{b64encode(png).decode()}"
