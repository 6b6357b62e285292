"""Whatever stands in an option line: a report, or an error of one line."""

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from IPython.core.error import UsageError
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from hybhanas_jupyter.notebook.magics.options import OPTIONS
from hybhanas_jupyter.notebook.magics.table import BudgetError

FLAGS = [flag for names in OPTIONS for flag in names]
NUMBERS = ["0", "1", "-1", "2.5", "1e-9", "nan", "10**9", "99999999999999999999"]
NAMES = ["fake_manila", "fake_armonk", "fake_kyv", "paper", "qc", "wide", "c.csv", "/no/c.csv", "'", '"', "{qc", "$qc"]
SOUND = [
    "-b fake_armonk",
    "-b fake_manila fake_armonk",
    "--shots 5",
    "--level 1",
    "--seed 3",
    "--model paper",
    "-q",
    "--seeds 2",
]
SOUND += ["--samples 2 --epochs 3", "--batch-size 2", "--circuit qc", "--circuit wide", "-o kept", "--output=kept"]
SOUND += ["--save c.json", "--save 'c.csv'", "--fail-above 1e-9", "--fail-above 1"]
JUNK = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8)
ANY = st.sampled_from(FLAGS) | st.sampled_from(NUMBERS) | st.sampled_from(NAMES) | JUNK
WORDS = st.tuples(st.lists(st.sampled_from(SOUND), max_size=5), st.lists(ANY, max_size=2)).map(
    lambda parts: " ".join([*parts[0], *parts[1]])
)


@pytest.fixture(scope="module")
def circuits():
    small = QuantumCircuit(1)
    small.rx(Parameter("x"), 0)
    wide = QuantumCircuit(9)
    wide.h(range(9))
    return {"qc": small, "wide": wide}


def check(shell, circuits, cell):
    shell.user_ns.update(circuits, ran=False)
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        result = shell.run_cell(cell)
    if result.success:
        return
    error = result.error_in_exec
    assert isinstance(error, (UsageError, BudgetError)), (cell, error)
    printed = err.getvalue() if isinstance(error, UsageError) else out.getvalue().splitlines()[-1]
    assert printed.strip() == f"{type(error).__name__}: {error}"
    assert len(printed.splitlines()) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS)
@example("--backend fake_armonk --save c.csv --fail-above 1e-9")
@example("--back fake_armonk --s 1")
@example("-o get-ipython")
@example("--backend=")
@example("--")
@example("--shots --level")
@example("-bfake_armonk -qh")
def test_any_option_line_of_a_cell(shell, circuits, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    check(shell, circuits, f"%%qcost {line}\nqc")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["qc", "[qc, wide]", "{'a': qc}", "missing", "3", "qc -", "("]), WORDS)
def test_any_option_line_of_an_expression(shell, circuits, tmp_path, monkeypatch, expression, line):
    monkeypatch.chdir(tmp_path)
    check(shell, circuits, f"%qcost {expression} --backend fake_armonk {line}")
