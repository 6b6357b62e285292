"""The magics as a user meets them: reports, stored results, one-line errors, and no trace after unloading."""

import pytest
from IPython.core.error import UsageError

import hybhanas_jupyter as hyb
from hybhanas_jupyter.notebook.report import CostTable

BELL = "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\nqc.h(0)\nqc.cx(0, 1);\n"


def test_report_value_and_stored_cost(shell, capsys):
    result = shell.run_cell(f"%%qcost --backend fake_torino --shots 50 --level 1 --seed 3 -o cost\n{BELL}'the value'")
    report = capsys.readouterr().out
    cost = shell.user_ns["cost"]
    assert result.result == "the value"
    assert cost == hyb.quantum_cost(shell.user_ns["qc"], "fake_torino", shots=50, optimization_level=1, seed=3)
    assert repr(cost) in report
    assert "Out[" in report.removeprefix(repr(cost))


def test_quiet_prints_nothing(shell, capsys):
    shell.run_cell(f"%%qcost -q -o cost\n{BELL}")
    assert capsys.readouterr().out == ""
    assert shell.user_ns["cost"].provenance.device == "fake_kyiv"


def test_semicolon_hides_the_value_and_not_the_report(shell, capsys):
    shell.run_cell(f"%%qcost\n{BELL}qc.name;")
    printed = capsys.readouterr().out
    assert "fake_kyiv" in printed
    assert "Out[" not in printed


def test_a_qnode_is_costed(shell):
    shell.run_cell(
        "%%qcost -q -o cost\n"
        "import pennylane as qml\n"
        "@qml.qnode(qml.device('default.qubit', wires=2))\n"
        "def circuit():\n"
        "    qml.Hadamard(0)\n"
        "    qml.CNOT([0, 1])\n"
        "    return qml.expval(qml.PauliZ(1))\n"
    )
    shell.run_cell(BELL)
    plain = hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv")
    assert shell.user_ns["cost"].execution_time == pytest.approx(plain.execution_time)


def test_several_circuits_and_devices_make_a_table_with_the_cheapest_marked(shell, capsys):
    shell.run_cell(f"%%qcost --backend fake_kyiv fake_torino -o table\n{BELL}other = qc.compose(qc)")
    table = shell.user_ns["table"]
    assert isinstance(table, CostTable)
    assert [(row.circuit, row.device) for row in table.rows] == [
        ("qc", "fake_kyiv"),
        ("qc", "fake_torino"),
        ("other", "fake_kyiv"),
        ("other", "fake_torino"),
    ]
    lines = capsys.readouterr().out.splitlines()
    for circuit in ("qc", "other"):
        rows = [row for row in table.rows if row.circuit == circuit]
        best = min(rows, key=lambda row: row.cost.effective_time)
        marked = [line for line in lines if line.startswith(circuit) and line.endswith("cheapest")]
        assert len(marked) == 1
        assert best.device in marked[0]


def test_circuit_picks_one(shell):
    shell.run_cell(f"%%qcost -q --circuit qc -o cost\n{BELL}wide = QuantumCircuit(3)\nwide.h(range(3))")
    assert shell.user_ns["cost"] == hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv")


