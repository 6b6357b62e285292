"""How others steer and watch a search: flags, events, snapshots of its progress."""

import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol, Self, TypeVar

from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.executors import worker_count
from hybhanas_jupyter.nas.run import Run

T = TypeVar("T")
POLL = 0.2  # seconds between looks at what another thread does
_NAP = 0.02  # seconds
# Qiskit 2.6 crashes the process if the thread that imported it first has ended, as a search's thread does.
_LASTING_THREAD = ThreadPoolExecutor(1, "hybhanas-loading")


class Control(Protocol):
    """The flags by which other threads steer the loop."""

    @property
    def paused(self) -> bool:
        """Whether no further candidate may start."""

    def check(self) -> None:
        """Raise an exception of its own to end the loop."""


class StopRequestedError(Exception):
    """Ends the loop; everything that is known is in the store."""


class BudgetSpentError(Exception):
    """Ends the loop because the time budget is spent."""


class Flags:
    """The flags of one session: a `Control` by events that any thread may set, and by `time_budget` seconds from now.

    `done` is set when the session has ended.
    """

    def __init__(self, time_budget: float | None) -> None:
        self.stop, self.pause, self.done = Event(), Event(), Event()
        self._time_budget, self._began = time_budget, time.monotonic()

    @property
    def paused(self) -> bool:
        """Whether no further candidate may start."""
        return self.pause.is_set()

    def check(self) -> None:
        """End the loop if a stop was requested or the time is up."""
        if self.stop.is_set():
            raise StopRequestedError
        if self._time_budget is not None and time.monotonic() - self._began > self._time_budget:
            raise BudgetSpentError(f"time budget of {self._time_budget:g} s spent")

    def ended(self, timeout: float) -> bool:
        """Whether the session has ended, after waiting up to `timeout` seconds for it.

        In short sleeps: an interrupt within `Event.wait` can leave its lock neither held nor free.
        """
        deadline = time.monotonic() + timeout
        while not self.done.is_set() and time.monotonic() < deadline:
            time.sleep(_NAP)
        return self.done.is_set()

    def aside(self, load: Callable[[], T]) -> T:
        """What `load` returns; it may take seconds, in which the search can be stopped."""
        loading = _LASTING_THREAD.submit(load)
        while not wait([loading], POLL).done:
            self.check()
        return loading.result()


class Stopwatch:
    """Seconds between `go` and `halt`, over all such times: what a pause takes does not count."""

    def __init__(self) -> None:
        self._before, self._since = 0.0, math.nan

    def go(self) -> None:
        """Run."""
        self._since = time.monotonic()

    def halt(self) -> None:
        """Stand still."""
        self._before, self._since = self.elapsed, math.nan

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return self._before + (0.0 if math.isnan(self._since) else time.monotonic() - self._since)


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generation:
    """A finished generation, from 1; `evaluations` and `front` are of all generations so far."""

    number: int
    evaluations: tuple[Evaluation, ...]
    front: tuple[Evaluation, ...]
    hypervolume: float


@dataclass(frozen=True)
class Progress:
    """A snapshot of a search. Times in seconds; `remaining` is NaN while nothing is known of it.

    `elapsed` is that of this session, from `start` or `resume` on, without pauses; `earlier` counts evaluations of
    sessions before.

    `state`: new, running, paused, stopping, stopped, finished or failed (see `reason`). `saved` counts trainings that
    were not needed, `failed` candidates without a result; `utilisation` is the busy share of local workers' time.
    """

    state: str
    generation: int
    generations: int
    evaluated: int
    total: int
    front_size: int
    hypervolume: float
    elapsed: float
    remaining: float
    saved: int
    failed: int
    utilisation: float
    reason: str = ""
    earlier: int = 0

    @classmethod
    def of(cls, run: "Run", before: "Run", state: str, reason: str, elapsed: float, first: float = math.nan) -> Self:
        """Where `run` stands `elapsed` seconds after it was `before`; its first new evaluation took `first` seconds.

        What remains follows from the pace after the first evaluation: before it, processes and data are prepared.
        """
        evaluated, total = len(run.evaluations), run.config.total_evaluations
        fresh, busy = evaluated - len(before.evaluations), run.training_time - before.training_time
        return cls(
            state=state,
            generation=min(len(run.hypervolumes) + 1, run.config.generations),
            generations=run.config.generations,
            evaluated=evaluated,
            total=total,
            front_size=len(run.front),
            hypervolume=run.hypervolumes[-1] if run.hypervolumes else 0.0,
            elapsed=elapsed,
            remaining=(elapsed - first) / (fresh - 1) * (total - evaluated) if fresh > 1 else math.nan,
            saved=run.saved,
            failed=sum(evaluation.status == "failed" for evaluation in run.evaluations),
            utilisation=busy / (elapsed * max(1, worker_count(run.config))) if elapsed else 0.0,
            reason=reason,
            earlier=len(before.evaluations),
        )


class Events:
    """Callbacks, called on the search's thread; one that raises is logged and does not end the search."""

    def __init__(self) -> None:
        self._callbacks: dict[type, list[Callable[[Any], None]]] = {Evaluation: [], Generation: [], Run: []}

    def on_evaluation(self, callback: Callable[[Evaluation], None]) -> None:
        """Call back after each evaluation."""
        self._callbacks[Evaluation].append(callback)

    def on_generation(self, callback: Callable[[Generation], None]) -> None:
        """Call back after each generation."""
        self._callbacks[Generation].append(callback)

    def on_finish(self, callback: Callable[[Run], None]) -> None:
        """Call back when the search has ended, for whatever reason; `progress.state` tells it."""
        self._callbacks[Run].append(callback)

    def _emit(self, event: Evaluation | Generation | Run) -> None:
        for callback in tuple(self._callbacks[type(event)]):
            try:
                callback(event)
            except Exception:  # a broken view must not cost the run
                _log.exception("A callback of the search failed; the search goes on.")
