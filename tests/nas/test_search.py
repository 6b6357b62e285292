import asyncio
import math
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.errors import ConfigError, DataError, DeviceError, HybHanasError, StoreError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas import control, executors, tasks
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import Flags, Progress, Stopwatch
from hybhanas_jupyter.nas.foreground import search
from hybhanas_jupyter.nas.processes import LocalProcesses
from hybhanas_jupyter.nas.provenance import RunProvenance
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.space import FixedCNN, SearchSpace, VariableCNN
from hybhanas_jupyter.nas.store import Archive, Store
from hybhanas_jupyter.nas.tasks import prepare
from tests.nas import calls, real, toy
from tests.nas.waiting import until


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uninterrupted run that others must equal."""
    return search(real.config(), store=tmp_path_factory.mktemp("whole") / "runs.db", progress=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def same(run, whole):
    assert toy.outcome(run.evaluations) == toy.outcome(whole.evaluations)
    assert run.hypervolumes == whole.hypervolumes
    assert [e.number for e in run.front] == [e.number for e in whole.front]
    assert run.saved == whole.saved


def test_a_run_is_what_its_configuration_says(whole):
    assert len(whole.evaluations) == 16
    assert [e.generation for e in whole.evaluations] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    for evaluation in whole.evaluations:
        assert 0 <= evaluation.accuracy <= 1
        assert 0 <= evaluation.device_accuracy <= 1
        assert 0 <= evaluation.recalibrated_accuracy <= 1
        assert evaluation.quantum_time > 0
        assert evaluation.expectation_time > 0
        assert len(evaluation.history) == 2
        assert evaluation.history[-1]["validation_accuracy"] == evaluation.accuracy
        assert evaluation.cost["logical_time"] + evaluation.cost["routing_time"] == pytest.approx(
            evaluation.cost["execution_time"]
        )


def test_evaluations_are_those_of_the_public_cost_and_training_functions(whole):
    """One evaluation by hand: the numbers of a search are the numbers of the functions it is made of."""
    from hybhanas_jupyter.costs.quantum import quantum_cost
    from hybhanas_jupyter.costs.training_cost import training_cost

    evaluation = whole.front[0]
    ansatz = evaluation.architecture.ansatz
    cost = quantum_cost(ansatz.to_circuit(), "fake_kyiv")
    assert evaluation.success_probability == cost.success_probability
    training = training_cost(ansatz.to_circuit(), "fake_kyiv", samples=80, epochs=2)
    assert evaluation.quantum_time == training.quantum_time
    assert evaluation.usage_time == training.usage_time


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_give_the_same_run(workers, whole, path):
    same(search(real.config(workers=workers), store=path, progress=False), whole)


TWICE = """
import sys
from hybhanas_jupyter.nas.foreground import search
from tests.nas import real
for seed in (1, 2):
    print(len(search(real.config(seed=seed, generations=1, workers=1), store=sys.argv[1], progress=False).evaluations))
