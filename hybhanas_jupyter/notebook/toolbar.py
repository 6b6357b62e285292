"""Presets, `search.json` and the equivalent code of a form."""

from html import escape

import ipywidgets as widgets

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas.config import PRESETS, SearchConfig
from hybhanas_jupyter.notebook.code import code_html, config_code
from hybhanas_jupyter.notebook.fields import error_html
from hybhanas_jupyter.notebook.form import Form

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
        self._code = widgets.Accordion([widgets.HTML()], titles=("Equivalent code",))
        self._preset.observe(lambda change: self._take_preset(change["new"]), "value")
        load.on_click(lambda _: self._load())
        save.on_click(lambda _: self._save())
        row = widgets.HBox([self._preset, self._path, load, save, self._message])
        row.add_class("hyb-fields")
        super().__init__([row, self._code])

    def show_code(self, config: SearchConfig) -> None:
        """Show the code that makes `config`."""
        self._code.children[0].value = code_html(config_code(config))

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
        try:
            config.save(self._path.value)
            self._say(f"Saved {self._path.value}.")
        except OSError as error:
            self._say(f"Cannot write {self._path.value!r}: {error.strerror}.", wrong=True)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self._message.value = error_html(text) if wrong else escape(text)


def _button(text: str, icon: str) -> widgets.Button:
    button = widgets.Button(description=text, icon=icon, tooltip=f"{text} the configuration as JSON")
    button.add_class(f"hyb-{text.lower()}")
    button.layout.width = "auto"
    return button
