import random
from collections import Counter
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas.config import STRATEGIES, SearchConfig
from hybhanas_jupyter.nas.processes import WorkerDiedError
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.space import SearchSpace, VariableCNN
from hybhanas_jupyter.nas.tasks import Outcome
from tests.nas import toy


def run(settings, submit=None):
    loop = toy.loop(settings, submit)
    for _ in range(settings.generations):
        loop.generation()
    return loop


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_order_in_which_trainings_finish_does_not_change_the_run(strategy):
    settings = toy.config(strategy=strategy, generations=6 if strategy == "nsga2" else 3)
    expected = toy.outcome(run(settings).state.evaluations.values())
    for seed in range(3):
        loop = run(settings, toy.Shuffled(seed))
        assert toy.outcome(loop.state.evaluations.values()) == expected


def test_no_architecture_is_evaluated_twice_and_no_network_is_trained_twice():
    submit = toy.Shuffled(0)
    loop = run(toy.config(generations=20), submit)
    identities = [e.architecture.identity for e in loop.state.evaluations.values()]
    assert len(set(identities)) == len(identities) == 160
    trained = [architecture.identity for architecture in submit.trained]
    assert len(set(trained)) == len(trained)
    shared = [e for e in loop.state.evaluations.values() if e.shared_with is not None]
    assert len(trained) + len(shared) == 160
    assert shared
    for evaluation in shared:
        source = loop.state.evaluations[evaluation.shared_with]
        assert source.architecture.trained_as == evaluation.architecture.trained_as
        assert (source.accuracy, source.history) == (evaluation.accuracy, evaluation.history)


@pytest.mark.parametrize(
    ("interrupted_at", "lost", "strategy"),
    [*((at, lost, "nsga2") for at in (1, 3, 5) for lost in (0, 3, 7)), (1, 3, "surrogate"), (3, 0, "surrogate")],
)
def test_a_restored_run_goes_on_bit_for_bit(interrupted_at, lost, strategy):
    """Restored after any generation, with part of the next one already evaluated."""
    settings = toy.config(strategy=strategy, generations=6 if strategy == "nsga2" else 4)
    whole = run(settings)
    records = whole.state.generations
    known = [e for e in whole.state.evaluations.values() if e.generation <= interrupted_at]
    partial = [e for e in whole.state.evaluations.values() if e.generation == interrupted_at + 1][lost:]

    before = Run("", settings, (*known, *partial), (), 0)
    resumed = toy.loop(settings, run=before, generations=records[:interrupted_at])
    assert resumed.go() == "all generations done"
    assert resumed.state.generations == records
    assert toy.outcome(resumed.state.evaluations.values()) == toy.outcome(whole.state.evaluations.values())


def test_an_architecture_that_breaks_a_hard_constraint_is_never_trained():
    submit = toy.Shuffled(0)
    loop = run(toy.config(constraints={"quantum_time": 60.0, "success_probability": 0.9}), submit)
    infeasible = [e for e in loop.state.evaluations.values() if e.status == "infeasible"]
    assert infeasible
    for evaluation in infeasible:
        assert evaluation.quantum_time > 60 or evaluation.success_probability < 0.9
        assert "limit" in evaluation.reason
        assert np.isnan(evaluation.accuracy)
    assert all(toy.costs(a)["quantum_time"] <= 60 for a in submit.trained)
    assert len(submit.trained) < 48 - len(infeasible) + 1
    assert all(m.evaluation.status == "ok" for m in loop.population)  # constrained dominance drives them out


def test_a_diverged_training_is_retried_once_with_another_seed():
    seeds = {}

    def diverges(task):
        seeds.setdefault(task.architecture.identity, []).append(task.seed)
        lucky = len(seeds[task.architecture.identity]) == 2 and task.architecture.ansatz.depth % 2
        return toy.train(task) if lucky else Outcome("failed", "the loss is nan")

    settings = toy.config(generations=1)
    loop = run(settings, toy.now(diverges))
    assert {len(each) for each in seeds.values()} == {2}
    assert all(len(set(each)) == 2 for each in seeds.values())
    for evaluation in loop.state.evaluations.values():
        lucky = evaluation.architecture.trained_as.ansatz.depth % 2 == 1
        assert evaluation.status == ("ok" if lucky else "failed")
        assert evaluation.reason == ("" if lucky else "the loss is nan")


def test_a_dead_worker_is_retried_with_the_same_seed_and_changes_nothing():
    calls = []

    def submit(task):
        calls.append(task)
        future = Future()
        if calls.count(task) == 1:
            future.set_exception(RuntimeError("the worker died"))
        else:
            future.set_result(toy.train(task))
        return future

    settings = toy.config(generations=2)
    assert toy.outcome(run(settings, submit).state.evaluations.values()) == toy.outcome(
        run(settings).state.evaluations.values()
    )


