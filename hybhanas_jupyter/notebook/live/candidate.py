"""Everything about one picked candidate: genes, circuit, training curve, cost parts, clocks, another device."""

from collections.abc import Callable, Sequence
from html import escape
from math import isfinite
from typing import TYPE_CHECKING

import ipywidgets as widgets

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.files import unused
from hybhanas_jupyter.formatting import html_bar, html_table, seconds
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation
from hybhanas_jupyter.nas.pictures import PARTS
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.notebook.common import STYLE, error_html, in_background
from hybhanas_jupyter.notebook.form.device import DeviceBox
from hybhanas_jupyter.notebook.live.charts import Curve

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from hybhanas_jupyter.costs.quantum import QuantumCost
    from hybhanas_jupyter.hardware.devices import Device

_CLOCKS = (
    *("usage_time", "quantum_time", "classical_time", "total_time"),
    *("success_probability", "two_qubit_gates"),
)
_ACCURACIES = [OBJECTIVES[name] for name in ("accuracy", "device_accuracy", "recalibrated_accuracy")]
NOTHING = "Click a point, or draw a lasso around several, to see what they are."


class CandidateView(widgets.VBox):
    """The candidates that the user picked, one at a time; `details` are shown while there is one."""

    def __init__(self) -> None:
        self._search: Search | None = None
        self._hint = widgets.Label(NOTHING)
        self._which = widgets.Dropdown(description="Candidate", layout=widgets.Layout(width="40em"))
        self._which.add_class("hyb-candidate")
        self._which.observe(lambda _: self._show(), "value")
        self._genes = widgets.HTML()
        self._cost = widgets.HTML()
        self._cost.add_class("hyb-cost")
        self._accuracy = Curve("Validation accuracy", "Epoch", "Accuracy", ["accuracy"])
        self._loss = Curve("Loss", "Epoch", "Cross entropy", ["training", "validation"])
        self._drawing = widgets.ToggleButtons(options=["Logical", "Physical"], description="Circuit")
        self._drawing.observe(lambda _: self._draw(), "value")
        self._circuit = widgets.HTML()
        self._circuit.add_class("hyb-circuit")
        self._device = DeviceBox("Cost on")
        self._recost = widgets.Button(description="Calculate", tooltip="Cost of one shot on this device")
        self._recost.add_class("hyb-recost")
        self._recost.on_click(lambda _: self._cost_elsewhere())
        self._elsewhere = widgets.HTML()
        self._folder = widgets.Text("exported", description="Folder", style=STYLE)
        self._export = widgets.Button(
            description="Export",
            icon="download",
            tooltip="Weights, code and costs as files in a new folder",
        )
        self._export.add_class("hyb-export")
        self._export.on_click(lambda _: self._write_files())
        self._exported = widgets.HTML()
        self.details = (
            self._which,
            _row(self._genes, self._cost),
            _row(self._accuracy.figure, self._loss.figure),
            self._drawing,
            self._circuit,
            widgets.HBox([self._device, self._recost]),
            self._elsewhere,
            widgets.HBox([self._folder, self._export, self._exported]),
        )
        super().__init__([self._hint])

    def attach(self, search: Search) -> None:
        """Candidates are those of `search` from now on."""
        self._search = search

    def show(self, picked: Sequence[Evaluation]) -> None:
        """Offer these candidates and show the first."""
        self._hint.value = f"{len(picked)} picked." if picked else NOTHING
        self.children = (self._hint, *self.details) if picked else (self._hint,)
        self._which.index = None
        self._which.options = [(f"#{e.number} {e.architecture.label}", e) for e in picked]
        self._which.index = 0 if picked else None

    def _show(self) -> None:
        candidate = self._which.value
        if candidate is None:
            return
        self._genes.value = genes_table(candidate)
        self._cost.value = cost_report(candidate)
        history = candidate.history
        self._accuracy.update({"accuracy": [epoch["validation_accuracy"] for epoch in history]})
        self._loss.update(
            {
                "training": [epoch["train_loss"] for epoch in history],
                "validation": [epoch["validation_loss"] for epoch in history],
            }
        )
        self._elsewhere.value = self._exported.value = ""
        self._draw()

    def _draw(self) -> None:
        candidate, physical = self._which.value, self._drawing.value == "Physical"
        self._later(self._circuit, candidate, lambda: _drawn(self._circuit_of(candidate, physical)))

    def _cost_elsewhere(self) -> None:
        candidate, name = self._which.value, self._device.value
        self._later(self._elsewhere, candidate, lambda: _cost(candidate, name, self._settings)._repr_html_())

    def _write_files(self) -> None:
        candidate, search, folder = self._which.value, self._search, self._folder.value
        if search is not None:
            self._later(
                self._exported, candidate, lambda: escape(f"Written: {search.run.export(candidate, unused(folder))}")
            )

    def _circuit_of(self, candidate: Evaluation, physical: bool) -> "QuantumCircuit":
        if not physical or self._search is None:
            return candidate.architecture.ansatz.to_circuit()
        return _cost(candidate, self._search.backend, self._settings).physical_circuit

    @property
    def _settings(self) -> SearchConfig:
        return self._search.config if self._search else SearchConfig()

    def _later(self, place: widgets.HTML, candidate: Evaluation, work: Callable[[], str]) -> None:
        """Fill `place` in the background: transpiling takes a while, and the kernel should answer meanwhile."""
        place.value = "<i>calculating</i>"

        def fill() -> None:
            try:
                html = work()
            except (HybHanasError, OSError) as error:
                html = error_html(error)
            if self._which.value is candidate:
                place.value = html

        in_background(fill)


