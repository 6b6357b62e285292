"""The magics as a user meets them: reports, stored results, one-line errors, and no trace after unloading."""

import json
import re
import subprocess
import sys

import pandas
import pytest
from IPython.core.error import UsageError
from qiskit import QuantumCircuit

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs import workload
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.notebook.magics.options import MODES
from hybhanas_jupyter.notebook.magics.table import BudgetError, CostTable

BELL = "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\nqc.h(0)\nqc.cx(0, 1);\n"
PARAMETRISED = (
    "from qiskit.circuit import QuantumCircuit, Parameter\nqc = QuantumCircuit(1)\nqc.rx(Parameter('x'), 0);\n"
)


def test_report_value_and_stored_cost(shell, capsys):
    result = shell.run_cell(f"%%qcost --backend fake_torino --shots 50 --level 1 --seed 3 -o cost\n{BELL}'the value'")
    printed = capsys.readouterr().out
    cost = shell.user_ns["cost"]
    assert result.result == "the value"
    assert cost == hyb.quantum_cost(shell.user_ns["qc"], "fake_torino", shots=50, optimization_level=1, seed=3)
    value, reports = printed.split("\n", 1)
    assert value.endswith(": 'the value'")
    assert reports.startswith("What your provider counts: Estimator, 50 shots, as a job\n")
    assert reports.endswith(f"\n{cost!r}\n")


def usage_row(printed):
    """The cells of the first row below "What your provider counts"."""
    lines = printed.split("What your provider counts")[1].splitlines()
    return re.split(r"\s{2,}", lines[4])


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ("", {"default_shots": 1000}),
        ("--resilience 2 --shots 500", {"default_shots": 500, "resilience_level": 2}),
        ("--precision 0.05", {"default_precision": 0.05}),
    ],
)
def test_what_the_provider_counts_comes_first(shell, capsys, options, arguments):
    shell.run_cell(f"%%qcost -b fake_torino {options}\n{BELL}")
    name, device, executions, qpu, *parts, valid = usage_row(capsys.readouterr().out)
    load = hyb.workload([(shell.user_ns["qc"], "ZZ")], "fake_torino", arguments)
    assert (name, device, executions, qpu) == ("qc", "fake_torino", f"{load.executions:,}", seconds(load.usage_time))
    assert parts == [seconds(load.usage_parts[part]) for part in ("jobs", "delays", "circuits")]
    cost = hyb.quantum_cost(shell.user_ns["qc"], "fake_torino")
    assert valid == seconds(load.requested_shots * cost.effective_time)


def test_a_circuit_that_measures_is_a_samplers(shell, capsys):
    shell.run_cell(f"%%qcost -b fake_torino --shots 70 --mode session\n{BELL}qc.measure_all()")
    printed = capsys.readouterr().out
    assert "Sampler, 70 shots, as a session" in printed
    assert usage_row(printed)[2] == "70"


def test_modes_are_those_of_workloads():
    assert MODES == workload.MODES


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
    plain = QuantumCircuit(2, 1)
    plain.h(0)
    plain.cx(0, 1)
    plain.measure(1, 0)
    expected = hyb.quantum_cost(plain, "fake_kyiv")
    cost = shell.user_ns["cost"]
    assert cost.execution_time == pytest.approx(expected.execution_time)
    assert cost.measured_qubits == expected.measured_qubits


@pytest.mark.parametrize(
    "text",
    [
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\n',
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nh q[0];\ncx q[0], q[1];\n',
    ],
)
def test_a_cell_of_openqasm_is_costed(shell, text):
    assert shell.run_cell(f"%%qcost -q -o cost\n{text}").success
    shell.run_cell(BELL)
    plain = hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv")
    assert shell.user_ns["cost"].execution_time == plain.execution_time


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


