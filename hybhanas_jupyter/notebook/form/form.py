"""The fields of a `SearchConfig`, grouped as the paper does (section 3.1)."""

from typing import Any

import ipywidgets as widgets

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, TOPOLOGIES
from hybhanas_jupyter.costs.options import MODELS
from hybhanas_jupyter.data import DATASETS
from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS
from hybhanas_jupyter.nas.config import STRATEGIES, SearchConfig
from hybhanas_jupyter.nas.evaluation import OBJECTIVES
from hybhanas_jupyter.nas.settings import InvalidSettingsError
from hybhanas_jupyter.nas.space import SEQUENCES, FixedCNN, VariableCNN
from hybhanas_jupyter.notebook.common import close_all, error_html
from hybhanas_jupyter.notebook.form.device import DeviceField
from hybhanas_jupyter.notebook.form.fields import (
    STYLE,
    ConvolutionFields,
    Field,
    choices,
    number,
    one_of,
    optional,
    several,
    span,
)

Groups = dict[str, list[Field]]
MODE = "space.cnn.mode"


def _problem_groups() -> Groups:
    objectives = list(OBJECTIVES.values())
    limits = [
        optional(f"constraints.{o.name}", f"{o.label} {'≥' if o.maximise else '≤'}", "no limit", "20em")
        for o in objectives
    ]
    return {
        "Data": [
            Field("data", widgets.Combobox(description="Data", options=DATASETS, ensure_option=False, style=STYLE)),
            optional("per_class", "Samples per class", "the data set's default"),
            number("test_share", "Test share"),
        ],
        "Classical": [
            Field(MODE, widgets.ToggleButtons(options=["fixed", "variable"], description="CNN")),
            Field("space.cnn.layers", ConvolutionFields(), mode="fixed"),
            span("space.cnn.layers", "Layers", 1, 3, "variable"),
            several("space.cnn.channels", "Channels", "variable"),
            several("space.cnn.kernels", "Kernels", "variable"),
            several("space.cnn.strides", "Strides", "variable"),
            choices("space.cnn.activations", "Activations", ACTIVATIONS, mode="variable"),
            choices("space.cnn.pooling", "Pooling", POOLINGS, mode="variable"),
            several("space.cnn.dropout", "Dropout", "variable"),
        ],
        "Device": [
            Field("backend", DeviceField()),
            number("shots", "Shots"),
            one_of("optimization_level", "Compiler level", [0, 1, 2, 3]),
            number("transpiler_seed", "Compiler seed"),
            one_of("model", "Cost model", MODELS),
            optional("resilience_level", "Resilience level", "the provider's default"),
            optional("price", "Price", "none"),
        ],
        "Quantum space": [
            span("space.qubits", "Qubits", 2, 12),
            span("space.depth", "Depth", 1, 15),
            choices(
                "space.rotations",
                "Rotations",
                SEQUENCES,
                label="-".join,
                parse=lambda text: tuple(text.upper().split("-")),
                placeholder="e.g. RZ-RY-RZ",
            ),
            choices("space.entanglers", "Entanglers", ENTANGLERS),
            choices("space.topologies", "Topologies", TOPOLOGIES),
        ],
        "Objectives": [
            choices("objectives", "Optimise", OBJECTIVES, label=lambda name: OBJECTIVES[name].label),
            *limits,
        ],
    }


def _run_groups() -> Groups:
    return {
        "NSGA-II": [
            one_of("strategy", "Strategy", STRATEGIES),
            number("generations", "Generations"),
            number("population", "Population"),
            number("seed", "Seed"),
            optional("plateau", "Stop on plateau", "never (generations)"),
            optional("time_budget", "Time budget", "none (seconds)"),
            optional("evaluation_budget", "Evaluations", "no limit"),
        ],
        "Training": [
            number("training.epochs", "Epochs"),
            number("training.batch_size", "Batch size"),
            number("training.learning_rate", "Learning rate"),
            number("training.early_stop_accuracy", "Stop if accuracy below"),
            number("training.early_stop_epochs", "after epochs"),
            number("training.time_limit", "Time limit (s)"),
            one_of("training.noise_aware", "Under the device's noise", [False, True]),
        ],
        "Workers": [
            optional("workers", "Worker processes", "one per core; or dask"),
            optional("scheduler", "Dask scheduler", "this process's client"),
        ],
    }


