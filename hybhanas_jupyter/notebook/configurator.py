"""The form from which a search is started, with the live view below it."""

from pathlib import Path

import ipywidgets as widgets

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.run import Search
from hybhanas_jupyter.notebook.form import Form
from hybhanas_jupyter.notebook.live import ENDED, LiveView


class Configurator(widgets.VBox):
    """A form for a `SearchConfig`, Start and Stop, and the running search; `search` is the one started last."""

    def __init__(self, config: SearchConfig, store: str | Path) -> None:
        self.search: Search | None = None
        self._store = store
        self.form = Form(config)
        self.start = widgets.Button(
            description="Start", icon="rocket", button_style="primary", tooltip="Start a search"
        )
        self.start.add_class("hyb-start")
        self.start.on_click(lambda _: self._start())
        self.live = LiveView()
        self._summary = widgets.Label()
        self._summary.add_class("hyb-summary")
        for field in self.form.fields:
            field.widget.observe(lambda _: self._describe(), "value")
        super().__init__([self.form, self._summary, widgets.HBox([self.start, *self.live.buttons]), self.live])
        self._describe()

    @property
    def config(self) -> SearchConfig | None:
        """What the form says; None while a value is wrong."""
        return self.form.read()

    def _describe(self) -> None:
        config = self.config
        self.start.disabled = config is None
        if config is None:
            self._summary.value = "Not ready: see the marked fields."
            return
        self._summary.value = (
            f"{config.space.size:,} architectures · at most {config.generations * config.population} evaluations"
        )

    def _start(self) -> None:
        config = self.config
        if config is None or (self.search is not None and self.search.progress.state not in ENDED):
            return
        self.search = Search(config, store=self._store)
        self.live.attach(self.search)
        self.search.start()
        self.live.refresh()


def configurator(config: SearchConfig | None = None, store: str | Path = "runs.db") -> Configurator:
    """A form for a search, its Start button and the live view of the run, which is kept in `store`."""
    return Configurator(config or SearchConfig(), store)
