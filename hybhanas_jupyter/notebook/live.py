"""The running search: controls, status and the views that gain points as each generation finishes."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import ipywidgets as widgets
from IPython.display import display

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas.results import Generation, Run
from hybhanas_jupyter.nas.run import Search
from hybhanas_jupyter.notebook.ablation import AblationView
from hybhanas_jupyter.notebook.board import Board
from hybhanas_jupyter.notebook.candidate import CandidateView
from hybhanas_jupyter.notebook.curve import Curve
from hybhanas_jupyter.notebook.elsewhere import is_written
from hybhanas_jupyter.notebook.front_output import FrontOutput, front_page
from hybhanas_jupyter.notebook.landscape import LandscapeView
from hybhanas_jupyter.notebook.pages import Pages
from hybhanas_jupyter.notebook.status import StatusPanel
from hybhanas_jupyter.notebook.style import style_sheet

REFRESH = 0.25  # seconds between two looks at the progress
REREAD = 1.0  # seconds between two looks into the store of another process
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
        parts = [style_sheet(), self._status, self._board, self._pages]
        super().__init__(parts if search is None else [widgets.HBox(self.buttons), *parts])
        if search is not None:
            self.attach(search)

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self.front_output.place()

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
        while self._search is not None and (self._look_elsewhere() or self._search.progress.state not in ENDED):
            self.refresh()
            time.sleep(REFRESH if self._search.progress.state not in ENDED else REREAD)
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
            self._board.update(now.evaluations)
            self._ablation.update(now.front)
            self._front.value = front_page(now, search.run)
            self._landscape.update(now.evaluations, now.front)
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
