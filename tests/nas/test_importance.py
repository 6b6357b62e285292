import random
from dataclasses import replace

import pytest

from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.importance import LEAST, importance
from hybhanas_jupyter.nas.run import Run
from tests.nas import toy

CONFIG = toy.config(objectives=("accuracy", "two_qubit_gates", "quantum_parameters"))


def evaluations(count):
    """The accuracy hangs on the entangler, mostly, and on the depth; the gates on one gene, the parameters on noise."""
    rng = random.Random(0)
    for number in range(count):
        architecture = CONFIG.space.sample(rng)
        ansatz = architecture.ansatz
        accuracy = 0.5 + 0.3 * (ansatz.entangler == "CZ") + 0.02 * ansatz.depth
        known = {"accuracy": accuracy, "two_qubit_gates": 10 * ansatz.n_qubits, "quantum_parameters": rng.randint(1, 9)}
        yield replace(Evaluation(number, 1, architecture, "ok"), **known)


def test_what_decides_an_objective_is_found():
    found = importance(list(evaluations(120)), CONFIG.space, CONFIG.goal)
    accuracy, gates = found.genes["accuracy"], found.genes["two_qubit_gates"]
    assert sorted(accuracy, key=accuracy.get)[-2:] == ["depth", "entangler"]
    # Shuffling a gene that alone decides costs twice the variance.
    assert accuracy["entangler"] > 1 > accuracy["depth"] > 0.05
    assert max(gates, key=gates.get) == "qubits"
    assert gates["qubits"] == pytest.approx(2, abs=0.3)
    assert all(abs(share) < 0.1 for gene, share in gates.items() if gene != "qubits")
    assert found.explained["accuracy"] > 0.9
    assert found.explained["quantum_parameters"] < 0.2


def test_a_run_tells_what_matters():
    run = Run("r", CONFIG, tuple(evaluations(40)), (), 0)
    found = run.importance()
    assert found.evaluations == 40
    assert set(found.to_dataframe().gene) == {"qubits", "depth", "rotations", "entangler", "topology"}
    assert "= explained" in repr(found)
    assert run.importance().to_dict() == found.to_dict()


def test_too_few_evaluations_are_named():
    with pytest.raises(ConfigError, match=f"{LEAST - 1} evaluations are feasible"):
        importance(list(evaluations(LEAST - 1)), CONFIG.space, CONFIG.goal)
