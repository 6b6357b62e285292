"""Form fields: a widget, its place in the configuration and the line that says what is wrong with it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import ipywidgets as widgets
import traitlets

from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution
from hybhanas_jupyter.notebook.common import STYLE


class Choices(widgets.HBox):
    """Buttons of which any number can be down; `value` is the tuple of the chosen options in their order."""

    value = traitlets.Tuple()

    def __init__(self, description: str, options: Iterable[Any], labels: Iterable[str] = ()) -> None:
        self.options = tuple(options)
        names = tuple(labels) or tuple(map(str, self.options))
        self._buttons = [widgets.ToggleButton(description=name, tooltip=f"{description}: {name}") for name in names]
        for button in self._buttons:
            button.layout.width = "auto"
            button.observe(self._collect, "value")
        label = widgets.Label(description)
        label.add_class("hyb-label")
        buttons = widgets.HBox(self._buttons, layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([label, buttons])
        self.observe(self._spread, "value")

    def _collect(self, _: object) -> None:
        self.value = tuple(o for o, button in zip(self.options, self._buttons, strict=True) if button.value)

    def _spread(self, change: dict[str, Any]) -> None:
        with self.hold_trait_notifications():
            for option, button in zip(self.options, self._buttons, strict=True):
                button.value = option in change["new"]
                button.icon = "check" if button.value else ""


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

    @property
    def row(self) -> widgets.VBox:
        """The widget with its error line below; boxes of several widgets take the whole width."""
        row = widgets.VBox([self.widget, self.error])
        if isinstance(self.widget, widgets.Box):
            row.add_class("hyb-wide")
        else:
            self.widget.layout.width = "26em"
        return row

    @property
    def value(self) -> Any:
        """What the widget says, as the configuration takes it."""
        return self.parse(self.widget.value)

    def claims(self, problem: str) -> bool:
        """Whether a problem reported by the configuration (it starts with a path) is about this field."""
        path = problem.split(" ", 1)[0].rstrip(":,")
        return path == self.path or path.startswith(self.path + ".")


def integer(path: str, description: str) -> Field:
    """A whole number."""
    return Field(path, widgets.IntText(description=description, style=STYLE))


def number(path: str, description: str) -> Field:
    """A number."""
    return Field(path, widgets.FloatText(description=description, style=STYLE, step=None))


def optional(path: str, description: str, placeholder: str) -> Field:
    """A value or nothing; the placeholder says what nothing means."""
    box = widgets.Text(description=description, placeholder=placeholder, style=STYLE)
    return Field(path, box, lambda text: text.strip() or None, lambda value: "" if value is None else str(value))


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


def choices(path: str, description: str, options: Iterable[Any], labels: Iterable[str] = (), mode: str = "") -> Field:
    """Any number of options."""
    return Field(path, Choices(description, options, labels), mode=mode)


def one_of(path: str, description: str, options: Sequence[Any]) -> Field:
    """Exactly one option."""
    return Field(path, widgets.Dropdown(description=description, options=options, style=STYLE))


_MOST = 3
_NARROW = {"description_width": "auto"}


class ConvolutionFields(widgets.VBox):
    """A row of fields per layer; `value` is the tuple of the layers as plain dicts."""

    value = traitlets.Tuple()

    def __init__(self) -> None:
        self._count = widgets.ToggleButtons(options=range(1, _MOST + 1), description="Layers")
        self._count.style.button_width = "3em"
        self._layers = [_Layer(number) for number in range(1, _MOST + 1)]
        super().__init__([self._count])
        self._count.observe(self._collect, "value")
        for layer in self._layers:
            for widget in layer.children:
                widget.observe(self._collect, "value")
        self.observe(self._spread, "value")
        self._collect(None)

    def _collect(self, _: object) -> None:
        shown = self._layers[: self._count.value]
        self.children = (self._count, *shown)
        self.value = tuple(layer.read() for layer in shown)

    def _spread(self, change: dict[str, Any]) -> None:
        with self.hold_trait_notifications():
            for layer, values in zip(self._layers, change["new"], strict=False):
                layer.write(values)
            self._count.value = len(change["new"])


class _Layer(widgets.HBox):
    def __init__(self, number: int) -> None:
        defaults = asdict(Convolution(channels=8, pooling="max"))
        self._widgets = {name: _widget(name, value, number) for name, value in defaults.items()}
        super().__init__(tuple(self._widgets.values()))
        self.add_class("hyb-fields")

    def read(self) -> dict[str, Any]:
        return {name: widget.value for name, widget in self._widgets.items()}

    def write(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self._widgets[name].value = value


def _widget(name: str, value: Any, layer: int) -> widgets.Widget:
    options = {"pooling": POOLINGS, "activation": ACTIVATIONS}
    settings = {"description": name, "style": _NARROW, "tooltip": f"{name} of layer {layer}"}
    if name in options:
        widget = widgets.Dropdown(options=options[name], value=value, **settings)
    else:
        widget = (widgets.FloatText if name == "dropout" else widgets.IntText)(value=value, **settings)
    widget.layout.width = "auto" if name in options else "9em"
    return widget
