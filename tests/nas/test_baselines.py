"""Networks without a quantum layer, against what they must compute."""

import numpy as np
import pytest
import torch

import hybhanas_jupyter as hyb
from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.baselines import FUNCTIONS, Baseline, baselines, network

ARCHITECTURE = Architecture((Convolution(4, pooling="max"),), hyb.Ansatz(4, 1, ("RY",), "CZ", "linear"))


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits", per_class=20)


@pytest.mark.parametrize(("function", "formula"), [("identity", lambda x: x), ("tanh", torch.tanh), ("cos", torch.cos)])
def test_the_function_stands_in_the_quantum_layers_place(data, function, formula):
    net = network(ARCHITECTURE, data, function, seed=0).eval()
    images = torch.from_numpy(data.x_validation[:5])
    with torch.no_grad():
        assert torch.equal(net(images), net.classifier(formula(net.angles(images))))
    quantum = network(ARCHITECTURE, data, "quantum", seed=0)
    trained = sum(p.numel() for p in quantum.parameters()) - quantum.quantum.weights.numel()
    assert sum(p.numel() for p in net.parameters()) == trained


def test_all_are_trained_alike_with_as_many_seeds(data):
    config = hyb.SearchConfig(training={"epochs": 2})
    found = baselines(config, ARCHITECTURE, data, seeds=2)
    assert [row.function for row in found.rows] == [*FUNCTIONS, "quantum"]
    assert all(len(row.accuracies) == 2 for row in found.rows)
    assert found.best.mean == max(row.mean for row in found.rows[:3])
    assert found.to_dict() == baselines(config, ARCHITECTURE, data, seeds=2).to_dict()
    assert list(found.to_dataframe()["mean"]) == [np.mean(row.accuracies) for row in found.rows]
    assert ARCHITECTURE.label in repr(found)


def test_mean_and_deviation_are_those_of_the_sample():
    row = Baseline("cos", (0.8, 0.9, 0.7))
    assert (row.mean, row.deviation) == (pytest.approx(0.8), pytest.approx(0.1))


def test_no_seed_is_one_line(data):
    with pytest.raises(ConfigError, match="seeds is 0"):
        baselines(hyb.SearchConfig(), ARCHITECTURE, data, seeds=0)