def test_line_magic_returns_the_cost_of_an_expression(shell):
    shell.run_cell(BELL)
    shell.run_cell("cost = %qcost qc.compose(qc) --backend fake_fez --seed 1")
    expected = hyb.quantum_cost(shell.user_ns["qc"].compose(shell.user_ns["qc"]), "fake_fez", seed=1)
    assert shell.user_ns["cost"].execution_time == expected.execution_time


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("--backend fake_kyv", ["'fake_kyv'", "'fake_kyiv'", "hyb.devices()"]),
        ("--level 7", ["'7'", "0 to 3"]),
        ("--shots 0", ["'0'", "1 to"]),
        ("--shots many", ["'many'"]),
        ("--seed -1", ["'-1'"]),
        ("--nonsense", ["'--nonsense'", "--backend"]),
        ("--backend", ["--backend"]),
        ("-o 3x", ["'3x'"]),
        ("-o class", ["'class'"]),
        ("--backend 'fake", ["quotation"]),
    ],
)
def test_bad_options_are_one_line_before_the_cell_runs(shell, capsys, line, names):
    result = shell.run_cell(f"%%qcost {line}\nran = True")
    error = capsys.readouterr().err
    assert isinstance(result.error_in_exec, UsageError)
    assert error.startswith("UsageError: ")
    assert len(error.splitlines()) == 1
    assert all(name in error for name in names)
    assert "ran" not in shell.user_ns


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%%qcost -o cost\nx = 1\nx", ["No circuit", "QuantumCircuit"]),
        (f"%%qcost -o cost --circuit other\n{BELL}", ["'other'", "qc"]),
        (
            "%%qcost -o cost --backend fake_manila\nfrom qiskit import QuantumCircuit as C\nx = C(9)\nx.h(range(9));",
            ["9 qubits", "5"],
        ),
        ("%qcost", ["EXPRESSION"]),
        ("%qcost --backend fake_kyiv", ["EXPRESSION"]),
        ("%qcost missing", ["missing"]),
        ("%qcost 1 +", ["'1 +'"]),
        ("%qcost 3", ["No circuit found"]),
    ],
)
def test_what_cannot_be_costed_is_one_line(shell, capsys, cell, names):
    result = shell.run_cell(cell)
    captured = capsys.readouterr()
    assert isinstance(result.error_in_exec, UsageError)
    assert len(captured.err.splitlines()) == 1
    assert all(name in captured.err for name in names)
    assert "cost" not in shell.user_ns


def test_the_value_survives_a_report_that_fails(shell, capsys):
    shell.run_cell("%%qcost\n'the value'")
    captured = capsys.readouterr()
    assert "the value" in captured.out
    assert "No circuit" in captured.err


def test_help_is_the_same_everywhere(shell, capsys):
    texts = []
    for cell in ("%%qcost --help", "%qcost --help", f"%%qcost -h\n{BELL}"):
        shell.run_cell(cell)
        texts.append(capsys.readouterr().out.strip())
    assert len(set(texts)) == 1
    assert "examples:" in texts[0]
    assert shell.find_cell_magic("qcost").__doc__.strip() == texts[0]


def test_defaults_can_be_configured(shell):
    shell.run_cell('%config QCost.backend = "fake_torino"\n%config QCost.shots = 7')
    shell.run_cell(f"%%qcost -q -o cost\n{BELL}")
    assert shell.user_ns["cost"] == hyb.quantum_cost(shell.user_ns["qc"], "fake_torino", shots=7)


def state(shell):
    return {
        "magics": {kind: set(names) for kind, names in shell.magics_manager.magics.items()},
        "registry": set(shell.magics_manager.registry),
        "configurables": list(map(id, shell.configurables)),
        "matchers": list(shell.Completer.custom_matchers),
        "transformers": [
            list(map(id, lines)) for lines in (shell.input_transformers_cleanup, shell.input_transformers_post)
        ],
        "events": {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()},
        "names": set(shell.user_ns),
    }


def test_unload_removes_every_trace(bare_shell):
    before = state(bare_shell)
    bare_shell.run_line_magic("load_ext", "hybhanas_jupyter")
    loaded = state(bare_shell)
    assert {"qcost"} <= loaded["magics"]["cell"]
    assert {"qcost", "qdevices", "hybhanas"} <= loaded["magics"]["line"]
    assert len(loaded["matchers"]) == len(before["matchers"]) + 1
    bare_shell.run_line_magic("unload_ext", "hybhanas_jupyter")
    assert state(bare_shell) == before


def test_reload_registers_once(shell):
    once = state(shell)
    shell.run_line_magic("reload_ext", "hybhanas_jupyter")
    again = state(shell)
    assert once["magics"] == again["magics"]
    assert [len(once[key]) for key in once] == [len(again[key]) for key in again]


def test_qdevices_lists_what_matches(shell):
    table = shell.run_line_magic("qdevices", "fake_t*")
    assert "fake_torino" in [row.name for row in table]
    assert all(row.name.startswith("fake_t") for row in table)
