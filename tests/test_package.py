"""The public names, and what an import costs."""

import subprocess
import sys

import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.nas import foreground, space

HEAVY = ("torch", "pennylane", "numba", "qiskit_aer")


@pytest.mark.parametrize("name", hyb.__all__)
def test_every_public_name_is_documented(name):
    assert getattr(hyb, name).__doc__
    assert name in dir(hyb)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'quantum_costs'"):
        hyb.quantum_costs  # noqa: B018  the access is what raises


def test_public_functions_are_not_hidden_by_packages_of_the_same_name():
    assert hyb.search is foreground.search
    assert hyb.SearchSpace is space.SearchSpace
    assert [name for name in hyb.__all__ if not callable(getattr(hyb, name))] == ["checks"]


LOAD_EXTENSION = """
from IPython.testing.globalipapp import start_ipython
start_ipython().run_line_magic("load_ext", "hybhanas_jupyter")
"""


@pytest.mark.parametrize("statement", ["import hybhanas_jupyter", LOAD_EXTENSION])
def test_heavy_packages_load_on_first_use_only(statement):
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


WITHOUT_SEARCH = """
import sys
sys.modules.update(dict.fromkeys(("deap", "moocore", "numba", "pennylane", "safetensors", "sklearn", "torch")))
import hybhanas_jupyter as hyb
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
shell.run_line_magic("load_ext", "hybhanas_jupyter")
shell.run_cell_magic("qcost", "--level 1", "from qiskit import QuantumCircuit\\nc = QuantumCircuit(2)\\nc.cx(0, 1);")
print(hyb.seed_study(hyb.Ansatz(2, 1), "fake_kyiv", range(2)).best.execution_time > 0)
hyb.training_cost(hyb.Ansatz(2, 1), "fake_kyiv", samples=10, epochs=1)
hyb.compare(hyb.Ansatz(2, 1), ["fake_kyiv", "fake_torino"], progress=False)
for name in sorted(set(hyb.__all__) | {"models"}):
    try:
        from hybhanas_jupyter import models
        models.QuantumLayer if name == "models" else getattr(hyb, name)
    except ImportError as error:
        print(name, "|", error)
shell.run_cell("%hybhanas")
"""


def test_costs_need_no_package_of_the_search_and_what_needs_them_says_what_to_install():
    result = subprocess.run([sys.executable, "-c", WITHOUT_SEARCH], capture_output=True, text=True, check=True)
    report, _, rest = result.stdout.partition("True\n")
    assert "Quantum cost on fake_kyiv" in report
    refused = dict(line.split(" | ") for line in rest.splitlines() if " | " in line)
    assert {"Search", "SearchConfig", "classical_cost", "configurator", "load_dataset", "models", "search"} <= set(
        refused
    )
    assert not {"Ansatz", "quantum_cost", "compare", "device", "workload", "training_cost"} & set(refused)
    assert all("torch" in line and "pip install 'hybhanas_jupyter[search]'" in line for line in refused.values())
    assert "UsageError: %hybhanas needs deap" in result.stdout + result.stderr