def test_devices_are_compared_by_several_seeds_and_chance_is_said(shell, capsys):
    make = "import hybhanas_jupyter as hyb\nqc = hyb.Ansatz(5, 2, topology='full')"
    shell.run_cell(f"%%qcost -b fake_kyiv fake_strasbourg fake_torino -o table\n{make}")
    rows = {row.device: row for row in shell.user_ns["table"].rows}
    assert [len(row.study.costs) for row in rows.values()] == [5, 5, 5]
    (low, high), (other, _) = rows["fake_kyiv"].study.span, rows["fake_strasbourg"].study.span
    assert low < other < high  # the compiler's luck is larger than what tells these two apart
    assert shell.user_ns["table"].mark(rows["fake_torino"]) == "cheapest"
    shell.run_cell(f"%%qcost -b fake_kyiv fake_strasbourg -o table\n{make}")
    assert capsys.readouterr().out.count("within the seeds") == 2
    shell.run_cell(f"%%qcost -b fake_kyiv fake_strasbourg --model hardware -o table\n{make}")
    assert capsys.readouterr().out.count("within the intervals") == 2
    shell.run_cell(f"%%qcost -b fake_kyiv fake_strasbourg --seeds 1 -o table\n{make}")
    assert "within" not in capsys.readouterr().out


def test_training_is_costed_on_both_clocks(shell, capsys):
    shell.run_cell(f"%%qcost --samples 320 --epochs 10 --batch-size 16 --shots 100 -o training\n{PARAMETRISED}")
    training = shell.user_ns["training"]
    assert training == hyb.training_cost(
        shell.user_ns["qc"], "fake_kyiv", samples=320, epochs=10, batch_size=16, shots=100
    )
    assert training.executions == 100 * 320 * 10 * (1 + 2)
    report = capsys.readouterr().out
    assert all(word in report for word in ("quantum time", "usage time", "effective", "routing"))


def test_observables_are_read_to_a_precision(shell, capsys):
    shell.run_cell(f"%%qcost -b fake_torino --observables Z --precision 0.05 -o cost\n{BELL}")
    cost = shell.user_ns["cost"]
    expected = hyb.expectation_cost(shell.user_ns["qc"], "fake_torino", precision=0.05)
    assert cost.damping.tolist() == expected.damping.tolist()
    assert repr(expected) in capsys.readouterr().out
    shell.run_cell(f"%%qcost -b fake_torino --observables ZZ XX -o cost\n{BELL}")
    assert shell.user_ns["cost"].observables == ("Z0 Z1", "X0 X1")