"""


def test_a_fresh_process_survives_two_searches(path):
    """Qiskit crashes when the thread that imported it first has ended."""
    done = subprocess.run([sys.executable, "-c", TWICE, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "4\n4\n")


def test_any_executor_gives_the_same_run(whole, path):
    with ThreadPoolExecutor(3) as executor:
        same(search(real.config(), store=path, executor=executor, progress=False), whole)
        assert executor.submit(int).result() == 0  # it is the user's and stays open


def test_four_generations_across_a_resume_are_those_in_one_go(whole, path):
    first = search(real.config(generations=2), store=path, progress=False)
    assert len(first.hypervolumes) == 2
    loaded = Search.load(path)
    assert loaded.progress.state == "finished"
    loaded.resume(generations=2)
    same(loaded.result(), whole)
    assert Search.load(path).config.generations == 4


def known(path):
    try:
        return Search.load(path).run.evaluations
    except StoreError:  # not there yet
        return ()


LONG = {"training": {"epochs": 60, "early_stop_accuracy": 0}}
KILLED = """
import sys
from hybhanas_jupyter.nas.search import Search
from tests.nas import real
from tests.nas.test_search import LONG
path = sys.argv[1]
search = Search.load(path) if len(sys.argv) > 2 else Search(real.config(workers=1, **LONG), store=path)
search.on_evaluation(lambda evaluation: print(evaluation.number, flush=True))
search.resume() if len(sys.argv) > 2 else search.start()
search.result()
print("done", flush=True)
"""


def test_kill_9_at_random_moments_loses_nothing_but_time(path, tmp_path):
    rng, kills, arguments = random.Random(5), 0, [str(path)]
    while True:
        process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        arguments = [str(path), "resume"]
        before = len(known(path))
        if kills == 3 or before == 16:
            break
        time.sleep(rng.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        kills += 1
        process.communicate()
        assert len(known(path)) >= before > 0
    process.communicate()
    assert process.returncode == 0
    assert kills >= 2
    same(Search.load(path).run, search(real.config(**LONG), store=tmp_path / "whole.db", progress=False))


class Gated(ThreadPoolExecutor):
    """An executor of one thread in which each training waits for a permit."""

    def __init__(self):
        super().__init__(1)
        self.permits, self.futures = threading.Semaphore(0), []

    def submit(self, function, *args):
        def gated():
            self.permits.acquire(timeout=60)
            return function(*args)

        self.futures.append(super().submit(gated))
        return self.futures[-1]


def test_stop_waits_for_no_training_and_resume_goes_on(whole, path):
    stopped = []

    def stop_once(evaluation):
        if evaluation.generation == 2 and not stopped:
            stopped.append(evaluation)
            search.stop()

    with Gated() as executor:
        search = Search(real.config(), store=path, executor=executor)
        search.on_evaluation(stop_once)
        search.start()
        executor.permits.release(5)
        assert search.ended(timeout=60)
        assert search.progress.state == "stopped"
        assert 4 < len(search.result().evaluations) < 8
        executor.permits.release(100)
        search.resume()
        same(search.result(), whole)
    assert search.progress.state == "finished"


def test_stop_cuts_a_training_in_this_process_short(path, monkeypatch):
    begun, outcomes = threading.Event(), []

    def train(*args):
        begun.set()
        outcomes.append(tasks.train(*args))
        return outcomes[-1]

    monkeypatch.setattr(executors, "train", train)
    long = real.config(per_class=100, training={"epochs": 1000, "early_stop_accuracy": 0})
    search = Search(long, store=path)
    search.start()
    assert begun.wait(60)
    search.stop()
    assert search.ended(timeout=60)
    until(lambda: outcomes)
    assert {trained.status for trained in outcomes} == {"stopped"}  # the next one may have begun, and ends as soon


def test_stop_does_not_wait_for_what_is_loading(path, monkeypatch):
    loading, loaded = threading.Event(), threading.Event()

    def load(*_):
        loading.set()
        loaded.wait(300)

    monkeypatch.setattr(RunProvenance, "of", load)
    search = Search(real.config(workers=1), store=path)
    search.start()
    try:
        assert loading.wait(60)
        search.stop()
        assert search.ended(timeout=60)
    finally:
        loaded.set()
    assert search.progress.state == "stopped"


def test_pause_holds_and_resume_goes_on(whole, path, monkeypatch):
    looks, check = [], Flags.check
    monkeypatch.setattr(Flags, "check", lambda self: (looks.append(self), check(self))[1])
    with Gated() as executor:
        search = Search(real.config(), store=path, executor=executor)
        search.on_evaluation(lambda _: search.progress.evaluated == 1 and search.pause())
        search.start()
        executor.permits.release(4)
        until(lambda: search.progress.state == "paused")
        until(lambda: all(future.done() for future in executor.futures))  # trained or withdrawn
        kept, submitted = sum(not future.cancelled() for future in executor.futures), len(executor.futures)
        until(lambda: search.progress.evaluated >= kept)
        before = len(looks)
        until(lambda: len(looks) >= before + 5)  # the loop has gone round and could have started something
        assert len(executor.futures) == submitted
        assert search.progress.evaluated < 8
        executor.permits.release(100)
        search.resume()
        same(search.result(), whole)


def test_a_search_that_is_extended_as_it_finishes_is_waited_for(path):
    search = Search(real.config(generations=1), store=path)
    search.on_finish(lambda run: len(run.evaluations) == 4 and search.resume(generations=1))
    search.start()
    assert len(search.result().evaluations) == 8


def test_events_tell_the_whole_story_and_a_broken_callback_does_not_end_it(whole, path, caplog):
    search, seen = Search(real.config(), store=path), {"evaluations": [], "generations": [], "runs": []}

    def broken(_):
        raise ZeroDivisionError("broken view")

    search.on_evaluation(broken)
    search.on_evaluation(seen["evaluations"].append)
    search.on_generation(seen["generations"].append)
    search.on_finish(broken)
    search.on_finish(seen["runs"].append)
    search.start()
    same(search.result(), whole)
    assert toy.outcome(seen["evaluations"]) == toy.outcome(whole.evaluations)
    assert [g.number for g in seen["generations"]] == [1, 2, 3, 4]
    assert [len(g.evaluations) for g in seen["generations"]] == [4, 8, 12, 16]
    assert tuple(g.hypervolume for g in seen["generations"]) == whole.hypervolumes
    same(seen["runs"][0], whole)
    assert "broken view" in caplog.text


def test_what_remains_leaves_out_the_start_up_and_a_pause_takes_no_time(whole, monkeypatch):
    run, half = whole, replace(whole, evaluations=whole.evaluations[:8])
    begun = replace(whole, evaluations=())
    assert Progress.of(half, begun, "running", "", elapsed=104.0, first=90.0).remaining == pytest.approx(2.0 * 8)
    again = Progress.of(run, half, "running", "", elapsed=7.0, first=7.0)
    assert (again.earlier, again.elapsed) == (8, 7.0)
    now = [10.0]
    monkeypatch.setattr(control, "time", SimpleNamespace(monotonic=lambda: now[0]))
    watch = Stopwatch()
    for end, act in ((10, watch.go), (13, watch.halt), (50, watch.go), (52, watch.halt), (99, lambda: None)):
        now[0] = end
        act()
    assert watch.elapsed == 5.0


def test_progress_counts_up_to_the_end(path):
    search, states = Search(real.config(), store=path), []
    before = search.progress
    assert (before.state, before.evaluated, before.total, before.elapsed) == ("new", 0, 16, 0.0)
    search.on_evaluation(lambda _: states.append(search.progress))
    search.start()
    run = search.result()
    assert [state.evaluated for state in states] == list(range(1, 17))
    assert math.isnan(states[0].remaining)  # one evaluation has no pace yet: all before it was preparation
    assert all(state.remaining >= 0 for state in states[1:])
    after = search.progress
    assert (after.state, after.evaluated, after.failed) == ("finished", 16, 0)
    assert after.front_size == len(run.front)
    assert after.hypervolume == run.hypervolumes[-1]
    assert 0 < after.utilisation <= 1
    assert after.reason == "all generations done"


def test_wait_leaves_the_event_loop_free(path):
    async def watch():
        search = Search(real.config(generations=1), store=path)
        search.start()
        waiting, ticks = asyncio.ensure_future(search.wait()), 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return await waiting, ticks

    run, ticks = asyncio.run(watch())
    assert isinstance(run, Run)
    assert ticks > 3


@pytest.mark.parametrize("move", [Path.unlink, lambda path: path.rename(path.with_name("elsewhere.db"))])
def test_a_store_that_is_moved_during_the_search_goes_on_beside_it(move, whole, path):
    running = Search(real.config(), store=path)
    running.on_generation(lambda generation: move(path) if generation.number == 2 else None)
    running.start()
    with pytest.raises(StoreError, match="was moved or deleted during the search") as told:
        running.result()
    rescued = running.run.store
    assert rescued in str(told.value)
    assert Path(rescued).parent == path.parent
    kept = Search.load(rescued).run
    assert toy.outcome(kept.evaluations) == toy.outcome(running.run.evaluations)
    assert toy.outcome(kept.evaluations) == toy.outcome(whole.evaluations)
    assert running.progress.state == "finished"
    running.resume(1)
    assert len(running.result().evaluations) == 20


def test_a_space_without_any_network_and_less_than_no_generation_are_refused(path):
    deep = (Convolution(4, kernel=5),) * 3
    with pytest.raises(ConfigError, match="no network of it can be built"):
        search(real.config(space=SearchSpace(cnn=FixedCNN(layers=deep))), store=path, progress=False)
    with pytest.raises(ConfigError, match="generations is -5"):
        Search(real.config(), store=path).resume(-5)


def test_what_has_not_begun_has_no_result_and_what_is_loaded_has_one(whole, path):
    with pytest.raises(HybHanasError, match="call start"):
        Search(real.config(), store=path).result()
    same(asyncio.run(Search.load(whole.store).wait()), whole)


def test_a_second_start_is_refused(path):
    search = Search(real.config(**LONG), store=path)
    search.start()
    with pytest.raises(HybHanasError, match="running already"):
        search.start()
    with pytest.raises(HybHanasError, match="running already"):
        search.resume(generations=3)
    assert search.config.generations == 4
    search.stop()
    search.result()


def test_two_searches_cannot_write_the_same_run(path):
    search(real.config(generations=1), store=path, progress=False)
    first, second = Search.load(path), Search.load(path)
    first.resume(generations=1000)
    with pytest.raises(StoreError, match="being written"):
        second.resume(generations=1)
    first.stop()
    first.result()


@pytest.mark.parametrize(
    ("changes", "error", "word"),
    [
        ({"backend": "fake_kyv"}, HybHanasError, "Did you mean 'fake_kyiv'"),
        ({"backend": "fake_lima", "space": SearchSpace(qubits=(2, 8))}, ConfigError, "fake_lima has 5"),
        ({"per_class": 100_000}, DataError, "per_class is 100000"),
    ],
)
def test_what_cannot_be_searched_is_one_clear_line(changes, error, word, path):
    failing = Search(real.config(**changes), store=path)
    failing.start()
    with pytest.raises(error, match=word) as caught:
        failing.result()
    assert "\n" not in str(caught.value)
    assert failing.progress.state == "failed"
    assert failing.progress.reason == str(caught.value)


def test_own_arrays_are_searched_and_must_be_given_again_to_go_on(path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    images = rng.normal(size=(80, 6, 6)) + labels[:, None, None]
    run = search(real.config(per_class=None, generations=1), store=path, data=(images, labels), progress=False)
    assert (run.data.name, run.data.input_shape, run.data.n_classes) == ("arrays", (1, 6, 6), 2)
    other = Search.load(path, data=load_dataset(per_class=10))
    other.resume(generations=1)
    with pytest.raises(DataError, match="other data"):
        other.result()
    going = Search.load(path, data=(images, labels))
    going.resume()
    assert len(going.result().evaluations) == 8


def test_budgets_and_a_plateau_end_a_run_early(path):
    budget = search(real.config(evaluation_budget=6), store=path, progress=False)
    assert len(budget.evaluations) == 6
    flat = Search(real.config(generations=30, population=2, plateau=2), store=path)
    flat.start()
    run = flat.result()
    assert flat.progress.reason == "hypervolume did not grow in 2 generations"
    assert run.hypervolumes[-3] == pytest.approx(run.hypervolumes[-1], rel=1e-3)
    timed = Search(real.config(generations=1000, time_budget=1.0), store=path)
    timed.start()
    timed.result()
    assert timed.progress.state == "finished"
    assert "time budget" in timed.progress.reason
    assert timed.progress.evaluated < 4000


class Sabotaged(LocalProcesses):
    """Worker processes in which every candidate of four qubits runs into one trouble or another."""

    troubles = (
        ((calls.die, signal.SIGKILL), "the worker died (signal 9, perhaps out of memory)"),
        ((calls.exhaust,), "MemoryError: "),
    )

    def __init__(self):
        super().__init__(2, (prepare, ()), time_limit=120)
        self.met = {}

    def submit(self, function, task, data):
        if task.architecture.ansatz.n_qubits < 4:
            return super().submit(function, task, data)
        number = self.met.setdefault(task.architecture.identity, len(self.met))
        return super().submit(*self.troubles[number % 2][0])


def test_candidates_in_trouble_are_recorded_and_the_search_goes_on(path):
    config = real.config(generations=1, population=8)
    with Sabotaged() as executor:
        run = search(config, store=path, executor=executor, progress=False)
    sound = search(config, store=path, progress=False)
    assert {e.reason for e in run.evaluations if e.status == "failed"} == {reason for _, reason in Sabotaged.troubles}
    for evaluation, expected in zip(run.evaluations, sound.evaluations, strict=True):
        assert (evaluation.status == "failed") == (evaluation.architecture.ansatz.n_qubits == 4)
        assert evaluation.status == "failed" or evaluation.accuracy == expected.accuracy
    assert not any(e.status == "failed" for e in run.front)
    assert "Failed:" in repr(run)


def test_a_candidate_that_takes_too_long_ends_itself(path):
    endless = real.config(generations=1, training={"epochs": 1000, "early_stop_accuracy": 0, "time_limit": 0.3})
    with pytest.raises(HybHanasError, match=r"time limit of 0\.3 s exceeded"):
        search(endless, store=path, progress=False)


def test_classical_time_counts_where_it_is_an_objective(path):
    from hybhanas_jupyter.costs.classical import classical_cost
    from hybhanas_jupyter.costs.training_cost import training_cost
    from hybhanas_jupyter.models.hybrid import HybridNet

    config = real.config(space=SearchSpace(qubits=(2, 3), depth=(1, 2), cnn=VariableCNN()), generations=1)
    run = search(config, store=path, progress=False)
    assert config.objectives == ("accuracy", "total_time", "parameters")
    profile = Archive(run.store, run.id).provenance().profile
    for evaluation in run.evaluations:
        architecture = evaluation.architecture
        net = HybridNet((1, 8, 8), 10, architecture.convolutions, architecture.ansatz)
        steps = 2 * 3  # epochs x batches of 32 in 80 images
        cost = classical_cost(net, (32, 1, 8, 8), steps=steps, profile=profile, memory="kept")
        assert evaluation.classical_time == pytest.approx(cost.time)
        quantum = training_cost(architecture.ansatz, "fake_kyiv", samples=80, epochs=2)
        assert evaluation.total_time == pytest.approx(quantum.quantum_time + cost.time)  # Eq. (1)


def test_a_search_whose_candidates_all_fail_says_why(path):
    def broken(*_):
        raise RuntimeError("no memory left")

    class Broken(ThreadPoolExecutor):
        def submit(self, *_):
            return super().submit(broken)

    with Broken(1) as executor, pytest.raises(HybHanasError, match="first generation failed: no memory left"):
        search(real.config(), store=path, executor=executor, progress=False)


INTERRUPTED = """
import sys
from hybhanas_jupyter.nas.foreground import search
from tests.nas import real
try:
    search(real.config(generations=1000, workers=1), store=sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_stops_a_script_cleanly(path):
    command = [sys.executable, "-c", INTERRUPTED, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: known(path))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "interrupted\n"
    assert "Traceback" not in err
    assert process.returncode == 0
    run = Search.load(path)
    assert run.progress.state == "stopped"
    assert run.run.evaluations


def test_a_device_object_is_searched_on_and_kept_for_those_who_go_on(path, tmp_path):
    """A calibration that no name finds: the search, its resumption and what comes after live on the store's copy."""
    import hybhanas_jupyter as hyb

    kyiv = hyb.device("fake_kyiv").calibration
    gates = tuple(g.model_copy(update={"duration": g.duration and 2 * g.duration}) for g in kyiv.gates)
    slow = hyb.device(kyiv.model_copy(update={"name": "our_lab", "gates": gates}))
    config = real.config(generations=1, population=2)
    run = search(config, store=path, progress=False, backend=slow)
    plain = search(config, store=tmp_path / "plain.db", progress=False)
    assert run.config.backend == "our_lab"
    for evaluation, usual in zip(run.evaluations, plain.evaluations, strict=True):
        cost = hyb.quantum_cost(evaluation.architecture.ansatz, slow)
        assert evaluation.cost["execution_time"] == cost.execution_time > usual.cost["execution_time"]
        assert evaluation.accuracy == usual.accuracy
    again = Search.load(path)
    assert again.backend.calibration == slow.calibration
    again.resume(generations=1)
    assert [e.cost["execution_time"] for e in again.result().evaluations if e.generation == 2] == [
        hyb.quantum_cost(e.architecture.ansatz, slow).execution_time for e in again.run.evaluations[2:]
    ]
    other = Search.load(path, backend="fake_kyiv")
    other.resume(generations=1)
    with pytest.raises(DeviceError, match=r"began on Device\('our_lab'"):
        other.result()


def test_the_seed_of_the_transpiler_is_the_configurations(path):
    import hybhanas_jupyter as hyb

    config = real.config(generations=1, population=3, transpiler_seed=7, space=SearchSpace(qubits=(4, 6)))
    for evaluation in search(config, store=path, progress=False).evaluations:
        cost = hyb.quantum_cost(evaluation.architecture.ansatz, "fake_kyiv", seed=7)
        assert evaluation.cost["execution_time"] == cost.execution_time


def test_tables_are_searched_without_convolutions():
    config = SearchConfig.preset("quick", data="wine", generations=1, population=2, training={"epochs": 1}, workers=0)
    assert config.space.cnn.layers == SearchConfig(data="iris").space.cnn.layers == ()
    run = search(config, store=":memory:", progress=False)
    assert [evaluation.status for evaluation in run.evaluations] == ["ok", "ok"]
    assert run.data.input_shape == (1, 1, 13)
    with pytest.raises(ConfigError, match=r"none for tables: cnn=FixedCNN\(layers=\(\)\)"):
        search(config.replace(space=SearchSpace(qubits=(2, 3))), store=":memory:", progress=False)


def test_data_is_a_name_or_a_path():
    assert SearchConfig(data="own.npz").data == "own.npz"
    with pytest.raises(ConfigError, match=r"Did you mean 'mnist'"):
        SearchConfig(data="minst")


def test_what_the_processor_computes_with_is_kept_and_a_change_is_told(path, caplog):
    run = search(real.config(generations=1), store=path, progress=False)
    assert Archive(run.store, run.id).provenance().cpu == torch.backends.cpu.get_cpu_capability()
    with Store(path, write=True) as store:
        store.set_provenance(run.id, {**store.provenance(run.id), "cpu": "ALTIVEC"})
    again = Search.load(path)
    again.resume(generations=1)
    again.result()
    assert [text for text in caplog.messages if "began with the CPU instructions ALTIVEC" in text]
