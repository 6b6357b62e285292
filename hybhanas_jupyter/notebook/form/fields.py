"""Form fields: a widget, its place in the configuration and the line that says what is wrong with it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import traitlets

from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution
from hybhanas_jupyter.notebook.common import STYLE


class Choices(widgets.HBox):
    """Buttons of which any number can be down; `value` is the tuple of the chosen options in the order of choosing.

    What the user presses takes its place in the order of the buttons, as long as the choice is in that order. An option
    that is given by `value` without being offered gets a button, too; with `parse`, the user can type such options.
    """

    value = traitlets.Tuple()

    def __init__(
        self,
        description: str,
        options: Iterable[Any],
        label: Callable[[Any], str] = str,
        parse: Callable[[str], Any] | None = None,
        placeholder: str = "",
    ) -> None:
        self._description, self._label, self._writing = description, label, False
        self._buttons: dict[Any, widgets.ToggleButton] = {}
        self._row = widgets.HBox(layout=widgets.Layout(flex_flow="row wrap"))
        text = widgets.Label(description)
        text.add_class("hyb-label")
        super().__init__([text, self._row])
        if parse is not None:
            self._other = widgets.Text(
                placeholder=placeholder, tooltip=f"{description}: another", continuous_update=False
            )
            self._other.layout.width = "11em"
            self._other.observe(lambda change: self._type(change["new"], parse), "value")
            self.children = [text, self._row, self._other]
        for option in options:
            self._add(option)
        self.observe(self._spread, "value")

    def _add(self, option: Any) -> None:
        name = self._label(option)
        button = widgets.ToggleButton(description=name, tooltip=f"{self._description}: {name}")
        button.layout.width = "auto"
        button.observe(lambda change: self._press(option, change["new"]), "value")
        self._buttons[option] = button
        self._row.children = (*self._row.children, button)

    def _press(self, option: Any, down: bool) -> None:
        if self._writing:
            return
        places = [list(self._buttons).index(o) for o in self.value]
        chosen = (*self.value, option) if down else tuple(o for o in self.value if o != option)
        in_order = places == sorted(places)
        self.value = tuple(o for o in self._buttons if o in chosen) if in_order else chosen

    def _type(self, text: str, parse: Callable[[str], Any]) -> None:
        if text.strip():
            self.value = (*self.value, parse(text.strip()))
            self._other.value = ""

    def _spread(self, change: dict[str, Any]) -> None:
        self._writing = True
        try:
            for option in change["new"]:
                if option not in self._buttons:
                    self._add(option)
            for option, button in self._buttons.items():
                button.value = option in change["new"]
                button.icon = "check" if button.value else ""
        finally:
            self._writing = False


def _same(value: Any) -> Any:
    return value


@dataclass
class Field:
    """`path` is the field's place in the configuration, e.g. "space.qubits".

    `parse` and `show` translate between the widget and the configuration; what is wrong is left to the configuration,
    so nothing is clamped on the way. A field with a `mode` counts only for that kind of CNN.
    """

    path: str
    widget: Any
    parse: Callable[[Any], Any] = _same
    show: Callable[[Any], Any] = _same
    mode: str = ""
    error: widgets.HTML = field(default_factory=widgets.HTML)

    def __post_init__(self) -> None:
        self.error.add_class("hyb-error")
        self.widget.add_class("hyb-" + self.path.replace(".", "-").replace("_", "-"))

    @cached_property
    def row(self) -> widgets.VBox:
        """The widget with its error line below; boxes of several widgets take the whole width."""
        row = widgets.VBox([self.widget, self.error])
        if isinstance(self.widget, widgets.Box):
            row.add_class("hyb-wide")
        else:
            self.widget.layout.width = "calc(100% - 4px)"  # without its margins
        return row

    @property
    def value(self) -> Any:
        """What the widget says, as the configuration takes it."""
        return self.parse(self.widget.value)

    def claims(self, problem: str) -> bool:
        """Whether a problem reported by the configuration (it starts with a path) is about this field."""
        path = problem.split(" ", 1)[0].rstrip(":,")
        return path == self.path or path.startswith(self.path + ".")


def number(path: str, description: str) -> Field:
    """A number: text, as browsers' number boxes drop what they do not understand and make 27 of 2.7."""
    return Field(path, widgets.Text(description=description, style=STYLE), parse_number, show_number)


