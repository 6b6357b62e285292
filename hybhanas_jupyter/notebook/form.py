"""The fields of a `SearchConfig`, grouped as the paper does (section 3.1)."""

import threading
from html import escape
from typing import Any

import ipywidgets as widgets

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS
from hybhanas_jupyter.circuits.topologies import TOPOLOGIES
from hybhanas_jupyter.data import DATASETS
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.space import SEQUENCES
from hybhanas_jupyter.nas.validation import InvalidSettingsError
from hybhanas_jupyter.notebook.fields import LABEL, Field, choices, integer, one_of, span


def _device() -> Field:
    box = widgets.Combobox(description="Device", placeholder="type to search", style=LABEL)
    threading.Thread(target=_offer_devices, args=(box,), daemon=True).start()
    return Field("device", box)


def _offer_devices(box: widgets.Combobox) -> None:
    # Reading all calibrations takes seconds, in which the form should be there already.
    from hybhanas_jupyter.hardware.devices import devices

    box.options = [summary.name for summary in devices()]


def _groups() -> dict[str, list[Field]]:
    return {
        "Data": [one_of("data", "Data", list(DATASETS))],
        "Device": [_device(), integer("shots", "Shots")],
        "Quantum space": [
            span("space.qubits", "Qubits", 2, 12),
            span("space.depth", "Depth", 1, 15),
            choices("space.rotations", "Rotations", SEQUENCES, map("-".join, SEQUENCES)),
            choices("space.entanglers", "Entanglers", ENTANGLERS),
            choices("space.topologies", "Topologies", TOPOLOGIES),
        ],
        "Search": [
            integer("generations", "Generations"),
            integer("population", "Population"),
            integer("seed", "Seed"),
        ],
    }


class Form(widgets.Tab):
    """All fields; `read` gives the configuration or marks what is wrong at its field."""

    def __init__(self, config: SearchConfig) -> None:
        groups = _groups()
        self.fields = [field for group in groups.values() for field in group]
        self._groups = groups
        super().__init__([widgets.VBox([field.row for field in group]) for group in groups.values()])
        self.write(config)
        self._mark([])

    def write(self, config: SearchConfig) -> None:
        """Show `config`."""
        self._base = config.model_dump()
        for field in self.fields:
            field.widget.value = _get(self._base, field.path)

    def read(self) -> SearchConfig | None:
        """The configuration, or None if a value is wrong; then each wrong field says so."""
        values = dict(self._base)
        for field in self.fields:
            _put(values, field.path, field.widget.value)
        try:
            config = SearchConfig(**values)
        except InvalidSettingsError as error:
            self._mark(error.problems)
            return None
        self._mark([])
        return config

    def _mark(self, problems: list[str]) -> None:
        for index, (name, group) in enumerate(self._groups.items()):
            wrong = False
            for field in group:
                own = [problem for problem in problems if field.claims(problem)]
                field.error.value = escape("; ".join(own))
                wrong = wrong or bool(own)
            self.set_title(index, f"⚠ {name}" if wrong else name)


def _get(values: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        values = values[name]
    return values


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        values[name] = values = dict(values[name])
    values[last] = value
