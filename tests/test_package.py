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
