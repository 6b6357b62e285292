"""What a search will be, before it starts: size, wall time on this machine, dearest corner (heavy import)."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from heapq import heapreplace
from operator import itemgetter
from statistics import median

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import ArchitectureError
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.nas.architecture import Architecture, buildable
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.executors import Submit, open_executor, worker_count
from hybhanas_jupyter.nas.provenance import DataInfo, RunProvenance
from hybhanas_jupyter.nas.space import SearchSpace
from hybhanas_jupyter.nas.tasks import Outcome, Task

CANDIDATES = 8
ROUNDS = 2  # what differs between them is the machine's doing, not the candidates'
_BATCHES = 16  # of training, and as large a share of the validation


@dataclass(frozen=True)
class Trial:
    """Times in seconds: `boot` until every worker has trained, `costing` of each candidate, `training` in each round.

    A training time is that of the whole training, extrapolated from a few batches, without an early stop.
    """

    boot: float
    costing: tuple[float, ...]
    training: tuple[tuple[float, ...], ...]


def sample(config: SearchConfig, data: Dataset) -> list[Architecture]:
    """Random architectures of the space that can be built; raises `ArchitectureError` if none can."""
    rng = random.Random(config.seed)
    drawn = (config.space.sample(rng) for _ in range(100 * CANDIDATES))
    found = [architecture for architecture in drawn if buildable(architecture, data.input_shape)]
    if not found:
        raise ArchitectureError(
            f"No CNN of the space can be built on images of shape {data.input_shape}: nothing is left of them. "
            "Lower kernels, strides, pooling or the number of layers."
        )
    return found[:CANDIDATES]


def trial(config: SearchConfig, data: Dataset, costs: Costs) -> Trial:
    """Try a sample with fresh workers; `costs` should not know it. Raises what the search would raise."""
    part, share = _part(data, _BATCHES * config.training.batch_size)
    candidates = sample(config, data)
    settings = {**config.training.fitting, "epochs": 1}
    tasks = [Task(candidate, settings, config.training.time_limit, seed=0) for candidate in candidates]
    with open_executor(config, part, None, lambda: False) as submit:
        boot = _seconds(lambda: _results(submit, [tasks[0]] * max(1, worker_count(config))))
        under_way = [submit(task) for task in tasks]
        costing = tuple(_seconds(partial(costs, candidate)) for candidate in candidates)  # as in a search: meanwhile
        rounds = [[future.result() for future in under_way], *(_results(submit, tasks) for _ in range(ROUNDS - 1))]
    epochs = config.training.epochs / share
    return Trial(boot, costing, tuple(tuple(_whole(trained, epochs) for trained in one) for one in rounds))


def _part(data: Dataset, samples: int) -> tuple[Dataset, float]:
    """The first `samples` of the data with as large a share of the validation, and that share."""
    share = min(1.0, samples / data.samples)
    few, checked = round(share * data.samples), max(1, round(share * len(data.x_validation)))
    part = replace(
        data,
        x_train=data.x_train[:few],
        y_train=data.y_train[:few],
        x_validation=data.x_validation[:checked],
        y_validation=data.y_validation[:checked],
    )
    return part, share


def _results(submit: Submit, tasks: Sequence[Task]) -> list[Outcome]:
    return [future.result() for future in [submit(task) for task in tasks]]


def _whole(trained: Outcome, epochs: float) -> float:
    """Seconds of so many times the epoch that was trained, and of what comes before it once."""
    epoch = sum(epoch["seconds"] for epoch in trained.history)
    return trained.seconds + (epochs - 1) * epoch


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


_DRAWS = 200
# A search moves to other candidates than those drawn at random, and machines are not equally fast all the time.
_LEAST_DRIFT = 1.25


@dataclass(frozen=True)
class Forecast:
    """Wall times in seconds, without early stops: the likely one, and bounds that hold in most cases.

    `corner` is the largest circuit of the space, `corner_usage` and `corner_time` what training it takes: what a
    provider counts, and the paper's quantum time.
    """

    evaluations: int
    workers: int
    wall_time: float
    low: float
    high: float
    corner: Ansatz
    corner_time: float
    corner_usage: float

    def __str__(self) -> str:
        ansatz = self.corner
        return (
            f"Here: about {seconds(self.wall_time)} ({seconds(self.low)} to {seconds(self.high)}) for "
            f"{self.evaluations} evaluations with {self.workers} workers, from {CANDIDATES} candidates tried just now; "
            "early stops make it shorter, other load longer.\n"
            f"On the device, to train the dearest candidate ({ansatz.n_qubits} qubits x {ansatz.depth} "
            f"{'-'.join(ansatz.rotations)} {ansatz.entangler} {ansatz.topology}): {seconds(self.corner_usage)} of what "
            f"a provider counts, {seconds(self.corner_time)} of quantum time."
        )


def evaluations(config: SearchConfig) -> int:
    """The most candidates that a search can evaluate."""
    most = min(config.generations * config.population, config.space.size)
    return min(most, config.evaluation_budget or most)


def forecast(config: SearchConfig) -> Forecast:
    """Train and cost a few random candidates for a moment; raises what the search would raise."""
    data = config.load_data()
    costs = Costs(config, RunProvenance.now(config, DataInfo.of(data)))
    corner = largest_circuit(config.space)
    dearest = costs(Architecture(sample(config, data)[0].convolutions, corner))
    low, wall_time, high = wall_times(config, trial(config, data, costs))
    clocks = dearest["quantum_time"], dearest["usage_time"]
    return Forecast(evaluations(config), worker_count(config), wall_time, low, high, corner, *clocks)


def largest_circuit(space: SearchSpace) -> Ansatz:
    """The circuit of the space with the most gates."""
    candidates = [
        Ansatz(space.qubits[1], space.depth[1], rotations, entangler, topology)
        for rotations in space.rotations
        for entangler in space.entanglers
        for topology in space.topologies
    ]
    return max(candidates, key=lambda ansatz: (len(ansatz.pairs), ansatz.num_weights))


def wall_times(config: SearchConfig, tried: Trial) -> tuple[float, float, float]:
    """The low, likely and high wall time of a search whose candidates are like those tried.

    The bounds hold the spread of the candidates (searches drawn from them) and, as a factor, that of the machine: what
    lies between two rounds of the same candidates may lie between them and the search as well.
    """
    rng = random.Random(config.seed)
    generations, workers = evaluations(config) / config.population, worker_count(config)
    drawn = []
    for _ in range(_DRAWS):
        pairs = list(zip(tried.costing, rng.choice(tried.training), strict=True))
        known = rng.choices(pairs, k=len(pairs))
        drawn.append(tried.boot + generations * generation_time(rng.choices(known, k=config.population), workers))
    drawn.sort()
    totals = [sum(one) for one in tried.training]
    drift = max(_LEAST_DRIFT, max(totals) / min(totals))
    return drawn[_DRAWS // 40] / drift, median(drawn), drawn[-1 - _DRAWS // 40] * drift


def generation_time(candidates: Iterable[tuple[float, float]], workers: int) -> float:
    """Seconds for (costing, training) pairs that are costed one by one, each then trained by the first free worker."""
    free = [0.0] * max(1, workers)
    costed = 0.0
    for costing, training in sorted(candidates, key=itemgetter(1), reverse=True):
        costed += costing
        heapreplace(free, max(costed, free[0]) + training)
    return max(free)
