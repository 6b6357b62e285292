import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from hybhanas_jupyter.circuits.readers import to_circuit
from hybhanas_jupyter.cli import main
from hybhanas_jupyter.costs.prices import prices
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.costs.workload import workload
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.hardware.devices import devices
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.runs import runs
from hybhanas_jupyter.nas.search import Search
from tests.nas import real

QASM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0], q[1];'


@pytest.fixture
def files(tmp_path):
    real.config(generations=2).save(tmp_path / "search.json")
    return str(tmp_path / "search.json"), str(tmp_path / "runs.db")


def test_search_resume_and_front_print_the_run(files, capsys):
    config, store = files
    assert main(["search", config, "--store", store]) == 0
    run = Search.load(store).run
    assert capsys.readouterr().out == f"{run}\n"
    assert main(["resume", "--store", store, "--generations", "1"]) == 0
    longer = Search.load(store).run
    assert (len(run.evaluations), len(longer.evaluations)) == (8, 12)
    assert capsys.readouterr().out == f"{longer}\n"
    assert main(["front", "--store", store, "--run", run.id]) == 0
    assert capsys.readouterr().out == f"{longer}\n"
    assert main(["runs", "--store", store]) == 0
    assert capsys.readouterr().out == f"{runs(store)}\n"


def test_cost_and_devices_print_what_the_functions_return(tmp_path, capsys):
    path = tmp_path / "bell.qasm"
    path.write_text(QASM)
    assert main(["cost", str(path), "--backend", "fake_torino", "--level", "1", "--seed", "5"]) == 0
    assert capsys.readouterr().out == f"{quantum_cost(QASM, 'fake_torino', optimization_level=1, seed=5)}\n"
    assert main(["devices", "fake_t*"]) == 0
    assert capsys.readouterr().out == f"{devices('fake_t*')}\n"


def test_usage_and_prices_print_what_the_functions_return(tmp_path, capsys):
    path = tmp_path / "bell.qasm"
    path.write_text(QASM)
    circuit = to_circuit(QASM)
    run = ["usage", str(path), "-b", "fake_torino"]
    assert main([*run, "-o", "ZZ", "-o", "XX", "--precision", "0.05", "--resilience", "2"]) == 0
    load = workload([(circuit, [["ZZ"], ["XX"]])], "fake_torino", {"resilience_level": 2}, precision=0.05)
    assert capsys.readouterr().out.split("PUB ")[0] == repr(load).split("PUB ")[0]  # below stands the circuit's name
    assert main([*run, "--shots", "70", "--mode", "session", "--iterations", "3", "--price", "IBM flex", "--json"]) == 0
    options = {"shots": 70, "mode": "session", "iterations": 3, "price": "IBM flex"}
    data = json.loads(capsys.readouterr().out)
    load = workload([(circuit,)], "fake_torino", **options)
    assert (data["executions"], data["price"]) == (210, pytest.approx(load.money.amount))
    assert main(["prices", "ionq_aria"]) == 0
    assert capsys.readouterr().out == f"{prices().of('ionq_aria')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "nothing.json"], "nothing.json"),
        (["front", "--store", "nothing.db"], "nothing.db"),
        (["resume", "--store", "nothing.db"], "nothing.db"),
        (["cost", "nothing.qasm"], "nothing.qasm"),
        (["cost", "{qasm}", "--backend", "fake_kyv"], "Did you mean 'fake_kyiv'"),
        (["cost", "{broken}"], "OpenQASM"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(arguments, words, tmp_path, capsys):
    (tmp_path / "a.qasm").write_text(QASM)
    (tmp_path / "b.qasm").write_text("OPENQASM 2.0; quux q[2];")
    names = {"{qasm}": str(tmp_path / "a.qasm"), "{broken}": str(tmp_path / "b.qasm")}
    assert main([names.get(argument, argument) for argument in arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_what_is_printed_can_be_read_by_programs(tmp_path, capsys):
    path = tmp_path / "bell.qasm"
    path.write_text(QASM)
    assert main(["cost", str(path), "-b", "fake_kyiv", "-b", "fake_torino", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert {cost["device"] for cost in table["costs"]} == {"fake_kyiv", "fake_torino"}
    assert main(["cost", str(path), "--csv"]) == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert float(row["effective_time"]) == quantum_cost(QASM, "fake_kyiv").effective_time
    assert main(["devices", "fake_kyiv", "--json"]) == 0
    assert "2025-02-26" in capsys.readouterr().out


def test_a_run_is_verified_exported_and_made_a_page(files, tmp_path, capsys):
    config, store = files
    assert main(["search", config, "--store", store]) == 0
    run = Search.load(store).run
    capsys.readouterr()
    assert main(["front", "--store", store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["front"] == [e.number for e in run.front]
    assert main(["verify", "--store", store, "--samples", "3", "--shots", "20", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(run.front) + 1
    assert main(["export", str(tmp_path / "net"), "--candidate", "2", "--store", store]) == 0
    assert (tmp_path / "net" / "weights.safetensors").exists()
    assert main(["report", str(tmp_path / "run.html"), "--store", store]) == 0
    assert run.id in (tmp_path / "run.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
def test_a_terminal_that_lacks_a_character_shows_the_rest(encoding, tmp_path):
    (tmp_path / "bell.qasm").write_text(QASM)
    done = run_cli("cost", tmp_path / "bell.qasm", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "= effective" in done.stdout.decode(encoding)


def test_a_reader_that_has_gone_and_a_full_disk_are_no_tracebacks():
    command = f"{sys.executable} -m hybhanas_jupyter.cli devices"
    gone = subprocess.run(
        f"{command} | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        check=False,
    )
    assert (gone.returncode, gone.stderr) == (141, b"")
    full = subprocess.run(f"{command} > /dev/full", shell=True, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert full.stderr == "hybhanas: the output cannot be written: No space left on device\n"


def run_cli(*arguments, **environment):
    command = [sys.executable, "-m", "hybhanas_jupyter.cli", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, check=False)


def test_ctrl_c_says_how_to_go_on(files):
    config, store = files
    SearchConfig.load(config).replace(generations=1000, workers=1).save(config)
    command = [sys.executable, "-m", "hybhanas_jupyter.cli", "search", config, "--store", store]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None:
        try:
            if Search.load(store).run.evaluations:
                break
        except StoreError:  # not there yet
            time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err.endswith(f"Stopped. Go on with: hybhanas resume --store {store}\n")
