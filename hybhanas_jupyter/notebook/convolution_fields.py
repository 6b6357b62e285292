"""One to three convolutions, each with its hyper-parameters (paper, section 3.1.1, fixed mode)."""

from dataclasses import asdict
from typing import Any

import ipywidgets as widgets
import traitlets

from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution

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
