"""Costs of a search beside the functions that give them to a user."""

import numpy as np
import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.errors import ConfigError
from tests.nas import real


def test_usage_and_price_are_those_of_the_estimators_jobs():
    changes = {"resilience_level": 1, "price": "IBM flex", "objectives": ("accuracy", "price"), "shots": 500}
    run = hyb.search(real.config(generations=1, **changes), store=":memory:", progress=False)
    samples = hyb.load_dataset("digits", per_class=10).samples
    costed = [evaluation for evaluation in run.evaluations if evaluation.status == "ok"]
    assert costed
    for evaluation in costed:
        ansatz = evaluation.architecture.ansatz
        n, circuit = ansatz.n_qubits, ansatz.to_circuit()
        training = hyb.training_cost(ansatz, "fake_kyiv", samples=samples, epochs=2, shots=500)
        sets = np.zeros((-(-training.circuits // training.jobs), circuit.num_parameters))
        pub = (circuit, [["I" * q + "Z" + "I" * (n - 1 - q)] for q in range(n)], sets)
        load = hyb.workload([pub], "fake_kyiv", {"default_shots": 500}, iterations=training.jobs)
        assert evaluation.usage_time == pytest.approx(load.usage_time)
        assert evaluation.value("price") == pytest.approx(1.2 * load.usage_time)
        assert load.executions >= training.executions * 512 / 500


def test_the_first_price_of_the_device_is_taken_where_none_is_named():
    config = real.config(generations=1, objectives=("accuracy", "price"))
    run = hyb.search(config, store=":memory:", progress=False)
    costed = [evaluation for evaluation in run.evaluations if evaluation.status == "ok"]
    assert costed
    assert all(e.value("price") == pytest.approx(1.6 * e.usage_time) for e in costed)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"price": "cheap"}, "is no price"),
        ({"resilience_level": 3}, "resilience_level"),
    ],
)
def test_what_cannot_be_priced_is_named(changes, text):
    with pytest.raises(ConfigError, match=text):
        real.config(**changes)


def test_a_price_of_another_device_is_refused():
    config = real.config(generations=1, price="Braket IonQ Aria")
    with pytest.raises(ConfigError, match="no price of"):
        hyb.search(config, store=":memory:", progress=False)