def parse_number(text: str) -> int | float | str:
    """A whole number, a number, or the text itself, which the configuration will refuse."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def show_number(value: object) -> str:
    """The shortest text that `parse_number` reads back."""
    return str(value).removesuffix(".0")


def optional(path: str, description: str, placeholder: str, width: str = STYLE["description_width"]) -> Field:
    """A value or nothing; the placeholder says what nothing means, `width` is the label's."""
    style = {"description_width": width}
    box = widgets.Text(description=description, placeholder=placeholder, style=style)
    return Field(
        path, box, lambda text: text if text.strip() else None, lambda value: "" if value is None else str(value)
    )


def several(path: str, description: str, mode: str = "") -> Field:
    """Numbers with commas between them."""
    box = widgets.Text(description=description, placeholder="e.g. 1, 2", style=STYLE)
    return Field(
        path,
        box,
        lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
        lambda values: ", ".join(map(str, values)),
        mode,
    )


def span(path: str, description: str, low: int, high: int, mode: str = "") -> Field:
    """A range of whole numbers, both ends included."""
    slider = widgets.IntRangeSlider(value=(low, high), min=low, max=high, description=description, style=STYLE)
    return Field(path, slider, mode=mode)


def choices(path: str, description: str, options: Iterable[Any], mode: str = "", **settings: Any) -> Field:
    """Any number of options; `settings` as for `Choices`."""
    return Field(path, Choices(description, options, **settings), mode=mode)


def one_of(path: str, description: str, options: Sequence[Any]) -> Field:
    """Exactly one option."""
    return Field(path, widgets.Dropdown(description=description, options=options, style=STYLE))


_MOST = 3
_NARROW = {"description_width": "auto"}
_OPTIONS = {"pooling": POOLINGS, "activation": ACTIVATIONS}


class ConvolutionFields(widgets.VBox):
    """A row of fields per layer; `value` is the tuple of the layers as plain dicts."""

    value = traitlets.Tuple()

    def __init__(self) -> None:
        self._count = widgets.ToggleButtons(options=range(_MOST + 1), value=1, description="Layers")
        self._count.style.button_width = "3em"
        self.layers = [_Layer(number) for number in range(1, _MOST + 1)]  # also those that are not shown
        super().__init__([self._count])
        self._count.observe(self._collect, "value")
        for layer in self.layers:
            layer.observe_all(self._collect)
        self.observe(self._spread, "value")
        self._collect(None)

    def _collect(self, _: object) -> None:
        shown = self.layers[: self._count.value]
        self.children = (self._count, *shown)
        self.value = tuple(layer.read() for layer in shown)

    def _spread(self, change: dict[str, Any]) -> None:
        with self.hold_trait_notifications():
            for layer, values in zip(self.layers, change["new"], strict=False):
                layer.write(values)
            self._count.value = len(change["new"])


class _Layer(widgets.HBox):
    def __init__(self, number: int) -> None:
        defaults = asdict(Convolution(channels=8, pooling="max"))
        self._widgets = {name: _widget(name, value, number) for name, value in defaults.items()}
        super().__init__(tuple(self._widgets.values()))
        self.add_class("hyb-fields")

    def observe_all(self, handler: Callable[[Any], None]) -> None:
        for widget in self._widgets.values():
            widget.observe(handler, "value")

    def read(self) -> dict[str, Any]:
        values = {name: widget.value for name, widget in self._widgets.items()}
        return {name: value if name in _OPTIONS else parse_number(value) for name, value in values.items()}

    def write(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self._widgets[name].value = value if name in _OPTIONS else show_number(value)


def _widget(name: str, value: Any, layer: int) -> widgets.Widget:
    settings = {"description": name, "style": _NARROW, "tooltip": f"{name} of layer {layer}"}
    if name in _OPTIONS:
        widget = widgets.Dropdown(options=_OPTIONS[name], value=value, **settings)
    else:
        widget = widgets.Text(value=show_number(value), **settings)
    widget.layout.width = "auto" if name in _OPTIONS else "9em"
    return widget