class Form(widgets.Tab):
    """All fields; `read` gives the configuration or marks what is wrong at its field."""

    def __init__(self, config: SearchConfig) -> None:
        self._groups = {**_problem_groups(), **_run_groups()}
        self.fields = [field for group in self._groups.values() for field in group]
        self._mode = next(field for field in self.fields if field.path == MODE)
        self._mode.widget.observe(lambda _: self._arrange(), "value")
        super().__init__([_group() for _ in self._groups], selected_index=0)
        self.add_class("hyb-tabs")
        for cnn in (VariableCNN(), FixedCNN()):  # so that the mode that is not chosen starts from its defaults
            self.write(config.replace(space=config.space.model_copy(update={"cnn": cnn})))
        self.write(config)
        self._arrange()
        self._mark([])

    def close(self) -> None:
        """Close the fields that are not shown, too."""
        layers = (layer for field in self.fields for layer in getattr(field.widget, "layers", ()))
        close_all(self, *(field.row for field in self.fields), *layers)

    @property
    def device(self) -> DeviceField:
        """The field of the device."""
        field: DeviceField = next(field.widget for field in self.fields if field.path == "backend")
        return field

    @property
    def marked(self) -> list[str]:
        """The titles of the pages with a wrong value."""
        return [name for name, group in self._groups.items() if any(field.error.value for field in group)]

    def obstacle(self, config: SearchConfig) -> str:
        """What is wrong with the device that `config` names, as far as it is known; empty if nothing is."""
        most, known = config.space.qubits[1], self.device.n_qubits
        if self.device.problem:
            return self.device.problem
        if 0 < known < most:
            too_small = f"{config.backend} has {known} qubits, the space goes up to {most}."
            return f"{too_small} Lower Qubits or take another device."
        return ""

    def write(self, config: SearchConfig) -> None:
        """Show `config`."""
        values = config.model_dump()
        self._mode.widget.value = config.space.cnn.mode
        for field in self._active():
            parent, name = _place(values, field.path)
            field.widget.value = field.show(parent.get(name))

    def read(self) -> SearchConfig | None:
        """The configuration, or None if a value is wrong; then each wrong field says so."""
        try:
            config = SearchConfig(**self._values())
        except InvalidSettingsError as error:
            self._mark(error.problems)
            return None
        self._mark([])
        return config

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {"constraints": {}}
        for field in self._active():
            if field.value is not None or not field.path.startswith("constraints."):
                parent, name = _place(values, field.path)
                parent[name] = field.value
        return values

    def _active(self) -> list[Field]:
        return [field for field in self.fields if field.mode in ("", self._mode.widget.value)]

    def _arrange(self) -> None:
        active = self._active()
        for box, group in zip(self.children, self._groups.values(), strict=True):
            box.children = [field.row for field in group if field in active]

    def _mark(self, problems: list[str]) -> None:
        for index, (name, group) in enumerate(self._groups.items()):
            for field in group:
                field.error.value = error_html("; ".join(filter(field.claims, problems)))
            wrong = any(field.error.value for field in group)
            self.set_title(index, f"⚠ {name}" if wrong else name)


def _group() -> widgets.VBox:
    group = widgets.VBox()
    group.add_class("hyb-group")
    return group


def _place(values: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The innermost dict that `path` goes through, made where it is missing, and the last name."""
    *parents, last = path.split(".")
    for name in parents:
        values = values.setdefault(name, {})
    return values, last