def test_seeds_are_compared_and_the_best_is_kept(shell, capsys):
    make = "import hybhanas_jupyter as hyb\nqc = hyb.Ansatz(5, 2, topology='star')"
    shell.run_cell(f"%%qcost --seed 5 --seeds 4 -o study\n{make}")
    assert repr(shell.user_ns["study"]) in capsys.readouterr().out
    shell.run_cell(f"%%qcost --seed 5 --seeds 4 --samples 2 --epochs 1 -o table\n{make}")
    (row,) = shell.user_ns["table"].rows
    costs = [hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv", seed=seed) for seed in range(5, 9)]
    times = sorted(cost.effective_time for cost in costs)
    assert times[0] < times[-1]
    assert row.cost == row.training.cost == shell.user_ns["study"].best
    assert row.cost == min(costs, key=lambda cost: cost.effective_time)
    assert row.seed_times() == ((times[1] + times[2]) / 2, times[3])
    printed = capsys.readouterr().out
    assert all(text in printed for text in ("best seed", *map(seconds, row.seed_times())))
    assert row.to_dict()["effective_time_maximum"] == times[-1]


def test_trainings_of_several_circuits(shell):
    shell.run_cell(f"%%qcost -q --samples 32 --epochs 1 -o table\n{PARAMETRISED}more = qc.compose(qc)")
    frame = shell.user_ns["table"].to_dataframe()
    assert list(frame["circuit"]) == ["qc", "more"]
    assert list(frame["training_executions"]) == [1000 * 32 * 3, 1000 * 32 * 5]


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_save_writes_what_the_table_holds(shell, tmp_path, suffix):
    path = tmp_path / f"costs.{suffix}"
    shell.run_cell(f"%%qcost -q -b fake_kyiv fake_fez --save '{path}' -o table\n{BELL}")
    frame = pandas.DataFrame(json.loads(path.read_text())) if suffix == "json" else pandas.read_csv(path)
    pandas.testing.assert_frame_equal(frame, shell.user_ns["table"].to_dataframe(), check_exact=True)
    for row in frame.itertuples():
        assert row.effective_time == pytest.approx(row.execution_time / row.success_probability, rel=1e-12)


LOOP = (
    "from qiskit import QuantumCircuit\ncircuits = []\nfor n in (2, 3):\n    c = QuantumCircuit(n)\n    c.h(range(n))\n"
)


def test_a_loop_that_keeps_only_its_last_circuit_is_told(shell, capsys):
    shell.run_cell(f"%%qcost -o cost\n{LOOP}")
    assert shell.user_ns["cost"].active_qubits == 3
    assert "c: bound in a loop, so only the last one is costed." in capsys.readouterr().out
    shell.run_cell(f"%%qcost -o table\n{LOOP}    circuits.append(c)\nc = None")
    assert [row.cost.active_qubits for row in shell.user_ns["table"].rows] == [2, 3]
    shell.run_cell(f"%%qcost -q\n{LOOP}")
    assert "bound in a loop" not in capsys.readouterr().out


def test_what_holds_for_every_circuit_on_a_device_is_no_warning(shell, capsys):
    shell.run_cell(f"%%qcost\n{BELL}")
    printed = capsys.readouterr().out
    assert "Warnings" not in printed
    assert "faulty couplers" in printed.partition("Provenance")[2]


def test_a_budget_that_is_kept_says_nothing(shell):
    assert shell.run_cell(f"%%qcost -q --fail-above 1\n{BELL}").success


@pytest.mark.parametrize("cell", ["%%qcost -o cost --fail-above 1e-7\nqc", "%qcost qc -o cost --fail-above 1e-7"])
def test_a_budget_that_is_broken_is_an_error_of_one_line(shell, capsys, cell):
    shell.run_cell(BELL)
    result = shell.run_cell(cell)
    printed = capsys.readouterr()
    assert isinstance(result.error_in_exec, BudgetError)
    cost = shell.user_ns["cost"]
    line = f"BudgetError: qc on fake_kyiv takes {seconds(cost.effective_time)}: above the limit of 100 ns."
    assert printed.out.splitlines()[-1] == line
    assert printed.out.count("BudgetError") == 1


@pytest.mark.parametrize("cell", ["--backend fake_kyv\nqc", "\n1 + 1", "--backend fake_manila\nwide"])
def test_a_budget_that_cannot_be_checked_fails(shell, capsys, cell):
    shell.run_cell(f"{BELL}wide = QuantumCircuit(9)\nwide.h(range(9));")
    result = shell.run_cell(f"%%qcost --fail-above 1 {cell}")
    assert isinstance(result.error_in_exec, BudgetError)
    assert capsys.readouterr().out.splitlines()[-1] == f"BudgetError: {result.error_in_exec}"


def test_what_fits_is_costed_and_what_does_not_is_named(shell, capsys):
    shell.run_cell(f"%%qcost -b fake_manila fake_kyiv -o table\n{BELL}wide = QuantumCircuit(9)\nwide.h(range(9));")
    table = shell.user_ns["table"]
    rows = {(row.circuit, row.device) for row in table.rows}
    assert rows == {("qc", "fake_manila"), ("qc", "fake_kyiv"), ("wide", "fake_kyiv")}
    assert table.refused[0].startswith("wide: ")
    assert table.refused[0] in capsys.readouterr().out
    result = shell.run_cell("%%qcost -q -b fake_manila fake_kyiv --fail-above 1\nwide")
    assert isinstance(result.error_in_exec, BudgetError)


def test_options_are_expanded_and_code_is_not(shell):
    shell.run_cell(f"{BELL}level = 1\ncosts = []")
    shell.run_cell(
        "for name in ('fake_fez', 'fake_torino'):\n    c = %qcost qc -b $name --level {level}\n    costs.append(c)"
    )
    sources = [cost.provenance for cost in shell.user_ns["costs"]]
    assert [(source.device, source.optimization_level) for source in sources] == [("fake_fez", 1), ("fake_torino", 1)]
    shell.run_cell("cost = %qcost {'a': qc}['a']")
    assert shell.user_ns["cost"] == hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv")


def test_line_magic_sees_local_variables(shell):
    shell.run_cell(
        f"{BELL}def cost_of(local):\n    return get_ipython().run_line_magic('qcost', 'local')\nc = cost_of(qc)"
    )
    assert shell.user_ns["c"] == hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv")


def test_a_called_qnode_is_found_wherever_it_is(shell):
    shell.run_cell(
        "import pennylane as qml\n"
        "class Model:\n"
        "    def __init__(self):\n"
        "        @qml.qnode(qml.device('default.qubit', wires=2))\n"
        "        def hidden(x):\n"
        "            qml.AngleEmbedding(x, wires=range(2))\n"
        "            qml.CNOT([0, 1])\n"
        "            return qml.expval(qml.PauliZ(0))\n"
        "        self.hidden = hidden\n"
        "model = Model()"
    )
    shell.run_cell("%%qcost -q -o cost\nmodel.hidden([0.1, 0.2])")
    assert shell.user_ns["cost"].logical.two_qubit == 1
    shell.run_cell("line_cost = %qcost model.hidden([0.1, 0.2])")
    assert shell.user_ns["line_cost"] == shell.user_ns["cost"]


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
        ("--model exact", ["exact", "calibrated", "hardware", "paper"]),
        ("--samples 10", ["--epochs"]),
        ("--batch-size 10", ["--samples"]),
        ("--save costs.xls", ["costs.xls", ".json", ".csv"]),
        ("--save /nowhere/costs.csv", ["/nowhere/costs.csv"]),
        ("--fail-above soon", ["'soon'"]),
        ("--fail-above inf", ["'inf'"]),
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
        ("%%qcost -o cost\nOPENQASM 3.0;\nnonsense q;", ["OpenQASM 3.0"]),
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
    assert texts[0].startswith("%qcost [-b NAME")
    assert all(default in texts[0] for default in ("(fake_kyiv)", "(1000)", "(2)", "(calibrated)"))
    shell.run_cell("%%qcost?")
    asked = capsys.readouterr().out
    assert all(line.strip() in asked for line in texts[0].splitlines())


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


def test_loading_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'hybhanas_jupyter')\n"
        "print({'torch', 'pennylane', 'numba', 'qiskit', 'numpy', 'pandas', 'ipywidgets'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"


