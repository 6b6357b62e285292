import pickle
import subprocess
import sys

import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.errors import ConfigError, HybHanasError, UnknownNameError, check_name


def test_a_message_is_one_line_of_readable_length():
    with pytest.raises(UnknownNameError) as caught:
        check_name("device", "a\nb" * 10_000, ["fake_kyiv"])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_lines_of_a_message_are_joined_and_survive_another_process():
    error = pickle.loads(pickle.dumps(ConfigError("shots is 0\nseed is -1\r\nmodel\u2028is 3")))
    assert str(error) == "shots is 0 seed is -1 model is 3"


TRAINED = """
import os, warnings
import torch  # whose own filters are there for whoever imports it
before, filters = dict(os.environ), list(warnings.filters)
import hybhanas_jupyter as hyb
from hybhanas_jupyter.models.fit import fit
from hybhanas_jupyter.models.hybrid import HybridNet
data = hyb.load_dataset("digits", per_class=5)
fit(HybridNet(data.input_shape, data.n_classes, (), hyb.Ansatz(2, 1)), data, epochs=1)
assert "sympy" in sys.modules and "sklearn" in sys.modules
print({name for name in os.environ if os.environ[name] != before.get(name)})
print([item[2] for item in warnings.filters if item not in filters and "sympy" in item[2].__module__])
"""


def test_what_others_leave_behind_when_a_network_trains_is_taken_back():
    done = subprocess.run([sys.executable, "-c", f"import sys{TRAINED}"], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n[]\n"


@pytest.mark.parametrize(
    "call",
    [
        lambda value: hyb.Ansatz(3, 2, topology=value),
        lambda value: hyb.Ansatz(value, 2),
        lambda value: hyb.Ansatz(3, value),
        lambda value: hyb.quantum_cost(value, "fake_manila"),
        lambda value: hyb.quantum_cost(hyb.Ansatz(2, 1), value),
        lambda value: hyb.quantum_cost(hyb.Ansatz(2, 1), "fake_manila", optimization_level=value),
        lambda value: hyb.quantum_cost(hyb.Ansatz(2, 1), "fake_manila", model=value),
        lambda value: hyb.SearchConfig(constraints={"accuracy": value}),
        lambda value: hyb.SearchConfig(generations=value, data=value),
        hyb.SearchConfig.load,
        lambda value: hyb.load_dataset("digits", per_class=value),
        hyb.runs,
    ],
)
@pytest.mark.parametrize("value", ["a\r\nb" * 10_000, 10**400, -(10**5000), ["x"] * 10_000], ids=lambda v: str(type(v)))
def test_whatever_long_value_is_given_the_message_is_a_short_line(call, value):
    with pytest.raises(HybHanasError) as caught:
        call(value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 600
