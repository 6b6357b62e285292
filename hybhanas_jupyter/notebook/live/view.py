"""The running search: controls, status and the views that gain points as each generation finishes."""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import ipywidgets as widgets
from IPython.display import display

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.formatting import html_details, seconds, significant
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import Generation, Progress
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.store import is_written
from hybhanas_jupyter.notebook.common import close_all, close_former, error_html, style_sheet
from hybhanas_jupyter.notebook.live.board import Board
from hybhanas_jupyter.notebook.live.candidate import CandidateView
from hybhanas_jupyter.notebook.live.charts import Curve
from hybhanas_jupyter.notebook.live.pages import AblationView, FrontOutput, LandscapeView, Pages, front_page, load_code

REFRESH = 0.25  # seconds between two looks at the progress
SILENCE = 20  # seconds without a sign of life after which the page says so
REREAD = 1.0  # seconds between two looks into the store of another process
HEARTBEAT = 4.0  # seconds between two signs of life for the page
_WAITING = "<div class='hyb-waiting'>Points appear here as soon as the first generation is trained.</div>"
# Shown by the style sheet where no sign of life has replaced it for a while.
_SILENCE = (
    "<span class='hyb-silence'>The kernel has not told anything for {0} s. If it was restarted, the run is not lost: "
    "<code>{1}</code> shows it, and its button Resume goes on.</span>"
)
ENDED = ("stopped", "finished", "failed")


class LiveView(widgets.VBox):
    """Pause, resume and stop a search and watch it; `attach` shows another search in the same place.

    Handlers only set flags of the search. A daemon thread copies its progress into the widgets until it has ended.
    """

    def __init__(self, search: Search | None = None, store: str | Path | None = None) -> None:
        """Show `search`; with its `store`, also what another process adds to it."""
        self._store = store
        self.front_output = FrontOutput()
        self.pause = _button("Pause", "pause", "hyb-pause", "Let running candidates finish, then wait")
        self.resume = _button("Resume", "play", "hyb-resume", "Go on")
        self.stop = _button("Stop", "stop", "hyb-stop", "End the search; it can be resumed from the store")
        self.buttons = (self.pause, self.resume, self.stop)
        for name, button in zip(("pause", "resume", "stop"), self.buttons, strict=True):
            button.on_click(lambda _, name=name: self._command(name))
        self._status = StatusPanel()
        self._candidate = CandidateView()
        self._board = Board(self._candidate.show)
        self._hypervolume = Curve("", "Generation", "Hypervolume", ["hypervolume"])
        self._ablation = AblationView()
        self._front = widgets.HTML()
        self._front.add_class("hyb-front")
        self._lock = threading.RLock()
        self._watcher = threading.Thread()
        self._search: Search | None = None
        self._elsewhere = False
        self._landscape = LandscapeView()
        self._pages = Pages(
            {
                "Candidate": self._candidate,
                "Front": self._front,
                "Cost of the front": self._ablation,
                "Hypervolume": self._hypervolume.figure,
                "3D": self._landscape,
            }
        )
        self._pages.add_class("hyb-more")
        self._body = widgets.VBox()  # empty at first: plots without points would only push the page about
        parts = [style_sheet(), self._status, self._body]
        super().__init__(parts if search is None else [widgets.HBox(self.buttons), *parts])
        if search is not None:
            self.attach(search)

    def _ipython_display_(self) -> None:
        close_former(self)
        display(self._repr_mimebundle_(), raw=True)
        self.front_output.place()

    def close(self) -> None:
        """Follow the search no longer, and close all widgets."""
        with self._lock:
            self._search = None
            self._board.close()
            close_all(self, self._pages, *self._pages.every, *self._candidate.details)

    def attach(self, search: Search) -> None:
        """Show `search`, whatever its state, and follow it from now on."""
        with self._lock:
            self._search = search
            self._board.expect(search.config)
            self._candidate.attach(search)
            self.front_output.fill(search.run)
            self._show(search, search.run)
            self._listen(search)
            self._follow()

    def _listen(self, search: Search) -> None:
        search.on_generation(lambda generation: self._show(search, generation))
        search.on_finish(lambda run: self._finish(search, run))

    def refresh(self) -> None:
        """Copy the progress of the search into the widgets."""
        with self._lock:
            if self._search is None:
                return
            progress = self._search.progress
            if self._elsewhere:
                progress = replace(progress, state="running in another process")
            self._status.update(progress, self._search.config)
            self._status.beat(progress.state not in ENDED, self._search.run)
            self.pause.disabled = progress.state != "running"
            self.resume.disabled = progress.state not in ("paused", "stopped", "failed")
            self.stop.disabled = progress.state not in ("running", "paused")

    def _command(self, name: str) -> None:
        if self._search is None:
            return
        try:
            getattr(self._search, name)()
        except HybHanasError as error:
            self._status.say(str(error))
        else:
            self._status.say("")
            self.refresh()
            self._follow()

    def _follow(self) -> None:
        if not self._watcher.is_alive():
            self._watcher = threading.Thread(target=self._watch, daemon=True, name="hyb-live-view")
            self._watcher.start()

    def _watch(self) -> None:
        while (search := self._search) is not None and (self._look_elsewhere() or search.progress.state not in ENDED):
            self.refresh()
            time.sleep(REFRESH if search.progress.state not in ENDED else REREAD)
        self.refresh()

    def _look_elsewhere(self) -> bool:
        """Take over what another process has added to the store; whether there is one."""
        search, store = self._search, self._store
        if search is None or store is None or search.progress.state not in ENDED:
            return False
        before, self._elsewhere = self._elsewhere, is_written(store, search.id)
        known = Search.load(store, search.id)
        if len(known.run.evaluations) > len(search.run.evaluations):
            with self._lock:
                self._search = known
                self._listen(known)
                self._show(known, known.run)
        if before and not self._elsewhere:
            self.front_output.fill(known.run)
        return self._elsewhere

    def _show(self, search: Search, now: Generation | Run) -> None:
        with self._lock:
            if search is not self._search:
                return
            self._body.children = (self._board, self._pages) if now.evaluations else (widgets.HTML(_WAITING),)
            self._board.update(now.evaluations)
            self._ablation.update(now.front)
            self._front.value = front_page(now, search.run)
            self._landscape.update(now.evaluations, now.front, search.config.objectives)
            self._pages.reveal()
            self._hypervolume.update({"hypervolume": search.run.hypervolumes})
            self._status.list_failures(now.evaluations)
            self.refresh()

    def _finish(self, search: Search, run: Run) -> None:
        self._show(search, run)
        self.front_output.fill(run)


