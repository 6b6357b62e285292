"""Where a running search stands: state, time left, progress of the generation and of the whole, failures."""

import math
from collections.abc import Sequence

import ipywidgets as widgets

from hybhanas_jupyter.formatting import html_details, seconds, significant
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.results import Progress
from hybhanas_jupyter.notebook.fields import error_html

_BAR_STYLE = {"finished": "success", "failed": "danger", "paused": "warning", "stopped": "warning"}
_WIDE = {"description_width": "6em"}


class StatusPanel(widgets.VBox):
    """The progress of a search in words and bars, and the candidates that failed, with reasons."""

    def __init__(self) -> None:
        self._state = widgets.Label("No search yet.")
        self._state.add_class("hyb-status")
        self._whole = _bar("Search", "hyb-progress")
        self._generation = _bar("Generation", "hyb-generation")
        self._numbers = widgets.Label()
        self._numbers.add_class("hyb-numbers")
        self._error = widgets.HTML()
        self._error.add_class("hyb-error")
        self._failures = widgets.HTML()
        self._failures.add_class("hyb-failures")
        self._shown_failures = -1
        bars = widgets.HBox([self._whole, self._generation])
        bars.add_class("hyb-bars")
        super().__init__([self._state, self._error, bars, self._numbers, self._failures])

    def update(self, progress: Progress, config: SearchConfig) -> None:
        """Show the `progress` of a search of `config`; only what changed is sent to the browser."""
        population = config.population
        self._state.value = describe(progress, measures=config.counts_classical_time)
        self._numbers.value = counts(progress)
        within = progress.evaluated - (progress.generation - 1) * population
        _set_bar(self._whole, progress.evaluated, progress.total, progress.state)
        _set_bar(self._generation, within, population, progress.state)

    def say(self, error: str) -> None:
        """Show why a command could not be carried out; an empty text clears it."""
        self._error.value = error_html(error)

    def list_failures(self, evaluations: Sequence[Evaluation]) -> None:
        """List the candidates without a result."""
        failed = [e for e in evaluations if e.status != "ok"]
        if len(failed) == self._shown_failures:
            return
        self._shown_failures = len(failed)
        lines = [f"#{e.number} {e.architecture.label}: {e.reason or e.status}" for e in failed]
        self._failures.value = html_details(f"{len(failed)} without a result", lines) if failed else ""


def describe(progress: Progress, *, measures: bool = False) -> str:
    """State, generation and time in one line; `measures`: whether the search needs to know this machine's speed."""
    if progress.state == "running" and not progress.evaluated:
        first = " · a machine's first search of this kind measures its speed for about 20 s, once" if measures else ""
        return f"running · the first candidates are in training{first} · {seconds(progress.elapsed)} elapsed"
    parts = [
        f"{progress.state}: {progress.reason}" if progress.reason else progress.state,
        f"generation {progress.generation} of {progress.generations}",
        f"{seconds(progress.elapsed)} elapsed",
    ]
    if progress.state == "running" and math.isfinite(progress.remaining):
        parts.append(f"{seconds(progress.remaining)} left")
    return " · ".join(parts)


def counts(progress: Progress) -> str:
    """Everything that is counted, in one line."""
    return " · ".join(
        (
            f"{progress.evaluated} of {progress.total} evaluated",
            f"front {progress.front_size}",
            f"hypervolume {significant(progress.hypervolume)}",
            f"{progress.saved} trainings saved",
            f"{progress.failed} failed",
            f"workers {progress.utilisation:.0%} busy",
        )
    )


def _bar(description: str, css_class: str) -> widgets.IntProgress:
    bar = widgets.IntProgress(value=0, min=0, max=1, description=description, style=_WIDE)
    bar.layout.width = "50%"
    bar.add_class(css_class)
    return bar


def _set_bar(bar: widgets.IntProgress, value: int, most: int, state: str) -> None:
    bar.max = max(1, most)
    bar.value = min(max(0, value), bar.max)
    bar.bar_style = _BAR_STYLE.get(state, "")
