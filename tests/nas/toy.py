"""A search problem in closed form: no training, no device, so that the engine is tested alone and fast."""

import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.loop import Loop, Problem
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.space import SearchSpace
from hybhanas_jupyter.nas.state import RunState
from hybhanas_jupyter.nas.tasks import Outcome, Task

DATA = DataInfo("toy", 100, (1, 8, 8), 10, "")


def config(**changes):
    values = {"space": SearchSpace(qubits=(2, 6), depth=(1, 6)), "generations": 6, "population": 8, "seed": 3}
    return SearchConfig(**{**values, **changes})


def costs(architecture):
    """Time grows with size and couplings; success falls with it."""
    ansatz = architecture.ansatz
    gates = ansatz.depth * len(ansatz.pairs)
    time = ansatz.num_weights + 3.0 * gates
    return {"quantum_time": time, "usage_time": time + 2, "success_probability": 0.99**gates, "two_qubit_gates": gates}


def train(task: Task) -> Outcome:
    """Accuracy saturates with the number of weights; the seed adds a little, as in real training."""
    weights = task.architecture.ansatz.num_weights
    accuracy = weights / (weights + 10) + (task.seed % 1000) * 1e-6
    return Outcome("ok", accuracy=accuracy, history=({"validation_accuracy": accuracy},), seconds=0.1)


class Free:
    """A control that never pauses or stops."""

    paused = False

    def check(self):
        pass


def now(function=train):
    """Submit: trains at once."""

    def submit(task):
        future = Future()
        future.set_result(function(task))
        return future

    return submit


class Shuffled:
    """Submit: three threads that finish in a random order."""

    def __init__(self, seed):
        self.pool, self.rng = ThreadPoolExecutor(3), random.Random(seed)
        self.trained = []

    def __call__(self, task):
        delay = self.rng.random() * 0.01
        return self.pool.submit(self._train, task, delay)

    def _train(self, task, delay):
        threading.Event().wait(delay)
        self.trained.append(task.architecture)
        return train(task)


def loop(settings, submit=None, control=None, *, run=None, generations=()):
    """A loop of a new run, or of `run` after its finished `generations`."""
    state = RunState(run or Run("", settings, (), (), 0), generations)
    state.begin()
    return Loop(state, Problem(DATA, costs, submit or now()), control or Free())


def outcome(evaluations):
    """Everything of evaluations that must not depend on time, workers or interruptions, by number."""
    return sorted(
        (
            e.number,
            e.generation,
            repr(e.architecture),
            e.status,
            e.accuracy,
            e.quantum_time,
            e.shared_with or -1,
            e.measures,
            *e.predicted.values(),
        )
        for e in evaluations
    )