def _button(text: str, icon: str, css_class: str, tooltip: str) -> widgets.Button:
    button = widgets.Button(description=text, icon=icon, tooltip=tooltip, disabled=True)
    button.add_class(css_class)
    return button


_BAR_STYLE = {"finished": "success", "failed": "danger", "paused": "warning", "stopped": "warning"}
_WIDE = {"description_width": "6em"}


class StatusPanel(widgets.VBox):
    """The progress of a search in words and bars, and the candidates that failed, with reasons."""

    def __init__(self) -> None:
        self._state = widgets.Label("No search yet.")
        self._state.add_class("hyb-status")
        self._silence = widgets.HTML()
        self._announced = widgets.HTML()
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
        super().__init__(
            [self._state, self._silence, self._announced, self._error, bars, self._numbers, self._failures]
        )

    def update(self, progress: Progress, config: SearchConfig) -> None:
        """Show the `progress` of a search of `config`; only what changed is sent to the browser."""
        population = config.population
        self._state.value = describe(progress, measures=config.counts_classical_time)
        self._numbers.value = counts(progress)
        within = progress.evaluated - (progress.generation - 1) * population
        _set_bar(self._whole, progress.evaluated, progress.total, progress.state)
        _set_bar(self._generation, within, population, progress.state)

        # For screen readers, which need not hear of every second.
        heard = f"{progress.state}, generation {progress.generation}, front {progress.front_size}"
        self._announced.value = f"<span class='hyb-unseen' role='status'>{heard}</span>"

    def beat(self, alive: bool, run: Run) -> None:
        """Renew what the page shows when it hears nothing more: a kernel that has ended cannot tell so itself."""
        sign = f"<!--{time.monotonic() // HEARTBEAT:.0f}-->"
        self._silence.value = sign + _SILENCE.format(SILENCE, escape(load_code(run))) if alive else ""

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
    ]
    if progress.elapsed:
        parts.append(f"{seconds(progress.elapsed)} elapsed{' since it went on' if progress.earlier else ''}")
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
