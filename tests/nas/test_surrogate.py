import math
import random
from dataclasses import replace

import numpy as np
import pytest

from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.nas import analysis
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation
from hybhanas_jupyter.nas.nsga2 import ranked
from hybhanas_jupyter.nas.space import SearchSpace, VariableCNN
from hybhanas_jupyter.nas.surrogate import LEAST_TRAINED, choose
from tests.nas import toy

CONFIG = toy.config(objectives=("accuracy", "quantum_time"))


def costed(architecture, status="new"):
    weights = architecture.ansatz.num_weights
    return Evaluation(-1, 0, architecture, status, **toy.costs(architecture), quantum_parameters=weights)


def trained(architecture, number=0):
    """Accuracy grows with the qubits, and only with them."""
    return replace(costed(architecture, "ok"), number=number, accuracy=architecture.ansatz.n_qubits / 10)


def some(count, config=CONFIG, seed=0):
    rng = random.Random(seed)
    drawn = {a.identity: a for a in (config.space.sample(rng) for _ in range(count))}
    return [trained(architecture, i) for i, architecture in enumerate(drawn.values())]


def chosen(known, count=6, config=CONFIG, cost=costed, seed=1):
    taken = {e.architecture.identity for e in known}

    def accept(architecture):
        new = architecture.identity not in taken
        taken.add(architecture.identity)
        return new

    population = ranked(known, config.goal)
    rng = random.Random(seed)
    return choose(population, known, count, config.space, config.goal, rng, accept, cost, lambda a: a.trained_as)


def test_what_is_chosen_is_new_costed_and_predicted():
    known = some(30)
    found = chosen(known)
    identities = [e.architecture.identity for e in found]
    assert len(set(identities)) == len(found) == 6
    assert not set(identities) & {e.architecture.identity for e in known}
    for candidate in found:
        assert candidate.quantum_time == toy.costs(candidate.architecture)["quantum_time"]
        assert set(candidate.predicted) == {"accuracy"}
        mean, spread = candidate.predicted["accuracy"]
        assert mean == pytest.approx(candidate.architecture.ansatz.n_qubits / 10, abs=0.05)
        assert spread >= 0


def test_what_is_chosen_enlarges_the_front():
    known = some(8)
    gains = []
    for found in (chosen(known), some(6, seed=9)):
        after = [*known, *(trained(e.architecture) for e in found)]
        gains.append(analysis.hypervolumes([known, after], CONFIG.goal)[-1])
    assert gains[0] > gains[1]


def test_a_training_that_is_known_is_not_predicted():
    config = toy.config(space=SearchSpace(qubits=(2, 3), depth=(1, 1), rotations=("RY", "RY-RZ")))
    known = [e for e in some(40, config) if e.architecture.ansatz.rotations == ("RY",)]
    twins = {e.architecture.trained_as.identity: e.accuracy for e in known}
    found = [e for e in chosen(known, config=config) if e.architecture.trained_as.identity in twins]
    assert found
    for candidate in found:
        mean, spread = candidate.predicted["accuracy"]
        assert mean == pytest.approx(twins[candidate.architecture.trained_as.identity])
        assert spread == 0


def test_the_infeasible_are_dropped_and_so_little_is_known_that_nothing_is_chosen():
    def slow(architecture):
        return costed(architecture, "infeasible" if architecture.ansatz.depth > 2 else "new")

    found = chosen(some(20), cost=slow)
    assert found
    assert all(e.architecture.ansatz.depth <= 2 for e in found)
    assert chosen(some(20), cost=lambda a: costed(a, "infeasible")) == []
    assert chosen(some(LEAST_TRAINED - 1)) == []


def test_genes_of_absent_convolutions_are_no_obstacle():
    space = SearchSpace(qubits=(2, 4), depth=(1, 3), cnn=VariableCNN())
    config = toy.config(space=space, objectives=CONFIG.objectives)
    assert len(chosen(some(12, config), config=config)) == 6


def test_it_finds_more_than_nsga2_with_as_many_trainings():
    """Judged by the hypervolume of a problem in closed form, mean of three seeds."""
    means = {}
    for strategy in ("nsga2", "surrogate"):
        runs = [toy.loop(toy.config(strategy=strategy, seed=seed, generations=4)) for seed in range(3)]
        for loop in runs:
            loop.go()
        means[strategy] = np.mean([loop.state.generations[-1].hypervolume for loop in runs])
    assert means["surrogate"] > means["nsga2"]


def test_a_scaled_loss_has_its_value_back():
    for name, value in (("accuracy", 0.93), ("quantum_time", 3600.0), ("parameters", 17)):
        evaluation = replace(some(1)[0], **{name: value})
        goal = SearchConfig(objectives=(name, "two_qubit_gates")).goal
        loss = analysis.scaled_losses([evaluation], goal)[0, 0]
        assert OBJECTIVES[name].unscaled(loss) == pytest.approx(value)


def test_predictions_are_kept_and_shown():
    loop = toy.loop(toy.config(strategy="surrogate", generations=3))
    loop.go()
    run = loop.state.run
    predicted = [e for e in run.evaluations if e.predicted]
    assert predicted
    assert all(e.generation > 1 for e in predicted)
    again = [Evaluation.from_dict(e.to_dict()) for e in run.evaluations]
    assert [e.predicted for e in again] == [e.predicted for e in run.evaluations]
    of_second = [e for e in predicted if e.generation == 2]
    off = np.mean([abs(e.predicted["accuracy"][0] - e.accuracy) for e in of_second])
    assert f"Validation accuracy, generation 2: off by {off:.1%} in the mean" in repr(run)
    assert math.isfinite(run.to_dataframe().predicted_accuracy.iloc[-1])


def test_an_unknown_strategy_is_named():
    with pytest.raises(ConfigError, match="strategy"):
        SearchConfig(strategy="surogate")
    assert SearchConfig.preset("paper-fixed").strategy == SearchConfig.preset("paper-variable").strategy == "nsga2"
