"""Printed reports: golden texts, totals that are the sum of their parts, and escaped strings.

HYBHANAS_REGENERATE=1 pytest tests/notebook/test_report.py writes the golden texts anew.
"""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, log
from pathlib import Path

import pytest
from qiskit import QuantumCircuit

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.quantum import GateCounts, QuantumCost
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.notebook.magics.table import CostRow, CostTable

GOLDEN = Path(__file__).parent / "golden"
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}


def circuit(name="qc"):
    made = QuantumCircuit(1, name=name)
    made.h(0)
    return made


def cost(device="fake_kyiv", **changes) -> QuantumCost:
    """A cost with fixed figures: golden texts must not move with Qiskit's transpiler."""
    real = hyb.quantum_cost(circuit(), "fake_armonk")
    source = replace(
        real.provenance,
        device=device,
        calibration_date=datetime(2025, 2, 26, 11, 2, tzinfo=UTC),
        calibration="0123456789abcdef",
        packages=(("hybhanas_jupyter", "1.2.3"), ("qiskit", "4.5.6")),
        warnings=("one coupler is faulty", "qubit 3 has no T2"),
    )
    figures = {
        "logical_time": 8.36e-6,
        "routing_time": 17.5e-6,
        "gate_error_penalty": 13.7e-6,
        "decoherence_penalty": 16.2e-6,
        "readout_time": 1.24e-6,
        "usage_time": 2.28,
        "log_success_probability": log(0.464),
        "log_readout_success_probability": log(0.978),
        "logical": GateCounts(134, 18),
        "physical": GateCounts(316, 49),
    }
    return replace(real, provenance=source, **{**figures, **changes})


def training(of=None):
    return replace(
        hyb.training_cost(circuit(), "fake_armonk", samples=100, epochs=2),
        cost=of or cost(),
        evaluations_per_sample=33,
    )


def table():
    fez = cost("fake_fez", logical_time=3e-6, routing_time=0.0, gate_error_penalty=1e-6, decoherence_penalty=0.0)
    wide = cost(logical_time=2.0, gate_error_penalty=inf, decoherence_penalty=0.0, log_success_probability=-inf)
    rows = tuple(CostRow(name, made, training(made)) for name, made in (("qc", cost()), ("qc", fez), ("wide", wide)))
    return CostTable(rows, ("huge: it has 200 qubits",))


@pytest.mark.parametrize(("name", "make"), [("quantum", cost), ("training", training), ("table", table)])
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_golden_reports(name, make, kind):
    path = GOLDEN / f"{name}.{kind}"
    text = (repr(make()) if kind == "txt" else make()._repr_html_()) + "\n"
    if os.environ.get("HYBHANAS_REGENERATE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def printed_rows(text):
    """label -> seconds and label -> percent, read from the first table of a printed report."""
    lines = text.split("\n\n")[2].splitlines()[2:]
    cells = [[cell for cell in line.split("  ") if cell] for line in lines]
    times = {row[0]: float(row[1].split()[0]) * UNITS[row[1].split()[1]] for row in cells}
    percents = {row[0]: float(row[2].rstrip(" %")) for row in cells if len(row) > 2}
    return times, percents


@pytest.mark.parametrize("device", ["fake_manila", "fake_torino"])
@pytest.mark.parametrize("ansatz", [hyb.Ansatz(2, 1), hyb.Ansatz(4, 3, topology="full"), hyb.Ansatz(5, 9)])
def test_printed_parts_add_up_to_printed_totals(device, ansatz):
    times, percents = printed_rows(repr(hyb.quantum_cost(ansatz, device)))
    for column, digits in ((times, 0.006), (percents, 0.2)):
        execution = column["logical gates"] + column["routing"]
        effective = column["= execution"] + column["gate errors"] + column["decoherence"]
        margin = digits * column["= effective"] if column is times else digits
        assert execution == pytest.approx(column["= execution"], abs=margin)
        assert effective == pytest.approx(column["= effective"], abs=margin)
    assert percents["= effective"] == 100


def test_strings_of_a_user_are_escaped():
    evil = "<img src=x onerror=alert(1)>"
    rows = (CostRow(evil, cost(evil)), CostRow("qc", cost()))
    page = CostTable(rows, (evil,))._repr_html_() + cost(evil)._repr_html_()
    assert "<img" not in page
    assert page.count("&lt;img") >= 4


def test_data_are_raw_seconds():
    frame = table().to_dataframe()
    assert list(frame["effective_time"]) == [pytest.approx(55.76e-6), pytest.approx(4e-6), inf]
    assert list(frame["training_quantum_time"]) == [pytest.approx(6_600_000 * time) for time in frame["effective_time"]]
    bundle = table()._repr_mimebundle_()
    assert bundle == {"text/plain": repr(table()), "text/html": table()._repr_html_()}


@pytest.mark.parametrize("model", ["calibrated", "paper"])
def test_an_explanation_has_the_figures_of_the_table_and_sections_that_exist(model):
    cost = hyb.quantum_cost(hyb.Ansatz(4, 2), "fake_kyiv", model=model)
    explained = repr(cost).partition("How this is computed:")[2].partition("\n\n")[0]
    figures = (cost.execution_time, cost.logical_time, cost.routing_time, cost.effective_time, cost.usage_time)
    assert all(seconds(figure) in explained for figure in figures)
    model_text = (Path(__file__).parents[2] / "docs" / "cost_model.md").read_text()
    sections = re.findall(r"section (\d+)", explained)
    assert len(sections) == 4
    assert all(f"\n## {number}. " in model_text for number in sections)
