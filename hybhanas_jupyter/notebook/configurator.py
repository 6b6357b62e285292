"""The form from which a search is started, with the live view below it."""

from html import escape
from pathlib import Path
from pprint import pformat
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from hybhanas_jupyter.errors import FileError, HybHanasError
from hybhanas_jupyter.files import unused
from hybhanas_jupyter.nas.config import PRESETS, SearchConfig
from hybhanas_jupyter.notebook.common import close_all, close_former, error_html, in_background
from hybhanas_jupyter.notebook.form.forecast import evaluations, forecast
from hybhanas_jupyter.notebook.form.form import Form
from hybhanas_jupyter.notebook.live.view import LiveView
from hybhanas_jupyter.notebook.search import Search, running

_NO_PRESET = "choose a preset"


class Toolbar(widgets.VBox):
    """Fill a form from a preset or a file, write it to a file, show it as code."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._preset = widgets.Dropdown(options=[_NO_PRESET, *PRESETS], description="Preset")
        self._preset.add_class("hyb-preset")
        self._path = widgets.Text("search.json", description="File")
        load, save = _button("Load", "folder-open"), _button("Save", "save")
        self._message = widgets.HTML()
        self._message.add_class("hyb-message")
        self._code = widgets.HTML()
        self._preset.observe(lambda change: self._take_preset(change["new"]), "value")
        load.on_click(lambda _: self._load())
        save.on_click(lambda _: self._save())
        row = widgets.HBox([self._preset, self._path, load, save, self._message])
        row.add_class("hyb-fields")
        super().__init__([row, self._code])

    def show_code(self, config: SearchConfig) -> None:
        """Show the code that makes `config`."""
        self._code.value = code_html(config_code(config))
        self._message.value = ""

    def _take_preset(self, name: str) -> None:
        if name != _NO_PRESET:
            self._form.write(SearchConfig.preset(name))

    def _load(self) -> None:
        try:
            self._form.write(SearchConfig.load(self._path.value))
            self._say(f"Loaded {self._path.value}.")
        except HybHanasError as error:
            self._say(str(error), wrong=True)

    def _save(self) -> None:
        config = self._form.read()
        if config is None:
            self._say("Not saved: see the marked fields.", wrong=True)
            return
        asked = self._path.value
        try:
            path = unused(asked)
            config.save(path)
            self._path.value = str(path)
            self._say(f"Saved {path}." if str(path) == asked else f"Saved {path}; {asked} is kept.")
        except FileError as error:
            self._say(str(error), wrong=True)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self._message.value = error_html(text) if wrong else escape(text)


def _button(text: str, icon: str) -> widgets.Button:
    button = widgets.Button(description=text, icon=icon, tooltip=f"{text} the configuration as JSON")
    button.add_class(f"hyb-{text.lower()}")
    button.layout.width = "auto"
    return button


_COPY = "this.nextElementSibling.select();document.execCommand('copy');this.textContent='Copied'"


def config_code(config: SearchConfig) -> str:
    """Python code that makes an equal configuration; values that are the default are left out."""
    values = config.model_dump(exclude_defaults=True)
    if config.objectives == SearchConfig(space=config.space).objectives:
        del values["objectives"]
    if "cnn" in values.get("space", {}):
        values["space"]["cnn"] = {"mode": config.space.cnn.mode, **values["space"]["cnn"]}
    arguments = "".join(f"    {name}={_indented(value)},\n" for name, value in values.items())
    return f"import hybhanas_jupyter as hyb\n\nconfig = hyb.SearchConfig(\n{arguments})\nrun = hyb.search(config)"


def code_html(code: str) -> str:
    """The code, folded, with a button that copies it; works without the kernel and by keyboard."""
    return (
        "<details class='hyb-fold'><summary>Equivalent code</summary>"
        f'<button class="jupyter-button" onclick="{escape(_COPY)}">Copy as code</button>'
        f'<textarea class="hyb-code" readonly rows="{code.count(chr(10)) + 1}" aria-label="Equivalent code">'
        f"{escape(code)}</textarea></details>"
    )


def _indented(value: Any) -> str:
    return pformat(value, width=100, sort_dicts=False).replace("\n", "\n    ")


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
        self._summary = widgets.HTML()
        self._summary.add_class("hyb-summary")
        self._forecasted = widgets.HTML()
        self._forecasted.add_class("hyb-forecast")
        for field in self.form.fields:
            field.widget.observe(lambda _: self._describe(), "value")
        self.form.device.observe(lambda _: self._describe(), ["problem", "n_qubits"])
        buttons = widgets.HBox([self.start, *self.live.buttons, self._estimate])
        buttons.add_class("hyb-fields")
        super().__init__([self._toolbar, self.form, self._summary, self._forecasted, buttons, self.live])
        under_way = running(store)
        if under_way is not None:
            self._follow(under_way)
        self._describe()

    def close(self) -> None:
        """Close all widgets; a search goes on."""
        self.live.close()
        self.form.close()
        close_all(self)

    def _ipython_display_(self) -> None:
        close_former(self)
        display(self._repr_mimebundle_(), raw=True)
        self.live.front_output.place()

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, object]:
        text = "The form of a search with its live view: run this cell to open it."
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": text}

    @property
    def config(self) -> SearchConfig | None:
        """What the form says; None while a value is wrong."""
        return self.form.read()

    def _describe(self) -> None:
        """Say how large the search is, or why it cannot start."""
        config = self.config
        obstacle = self._obstacle(config)
        self.start.disabled = bool(obstacle)
        self._estimate.disabled = config is None or bool(self.form.obstacle(config))
        self._forecasted.value = ""
        size = f"{config.space.size:,} architectures · at most {evaluations(config):,} evaluations" if config else ""
        reason = f"Start is off: {obstacle}" if obstacle else ""
        self._summary.value = escape(" · ".join(filter(None, (size, reason))))
        if config is not None:
            self._toolbar.show_code(config)

    def _obstacle(self, config: SearchConfig | None) -> str:
        """Why Start is off; empty if it is not."""
        if config is None:
            return f"see the marked fields ({', '.join(self.form.marked)})."
        if self.search is not None and not self.search.ended():
            return f"run {self.search.id} is under way, see below; stop it first."
        return self.form.obstacle(config)

    def _forecast(self) -> None:
        config = self.config
        if config is not None:
            self._forecasted.value = "Trying a few candidates …"
            in_background(self._fill_forecast, config)

    def _fill_forecast(self, config: SearchConfig) -> None:
        try:
            html = "<br>".join(map(escape, str(forecast(config)).splitlines()))
        except HybHanasError as error:
            html = error_html(error)
        if self.config == config:
            self._forecasted.value = html

    def _start(self) -> None:
        config = self.config
        if config is None or self._obstacle(config):
            self._describe()
            return
        search = Search(config, store=self._store)
        try:
            search.start()
        except HybHanasError as error:
            self._summary.value = error_html(error)
            return
        self._follow(search)
        self._describe()

    def _follow(self, search: Search) -> None:
        self.search = search
        search.on_finish(lambda _: in_background(self._wait, search))
        self.live.attach(search)

    def _wait(self, search: Search) -> None:
        search.ended(timeout=5.0)  # its last event comes a moment before its end
        self._describe()


def configurator(config: SearchConfig | str | Path | None = None, store: str | Path = "runs.db") -> Configurator:
    """A form for a search, its Start button and the live view of the run, which is kept in `store`.

    `config` fills the form: a configuration, the name of a preset, or a file of `SearchConfig.save`.
    """
    return Configurator(SearchConfig() if config is None else SearchConfig.of(config), store)
