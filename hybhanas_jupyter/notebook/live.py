"""The running search: controls, progress and the views that gain points as each generation finishes."""

import math
import threading

import ipywidgets as widgets

from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.results import Generation, Progress, Run
from hybhanas_jupyter.nas.run import Search
from hybhanas_jupyter.notebook.board import Board
from hybhanas_jupyter.notebook.style import style_sheet

REFRESH = 0.25  # seconds between two looks at the progress
ENDED = ("stopped", "finished", "failed")


class LiveView(widgets.VBox):
    """Pause, resume and stop a search and watch it; `attach` shows another search in the same place.

    Handlers only set flags of the search. A daemon thread copies its progress into the widgets until it has ended.
    """

    def __init__(self, search: Search | None = None) -> None:
        self.pause = _button("Pause", "pause", "hyb-pause", "Let running candidates finish, then wait")
        self.resume = _button("Resume", "play", "hyb-resume", "Go on")
        self.stop = _button("Stop", "stop", "hyb-stop", "End the search; it can be resumed from the store")
        self._status = widgets.Label("No search yet.")
        self._status.add_class("hyb-status")
        self._bar = widgets.IntProgress(0, 0, 1, layout=widgets.Layout(width="100%"))
        self._bar.add_class("hyb-progress")
        self._board = Board(self._show_picked)
        self._lock = threading.RLock()
        self._watcher = threading.Thread()
        self._search: Search | None = None
        self.pause.on_click(lambda _: self._command("pause"))
        self.resume.on_click(lambda _: self._command("resume"))
        self.stop.on_click(lambda _: self._command("stop"))
        self.buttons = (self.pause, self.resume, self.stop)
        parts = [style_sheet(), self._status, self._bar, self._board]
        super().__init__(parts if search is None else [widgets.HBox(self.buttons), *parts])
        if search is not None:
            self.attach(search)

    def attach(self, search: Search) -> None:
        """Show `search`, whatever its state, and follow it from now on."""
        with self._lock:
            self._search = search
            self._board.expect(search.config)
            self._board.update(search.run.evaluations)
            search.on_generation(lambda generation: self._show_generation(search, generation))
            search.on_finish(lambda run: self._show_run(search, run))
            self.refresh()
            self._follow()

    def refresh(self) -> None:
        """Copy the progress of the search into the widgets."""
        with self._lock:
            if self._search is None:
                return
            progress = self._search.progress
            self._status.value = describe(progress)
            self._bar.max = max(1, progress.total)
            self._bar.value = progress.evaluated
            self._bar.bar_style = {"finished": "success", "failed": "danger", "paused": "warning"}.get(
                progress.state, ""
            )
            self.pause.disabled = progress.state != "running"
            self.resume.disabled = progress.state not in ("paused", "stopped")
            self.stop.disabled = progress.state not in ("running", "paused")

    def _command(self, name: str) -> None:
        if self._search is not None:
            getattr(self._search, name)()
            self.refresh()
            self._follow()

    def _follow(self) -> None:
        if not self._watcher.is_alive():
            self._watcher = threading.Thread(target=self._watch, daemon=True, name="hyb-live-view")
            self._watcher.start()

    def _watch(self) -> None:
        while self._search is not None and self._search.progress.state not in ENDED:
            self.refresh()
            threading.Event().wait(REFRESH)
        self.refresh()

    def _show_generation(self, search: Search, generation: Generation) -> None:
        with self._lock:
            if search is self._search:
                self._board.update(generation.evaluations)
                self.refresh()

    def _show_run(self, search: Search, run: Run) -> None:
        with self._lock:
            if search is self._search:
                self._board.update(run.evaluations)
                self.refresh()

    def _show_picked(self, picked: list[Evaluation]) -> None:
        pass


def describe(progress: Progress) -> str:
    """The progress in one line."""
    if progress.state == "running" and not progress.evaluated:
        return f"running · the first candidates are in training · {seconds(progress.elapsed)} elapsed"
    parts = [
        progress.state,
        f"generation {progress.generation} of {progress.generations}",
        f"{progress.evaluated} of {progress.total} evaluated",
        f"front {progress.front_size}",
        f"hypervolume {progress.hypervolume:.4g}",
        f"{seconds(progress.elapsed)} elapsed",
    ]
    if progress.state == "running" and math.isfinite(progress.remaining):
        parts.append(f"{seconds(progress.remaining)} left")
    for count, text in ((progress.saved, "saved by the cache"), (progress.failed, "failed")):
        if count:
            parts.append(f"{count} {text}")
    return " · ".join(parts)


def _button(text: str, icon: str, css_class: str, tooltip: str) -> widgets.Button:
    button = widgets.Button(description=text, icon=icon, tooltip=tooltip, disabled=True)
    button.add_class(css_class)
    return button