def test_reload_registers_once(shell):
    once = state(shell)
    shell.run_line_magic("reload_ext", "hybhanas_jupyter")
    again = state(shell)
    assert once["magics"] == again["magics"]
    assert [len(once[key]) for key in once] == [len(again[key]) for key in again]


def test_qdevices_lists_what_matches(shell):
    table = shell.run_line_magic("qdevices", "fake_t*").rows
    assert "fake_torino" in [row.name for row in table]
    assert all(row.name.startswith("fake_t") for row in table)


def test_hybhanas_opens_the_configurator_filled_in(shell, tmp_path):
    config = hyb.SearchConfig(generations=3, population=8, backend="fake_fez")
    config.save(tmp_path / "my search.json")
    assert shell.run_line_magic("hybhanas", f"'{tmp_path / 'my search.json'}'").config == config
    assert shell.run_line_magic("hybhanas", "").config == hyb.SearchConfig()


def test_hybhanas_names_a_file_that_cannot_be_read(shell, capsys):
    assert not shell.run_cell("%hybhanas missing.json").success
    error = capsys.readouterr().err
    assert error.startswith("UsageError: ")
    assert "missing.json" in error
    assert len(error.splitlines()) == 1


def test_terminal_ipython_prints_text():
    code = f"%load_ext hybhanas_jupyter\n%qdevices fake_arm*\n{BELL}%qcost qc --backend fake_manila"
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Quantum cost on fake_manila" in printed
    assert "= effective" in printed
    assert "<div" not in printed
