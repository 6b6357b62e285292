"""A body runs as without the magic, and every circuit in it is found."""

import re

import pytest

from hybhanas_jupyter.notebook.magics.cells import CellResult, find_circuits, run_body

BELL = "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\nqc.h(0)\nqc.cx(0, 1)\n"


@pytest.mark.parametrize(
    "body",
    [
        "x = 3\nx * 2",
        "print('hello')\nx = [1]\nx",
        "x = 7\nx;",
        "!echo from the shell",
        "text = !echo captured\ntext[0]",
        "%precision 3\n1 / 3",
        "%%capture text\nprint('kept')",
        "x = '{qc} $qc'\nx",
        "def f():\n    return __name__\n\nf()",
        "from __future__ import annotations\ndef g(a: missing): ...\ng.__annotations__",
        "# only a comment",
        "x = 1; del x",
        "import inspect\ndef f(): return 'source'\ninspect.getsource(f)",
    ],
)
def test_output_value_and_variables_are_those_of_the_plain_cell(shell, capfd, body):
    observe_twice(shell, capfd, body)


@pytest.mark.parametrize("interactivity", ["all", "last", "none"])
@pytest.mark.parametrize("body", ["x = 1\nx\nx + 1", "7\nfor i in (5, 6):\n    i", "7\n8;"])
def test_other_settings_of_what_is_displayed_are_kept(shell, capfd, monkeypatch, interactivity, body):
    monkeypatch.setattr(shell, "ast_node_interactivity", interactivity)
    observe_twice(shell, capfd, body)


def observe_twice(shell, capfd, body):
    """Run a body without and with the magic, and compare all that a user sees of it."""

    def observe(cell):
        for name in ("x", "text"):
            shell.user_ns.pop(name, None)
        result = shell.run_cell(cell, store_history=True)
        captured = capfd.readouterr()
        printed = re.sub(r"Out\[\d+\]", "Out[n]", captured.out)
        names = {name: shell.user_ns.get(name) for name in ("x", "_")}
        names["Out"] = shell.user_ns["Out"].get(shell.execution_count - 1)
        return printed, captured.err, result.success, result.result, names

    shell.run_cell(BELL, store_history=True)
    shell.run_cell("0", store_history=True)
    capfd.readouterr()
    plain = observe(body)
    shell.run_cell("0", store_history=True)
    capfd.readouterr()
    assert plain == observe(f"%%qcost -q --circuit qc\n{body}")


def traceback_of(shell, cell, capfd):
    result = shell.run_cell(cell, store_history=True)
    assert not result.success
    captured = capfd.readouterr()
    return re.sub(r"\x1b\[[\d;]*m", "", captured.out + captured.err)


@pytest.mark.parametrize("blank", ["", "\n", "\n  \n\n"])
def test_traceback_shows_the_lines_of_the_cell(shell, capfd, blank):
    body = f"{blank}def f():\n    return 1 / 0\n\nf()"
    plain = traceback_of(shell, f"# first line\n{body}", capfd)
    magic = traceback_of(shell, f"%%qcost\n{body}", capfd)
    number = shell.execution_count - 1

    def frames(text):
        return re.findall(r"-+> (\d+) +(.*)", text)

    line = 5 + blank.count("\n")
    assert frames(magic)[1:] == frames(plain) == [(str(line), "f()"), (str(line - 2), "return 1 / 0")]
    assert f"Cell In[{number}], line {line}" in magic
    assert "hybhanas_jupyter" not in magic


@pytest.mark.parametrize("interrupt", ["KeyboardInterrupt", "SystemExit", "ValueError('mine')"])
def test_errors_of_the_body_pass_through(shell, interrupt):
    with pytest.raises(eval(interrupt.split("(")[0])):
        shell.run_cell_magic("qcost", "-o cost", f"before = 1\nraise {interrupt}")
    assert shell.user_ns["before"] == 1
    assert "cost" not in shell.user_ns


def test_syntax_error_names_the_line_of_the_cell(shell, capfd):
    text = traceback_of(shell, "%%qcost\na = 1\nb = (", capfd)
    assert f"Cell In[{shell.execution_count - 1}], line 3" in text


def test_await_is_refused_before_anything_runs(shell, capfd):
    text = traceback_of(shell, "%%qcost\nran = 1\nawait thing()", capfd)
    assert text.startswith("UsageError: A top-level await")
    assert len(text.splitlines()) == 1
    assert "ran" not in shell.user_ns


def circuits_of(shell, body):
    return find_circuits(run_body(shell, "", body))


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("qc = make(2)", ["qc"]),
        ("a = make(1)\nb = a", ["a"]),
        ("many = [make(1), make(2)]", ["many[0]", "many[1]"]),
        ("named = {'x': make(1)}", ["named['x']"]),
        ("make(3)", ["make(3)"]),
        ("qc = make(2)\nqc", ["qc"]),
        ("qc = make(2)\nmake(3)", ["qc", "make(3)"]),
        ("numbers = list(range(10**6))\nqc = make(1)", ["qc"]),
        ("old.h(0)", ["old"]),
        ("qc = old.compose(old)", ["qc"]),
        ("old = old", ["old"]),
        ("def f():\n    old = 1\nqc = make(2)", ["qc"]),
        ("for old in [old]:\n    pass", ["old"]),
        ("%%capture\nqc = make(2)", ["qc"]),
        ("text = 'OPENQASM 2.0; qreg q[1];'", ["text"]),
        ("_hidden = make(2)", []),
        ("1 + 1", []),
        ("", []),
    ],
)
def test_every_circuit_is_found_once(shell, body, names):
    shell.run_cell("from qiskit import QuantumCircuit as make\nold = make(1)")
    assert list(circuits_of(shell, body)) == names


def test_a_cell_run_again_finds_the_same_circuits(shell):
    shell.run_cell("from functools import cache\nfrom qiskit import QuantumCircuit\nmake = cache(QuantumCircuit)")
    body = "qc = make(2)\nother = QuantumCircuit(1)"
    assert circuits_of(shell, body).keys() == circuits_of(shell, body).keys() == {"qc", "other"}


def test_what_a_body_replaces_is_freed_while_it_runs(shell):
    shell.run_cell("import weakref\nclass Big: pass\nbig = Big()\nreference = weakref.ref(big)")
    shell.run_cell("%%qcost\nbig = None\nfreed = reference() is None")
    assert shell.user_ns["freed"]


def test_openqasm_is_not_run_as_python(shell):
    text = "// a comment\n/* another */\nOPENQASM 3.0;\nqubit[1] q;\n"
    assert run_body(shell, "", text) == CellResult(None, "", {"OpenQASM": text}, {}, {})