def dying(deaths):
    """Submit: the first `deaths(task)` workers of a task die; others run beside it at first, then it must be alone."""
    tries, running = Counter(), []

    def submit(task):
        tries[task.seed] += 1
        future = Future()
        running.append(future)
        if tries[task.seed] > 1:
            assert [other for other in running if not other.done()] == [future]
        if tries[task.seed] <= deaths(task):
            future.set_exception(WorkerDiedError("the worker died (signal 9)"))
        else:
            future.set_result(toy.train(task))
        return future

    return submit, tries


def test_bursts_of_dying_workers_change_nothing():
    settings = toy.config(generations=2)
    submit, tries = dying(lambda task: task.seed % 5)
    assert toy.outcome(run(settings, submit).state.evaluations.values()) == toy.outcome(
        run(settings).state.evaluations.values()
    )
    assert set(tries.values()) == {1, 2, 3, 4, 5}


def test_workers_of_different_instructions_are_told_of_once(caplog):
    kinds = ["AVX512", "AVX512", "AVX2", *["AVX512", "AVX2"] * 50]
    run(toy.config(generations=2), toy.now(lambda task: replace(toy.train(task), cpu=kinds.pop(0))))
    (message,) = caplog.messages
    assert "AVX2 after AVX512" in message
    caplog.clear()
    run(toy.config(generations=2), toy.now(lambda task: replace(toy.train(task), cpu="AVX2")))
    assert caplog.messages == []


def test_only_a_candidate_that_ends_every_worker_fails():
    settings = toy.config(generations=1)
    submit, tries = dying(lambda task: 6 * (task.architecture.ansatz.n_qubits == 4))
    disturbed, sound = run(settings, submit).state.evaluations, run(settings).state.evaluations
    assert set(tries.values()) == {1, 6}
    for number, evaluation in disturbed.items():
        if evaluation.architecture.trained_as.ansatz.n_qubits == 4:
            assert (evaluation.status, evaluation.reason) == ("failed", "the worker died (signal 9)")
        else:
            assert evaluation == sound[number]


def test_failures_of_an_unfinished_generation_are_tried_again():
    settings = toy.config(generations=1)
    broken = toy.loop(settings, toy.now(lambda task: Outcome("failed", "no torch")))
    with pytest.raises(HybHanasError, match="Every candidate of the first generation failed: no torch"):
        broken.generation()
    broken = broken.state.evaluations
    resumed = toy.loop(settings, run=Run("", settings, tuple(broken.values()), (), 0))
    resumed.generation()
    assert toy.outcome(resumed.state.evaluations.values()) == toy.outcome(run(settings).state.evaluations.values())


def test_while_paused_nothing_starts_and_what_runs_is_kept():
    class Pausing(toy.Free):
        paused = False
        checks = 0

        def check(self):
            self.checks += 1
            if self.paused and self.checks > 30:
                self.paused = False

    control, started = Pausing(), []

    def submit(task):
        assert not control.paused
        started.append(task)
        control.paused = len(started) == 3
        return toy.now()(task)

    loop = toy.loop(toy.config(generations=1), submit, control)
    loop.generation()
    undisturbed = run(toy.config(generations=1))
    assert toy.outcome(loop.state.evaluations.values()) == toy.outcome(undisturbed.state.evaluations.values())


def test_a_space_that_is_exhausted_ends_the_run():
    space = SearchSpace(qubits=(2, 3), depth=(1, 2), rotations=("RY",), entanglers=("CNOT",))
    loop = toy.loop(toy.config(space=space))
    sizes = [len(loop.generation()) for _ in range(6)]
    different = {space.sample(random.Random(seed)).identity for seed in range(2000)}
    assert sum(sizes) == len(different) < space.size
    assert sizes[-1] == 0


def test_candidates_that_cannot_be_built_are_drawn_again_and_counted():
    cnn = VariableCNN(kernels=(3,), strides=(1, 4), pooling=("max",))
    loop = toy.loop(toy.config(space=SearchSpace(cnn=cnn)))
    loop.generation()
    assert loop.state.counts["invalid"] > 0
    assert len(loop.state.evaluations) == 8


def test_a_budget_cuts_the_last_generation():
    loop = run(toy.config(evaluation_budget=20))
    assert len(loop.state.evaluations) == 20


def test_global_random_states_are_left_alone():
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002  the global state is what is tested
    run(toy.config())
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_a_circuit_that_cannot_be_costed_is_recorded_as_failed():
    from hybhanas_jupyter.errors import CircuitError

    def costs(architecture):
        if architecture.ansatz.topology == "full":
            raise CircuitError("no path")
        return toy.costs(architecture)

    loop = toy.loop(toy.config())
    loop.problem = replace(loop.problem, costs=costs)
    loop.generation()
    for evaluation in loop.state.evaluations.values():
        assert (evaluation.status == "failed") == (evaluation.architecture.ansatz.topology == "full")


def test_the_seed_decides():
    assert toy.outcome(run(toy.config()).state.evaluations.values()) != toy.outcome(
        run(toy.config(seed=4)).state.evaluations.values()
    )
    assert SearchConfig(seed=4) != SearchConfig()
