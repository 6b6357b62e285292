"""Tab completion of the magics, through IPython's completer and through a real kernel."""

from types import SimpleNamespace

import pytest
from IPython.core.completer import provisionalcompleter
from jupyter_client.manager import start_new_kernel

import hybhanas_jupyter as hyb
from hybhanas_jupyter.notebook.magics.options import register_completion


def completions(shell, text, rest=""):
    with provisionalcompleter():
        return [c.text for c in shell.Completer.completions(text + rest, len(text))]


NAMES = {device.name for device in hyb.devices()}
FLAGS = ["--backend", "--shots", "--level", "--seed", "--model", "--samples", "--epochs", "--batch-size", "--circuit"]


@pytest.mark.parametrize("text", ["%%qcost ", "%%qcost --shots 5 ", "%%qcost -q ", "%qcost qc -q "])
def test_options_are_offered(shell, text):
    offered = completions(shell, text, "\nqc = 1")
    assert set(FLAGS) - set(text.split()) <= set(offered)
    assert not set(text.split()) & set(offered)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%%qcost --backend fake_ky", {n for n in NAMES if n.startswith("fake_ky")}),
        ("%%qcost -b fake_kyiv fake_ky", {"fake_kyoto"}),
        ("%%qcost --backend=fake_tori", {"fake_torino"}),
        ("%qcost k", {"known"}),
        ("cost = %qcost qc --backend fake_fe", {"fake_fez"}),
        ("  %qcost qc --backend fake_fe", {"fake_fez"}),
        ("%qdevices fake_fe", {"fake_fez"}),
        ("%%qcost --model ", {"calibrated", "hardware", "paper"}),
        ("%%qcost --model p", {"paper"}),
        ("%%qcost --shots 1 --level ", {"0", "1", "2", "3"}),
        ("%%qcost --back", {"--backend"}),
        ("%%qcost --circuit ", {"qc", "f", "known"}),
        ("%qcost qc --mo", {"--mode", "--model"}),
        ("%qcost qc --mode ", {"job", "batch", "session"}),
        ("%qcost qc --resilience ", {"0", "1", "2"}),
    ],
)
def test_values_are_offered(shell, text, words):
    shell.run_cell("from qiskit import QuantumCircuit\nknown = QuantumCircuit(1)\nnumber = 3")
    assert set(completions(shell, text, "\nqc = QuantumCircuit(2)\nqc == 3\ndef f():\n    local = 1")) == words


def test_after_a_device_come_devices_and_options(shell):
    offered = completions(shell, "%%qcost --backend fake_kyiv ")
    assert "fake_fez" in offered
    assert "--shots" in offered
    assert "fake_kyiv" not in offered


@pytest.mark.parametrize("text", ["number = 3\nnumb", "%%time\nnumb", "x = numb"])
def test_python_completes_everywhere_else(shell, text):
    shell.run_cell("number = 3")
    assert "number" in completions(shell, text)
    assert "--backend" not in completions(shell, text)


def test_an_ipython_without_matchers_is_left_alone():
    shell = SimpleNamespace(Completer=SimpleNamespace())
    register_completion(shell)()
    assert vars(shell.Completer) == {}


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3")
    client.execute_interactive("%load_ext hybhanas_jupyter", timeout=60)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_kernel_completes_what_jupyterlab_asks(kernel):
    code = "%%qcost --backend fake_kyi\nqc = 1"
    reply = kernel.complete(code, cursor_pos=26, reply=True, timeout=60)["content"]
    assert reply["matches"] == ["fake_kyiv"]
    assert code[reply["cursor_start"] : reply["cursor_end"]] == "fake_kyi"


def test_a_kernel_shows_text_and_html_and_fails_on_a_budget(kernel):
    messages = []
    cell = "%%qcost --fail-above 1e-12\nfrom qiskit import QuantumCircuit\nqc = QuantumCircuit(1)\nqc.h(0)\n'value'"
    reply = kernel.execute_interactive(cell, timeout=120, output_hook=messages.append)
    kinds = {message["msg_type"]: message["content"] for message in messages}
    assert set(kinds["display_data"]["data"]) == {"text/plain", "text/html"}
    assert kinds["execute_result"]["data"]["text/plain"] == "'value'"
    assert kinds["error"]["ename"] == "BudgetError"
    assert len(kinds["error"]["traceback"]) == 1
    assert reply["content"]["status"] == "error"
