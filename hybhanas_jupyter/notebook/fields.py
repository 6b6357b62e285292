"""Form fields: a widget, its place in the configuration and the line that says what is wrong with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as widgets
import traitlets

LABEL = {"description_width": "11em"}


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
        buttons = widgets.HBox(self._buttons, layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([widgets.Label(description, layout=widgets.Layout(width="11em", flex="0 0 auto")), buttons])
        self.observe(self._spread, "value")

    def _collect(self, _: object) -> None:
        self.value = tuple(o for o, button in zip(self.options, self._buttons, strict=True) if button.value)

    def _spread(self, change: dict[str, Any]) -> None:
        with self.hold_trait_notifications():
            for option, button in zip(self.options, self._buttons, strict=True):
                button.value = option in change["new"]
                button.icon = "check" if button.value else ""


@dataclass
class Field:
    """`path` is the field's place in the configuration, e.g. "space.qubits"; an empty text leaves it at its default."""

    path: str
    widget: Any
    error: widgets.HTML = field(default_factory=widgets.HTML)

    def __post_init__(self) -> None:
        self.error.add_class("hyb-error")
        self.widget.add_class("hyb-" + self.path.replace(".", "-").replace("_", "-"))

    @property
    def row(self) -> widgets.VBox:
        """The widget with its error line below."""
        return widgets.VBox([self.widget, self.error])

    def claims(self, problem: str) -> bool:
        """Whether a problem reported by the configuration (it starts with a path) is about this field."""
        path = problem.split(" ", 1)[0].rstrip(":,")
        return path == self.path or path.startswith(self.path + ".")


def integer(path: str, description: str, **options: Any) -> Field:
    """A whole number; its bounds are those of the configuration, so nothing is clamped on the way."""
    return Field(path, widgets.IntText(description=description, style=LABEL, **options))


def number(path: str, description: str) -> Field:
    """A number."""
    return Field(path, widgets.FloatText(description=description, style=LABEL))


def text(path: str, description: str, placeholder: str) -> Field:
    """A text; empty means the default that the placeholder names."""
    return Field(path, widgets.Text(description=description, placeholder=placeholder, style=LABEL))


def span(path: str, description: str, low: int, high: int) -> Field:
    """A range of whole numbers, both ends included."""
    slider = widgets.IntRangeSlider(value=(low, high), min=low, max=high, description=description, style=LABEL)
    slider.layout.width = "28em"
    return Field(path, slider)


def choices(path: str, description: str, options: Iterable[Any], labels: Iterable[str] = ()) -> Field:
    """Any number of options."""
    return Field(path, Choices(description, options, labels))


def one_of(path: str, description: str, options: Sequence[Any]) -> Field:
    """Exactly one option."""
    return Field(path, widgets.Dropdown(description=description, options=options, style=LABEL))
