"""A few random candidates, trained by a search's own workers and costed meanwhile: how fast this machine is now."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import ArchitectureError
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.resources import worker_count
from hybhanas_jupyter.nas.sizes import buildable
from hybhanas_jupyter.nas.trainers import Submit, trainer
from hybhanas_jupyter.nas.training import Task, Trained

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
    settings = {**config.training.model_dump(exclude={"time_limit"}), "epochs": 1}
    tasks = [Task(candidate, settings, config.training.time_limit, seed=0) for candidate in candidates]
    with trainer(config, part, None, lambda: False) as submit:
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


def _results(submit: Submit, tasks: Sequence[Task]) -> list[Trained]:
    return [future.result() for future in [submit(task) for task in tasks]]


def _whole(trained: Trained, epochs: float) -> float:
    """Seconds of so many times the epoch that was trained, and of what comes before it once."""
    epoch = sum(epoch["seconds"] for epoch in trained.history)
    return trained.seconds + (epochs - 1) * epoch


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