def genes_table(candidate: Evaluation) -> str:
    """The genes and the results of a candidate as an HTML table."""
    ansatz = candidate.architecture.ansatz
    rows: list[tuple[str, object]] = [
        ("Qubits", ansatz.n_qubits),
        ("Depth", ansatz.depth),
        ("Rotations", "-".join(ansatz.rotations)),
        ("Entangler", ansatz.entangler),
        ("Topology", ansatz.topology),
        *((f"Convolution {i}", layer_text(layer)) for i, layer in enumerate(candidate.architecture.convolutions, 1)),
        *([("Quantum layer", candidate.note)] if candidate.note else []),
        *((o.label, o.text(candidate.value(o.name))) for o in _ACCURACIES if isfinite(candidate.value(o.name))),
        *((f"{label} as predicted", text) for label, text in predictions(candidate)),
        ("Parameters, quantum", f"{candidate.parameters:,}, {candidate.quantum_parameters:,}"),
    ]
    return html_table((f"Candidate #{candidate.number}", f"generation {candidate.generation}"), rows)


def predictions(candidate: Evaluation) -> list[tuple[str, str]]:
    """What a surrogate expected before training, with its spread, by the objective's label."""
    texts = {OBJECTIVES[name]: values for name, values in candidate.predicted.items()}
    return [(o.label, f"{o.text(mean)} \u00b1 {o.text(spread)}") for o, (mean, spread) in texts.items()]


def layer_text(layer: object) -> str:
    """A convolution in one line."""
    values = vars(layer)
    return ", ".join(f"{name} {value}" for name, value in values.items() if value not in ("none", 0.0))


def cost_report(candidate: Evaluation) -> str:
    """The parts of one valid shot as a stacked bar, and all clocks of the training run that are known."""
    parts = {label: candidate.cost[name] for name, (label, _) in PARTS.items() if name in candidate.cost}
    measured = [OBJECTIVES[name] for name in _CLOCKS if isfinite(candidate.value(name))]
    rows = [(o.label, o.text(candidate.value(o.name))) for o in measured]
    table = html_table(("The whole training", ""), [*rows, ("Training took here", seconds(candidate.seconds))])
    return f"{table}<div>One valid shot: {seconds(sum(parts.values()))}</div>{html_bar(parts)}"


def _row(*parts: widgets.Widget) -> widgets.HBox:
    row = widgets.HBox(parts)
    row.add_class("hyb-row")
    return row


def _cost(candidate: Evaluation, backend: "str | Device", config: SearchConfig) -> "QuantumCost":
    from hybhanas_jupyter.costs.quantum import quantum_cost_of
    from hybhanas_jupyter.hardware.devices import device

    return quantum_cost_of(candidate.architecture.ansatz.to_circuit(), device(backend), config.cost_options)


def _drawn(circuit: "QuantumCircuit") -> str:
    drawing = circuit.draw("text", fold=160, idle_wires=False)
    return f"<pre>{escape(str(drawing))}</pre>"
