"""Tasks: what is computed for a candidate, and the tasks under way. Plain data in and out; imports torch only."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field, replace
from time import sleep
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import OUTCOME
from hybhanas_jupyter.nas.on_device import DeviceReading, Readout
from hybhanas_jupyter.nas.processes import WorkerDiedError

if TYPE_CHECKING:
    from hybhanas_jupyter.models.fit import History
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.nas.config import SearchConfig

_held: Dataset | None = None


@dataclass(frozen=True)
class Task:
    """A candidate to train; `settings` are arguments of `models.fit`, `time_limit` is in seconds of wall time.

    `reading` is what a device makes of its expectation values while it is trained; None: they are exact.
    """

    architecture: Architecture
    settings: dict[str, Any]
    time_limit: float
    seed: int
    reading: DeviceReading | None = None

    @classmethod
    def of(
        cls,
        config: "SearchConfig",
        architecture: Architecture,
        expected: Callable[[Architecture], DeviceReading | None],
        repeat: int = 0,
    ) -> "Task":
        """The training of `architecture` in a search; `repeat` above 0 is the same with another seed.

        `expected` says what the device makes of expectation values, and is asked if the search trains with that.
        """
        name = f"{config.seed} {architecture.identity}" + (f" {repeat}" if repeat else "")
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
        reading = expected(architecture) if config.training.noise_aware else None
        return cls(architecture, config.training.fitting, config.training.time_limit, seed, reading)


def trained_as(config: "SearchConfig", architecture: Architecture) -> Architecture:
    """The architecture whose training this one shares: its own where it is trained with its own noise."""
    return architecture if config.training.noise_aware else architecture.trained_as


@dataclass(frozen=True)
class Outcome:
    """What came out of a task; `status` is "ok", "failed" or "stopped", `weights` the state in safetensors format.

    `cpu` is the `cpu_capability` where it was computed, `readout` is what a device can change in the trained network.
    """

    status: str
    reason: str = ""
    accuracy: float = math.nan
    history: tuple[dict[str, float], ...] = ()
    seconds: float = 0.0
    weights: bytes = b""
    measures: dict[str, float] = field(default_factory=dict)
    readout: Readout | None = None
    cpu: str = ""

    @property
    def known(self) -> dict[str, Any]:
        """The fields that it has in common with `Evaluation`."""
        return {name: getattr(self, name) for name in (*OUTCOME, "seconds")}


def cpu_capability() -> str:
    """What torch computes with on this processor, as "AVX512": another capability gives other last bits."""
    import torch

    return torch.backends.cpu.get_cpu_capability()


def prepare() -> None:
    """Import what training needs and, the first time on a machine, compile its kernel, which says so on stderr."""
    from hybhanas_jupyter.models import fit  # noqa: F401  imported for `train`
    from hybhanas_jupyter.models.quantum_layer import QuantumLayer

    QuantumLayer(2, 1).prepare()


def measures(net: "HybridNet", data: Dataset, history: "History") -> dict[str, float]:
    """What is measured of a trained network besides its accuracy; each name may be an objective."""
    return {}


def train(task: Task, data: Dataset, stop: Callable[[], bool] = lambda: False) -> Outcome:
    """Train one candidate on `data`; a network that cannot be built, diverges or takes too long is "failed"."""
    from safetensors.torch import save

    from hybhanas_jupyter.models.fit import fit
    from hybhanas_jupyter.models.hybrid import HybridNet

    start = time.perf_counter()
    architecture, settings = task.architecture, dict(task.settings)

    def ended() -> bool:
        return stop() or time.perf_counter() - start > task.time_limit

    try:
        net = HybridNet(
            data.input_shape, data.n_classes, architecture.convolutions, architecture.ansatz, seed=task.seed
        )
        if task.reading is not None:
            net.quantum.noise = task.reading.noise(task.seed)
            settings["early_stop_accuracy"] = 0.0  # exact values are not what it learns from
        history = fit(net, data, **settings, seed=task.seed, stop=ended)
    except (HybHanasError, MemoryError, RuntimeError) as error:
        return Outcome("failed", f"{type(error).__name__}: {error}", seconds=time.perf_counter() - start)
    status, reason = _judge(history.status, history.reason, stop(), task.time_limit)
    return Outcome(
        status,
        reason,
        history.accuracy if status == "ok" else math.nan,
        tuple(asdict(epoch) for epoch in history.epochs),
        time.perf_counter() - start,
        save({name: value.contiguous() for name, value in net.state_dict().items()}),
        measures(net, data, history) if status == "ok" else {},
        Readout.of(net, data) if status == "ok" else None,
        cpu_capability(),
    )


def hold(data: Dataset) -> None:
    """Prepare a worker process: import what training needs and keep `data` for `train_held`."""
    global _held  # noqa: PLW0603  one process, one data set
    _held = data
    prepare()


def train_held(task: Task) -> Outcome:
    """Train one candidate on the data of `hold`."""
    assert _held is not None
    return train(task, _held)


def _judge(status: str, reason: str, stopped: bool, time_limit: float) -> tuple[str, str]:
    if status == "stopped":
        return ("stopped", "") if stopped else ("failed", f"time limit of {time_limit:g} s exceeded")
    return ("failed" if status == "failed" else "ok"), reason


_ALONE = 5  # times that a task must end its worker while nothing else runs, before it is the task's own fault


@dataclass(frozen=True)
class _Job:
    key: str
    task: Task
    retried: bool = False
    deaths: int = 0  # workers that ended with it


class TaskQueue:
    """The tasks under way: run on `submit`, withdrawn while the search is paused; use from one thread.

    A task that fails is tried once more. One whose worker dies is tried again alone: whatever else kills workers, a
    full memory or a person, must not change what a search finds.
    """

    def __init__(self, submit: "Callable[[Task], Future[Outcome]]") -> None:
        self._submit = submit
        self._running: dict[Future[Outcome], _Job] = {}
        self._held: list[_Job] = []

    def add(self, key: str, task: Task) -> None:
        """Submit `task` at the next `finished`."""
        self._held.append(_Job(key, task))

    def finished(self, *, paused: bool, timeout: float) -> Iterator[tuple[str, Outcome]]:
        """Results that come in within `timeout` seconds; while `paused` nothing starts that has not yet started."""
        if paused:
            self._withdraw()
        else:
            self._start()
        if not self._running:
            sleep(timeout)
        for future in wait(self._running, timeout, FIRST_COMPLETED).done:
            job = self._running.pop(future)
            trained, again = _outcome(future, job)
            if trained.status == "stopped":
                continue  # the search is ending
            if trained.status == "ok" or again is None:
                yield job.key, trained
            else:
                self._held.append(again)

    def _start(self) -> None:
        """All that wait; those whose worker died come after the others, one at a time."""
        starting = [job for job in self._held if not job.deaths] or ([] if self._running else self._held[:1])
        self._held = [job for job in self._held if job not in starting]
        self._running.update({self._submit(job.task): job for job in starting})

    def _withdraw(self) -> None:
        for future in [future for future in self._running if future.cancel()]:
            self._held.append(self._running.pop(future))


def _outcome(future: "Future[Outcome]", job: _Job) -> tuple[Outcome, _Job | None]:
    """The result, and what to try if it failed: after a diverged training another seed, else the same."""
    try:
        trained = future.result()
    except Exception as error:  # a dead worker, a time limit, an executor's own trouble
        failed = Outcome("failed", str(error) or type(error).__name__)
        if isinstance(error, WorkerDiedError) or type(error).__name__ == "KilledWorker":  # the latter is Dask's
            return failed, replace(job, deaths=job.deaths + 1) if job.deaths < _ALONE else None
        return failed, None if job.retried else replace(job, retried=True)
    another = replace(job.task, seed=job.task.seed + 1)
    return trained, None if job.retried else replace(job, task=another, retried=True)
