"""The form from which a search is started, with the live view below it."""

from pathlib import Path

import ipywidgets as widgets
from IPython.display import display

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.run import Search
from hybhanas_jupyter.notebook.background import in_background
from hybhanas_jupyter.notebook.forecast import evaluations, forecast
from hybhanas_jupyter.notebook.form import Form
from hybhanas_jupyter.notebook.live import ENDED, LiveView
from hybhanas_jupyter.notebook.toolbar import Toolbar


class Configurator(widgets.VBox):
    """A form for a `SearchConfig`, Start and Stop, and the running search; `search` is the one started last."""

    def __init__(self, config: SearchConfig, store: str | Path) -> None:
        self.search: Search | None = None
        self._store = store
        self.form = Form(config)
        self._toolbar = Toolbar(self.form)
        self.start = widgets.Button(
            description="Start", icon="rocket", button_style="primary", tooltip="Start a search"
        )
        self.start.add_class("hyb-start")
        self.start.on_click(lambda _: self._start())
        self._estimate = widgets.Button(
            description="Estimate time and cost", icon="hourglass", tooltip="Try a few candidates on this machine"
        )
        self._estimate.add_class("hyb-estimate")
        self._estimate.layout.width = "auto"
        self._estimate.on_click(lambda _: self._forecast())
        self.live = LiveView()
        self._summary = widgets.Label()
        self._summary.add_class("hyb-summary")
        self._forecasted = widgets.Label()
        self._forecasted.add_class("hyb-forecast")
        for field in self.form.fields:
            field.widget.observe(lambda _: self._describe(), "value")
        buttons = widgets.HBox([self.start, *self.live.buttons, self._estimate])
        super().__init__([self._toolbar, self.form, self._summary, self._forecasted, buttons, self.live])
        self._describe()

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self.live.front_output.place()

    @property
    def config(self) -> SearchConfig | None:
        """What the form says; None while a value is wrong."""
        return self.form.read()

    def _describe(self) -> None:
        config = self.config
        self.start.disabled = self._estimate.disabled = config is None
        self._forecasted.value = ""
        if config is None:
            self._summary.value = "Not ready: see the marked fields."
            return
        self._toolbar.show_code(config)
        self._summary.value = f"{config.space.size:,} architectures · at most {evaluations(config):,} evaluations"

    def _forecast(self) -> None:
        config = self.config
        if config is not None:
            self._forecasted.value = "Trying a few candidates …"
            in_background(self._fill_forecast, config)

    def _fill_forecast(self, config: SearchConfig) -> None:
        try:
            text = str(forecast(config))
        except HybHanasError as error:
            text = str(error)
        if self.config == config:
            self._forecasted.value = text

    def _start(self) -> None:
        config = self.config
        if config is None or (self.search is not None and self.search.progress.state not in ENDED):
            return
        search = Search(config, store=self._store)
        try:
            search.start()
        except HybHanasError as error:
            self._summary.value = str(error)
            return
        self.search = search
        self.live.attach(search)


def configurator(config: SearchConfig | None = None, store: str | Path = "runs.db") -> Configurator:
    """A form for a search, its Start button and the live view of the run, which is kept in `store`."""
    return Configurator(config or SearchConfig(), store)
