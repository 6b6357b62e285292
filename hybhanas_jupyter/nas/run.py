"""A search as a thread: start, pause, resume, stop, events; and the blocking `search`."""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from hybhanas_jupyter.data import Dataset, Source, load_dataset
from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas import analysis, provenance
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.ending import ended, total_evaluations
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.loop import Loop, Problem
from hybhanas_jupyter.nas.progress_bar import show
from hybhanas_jupyter.nas.resources import default_workers
from hybhanas_jupyter.nas.results import Generation, Progress, Run
from hybhanas_jupyter.nas.store import Store
from hybhanas_jupyter.nas.workers import trainer

_log = logging.getLogger(__name__)
_POLL = 0.2  # seconds between looks at a running search


class _StopRequestedError(Exception):
    """Ends the loop; everything that is known is in the store."""


class _BudgetSpentError(Exception):
    """Ends the loop because the time budget is spent."""


class Search:
    """A search that runs on a thread of its own; every method may be called from any thread.

    Callbacks of `on_evaluation`, `on_generation` and `on_finish` are called on the search's thread with an
    `Evaluation`, a `Generation` or the `Run`; one that raises is logged and does not end the search.
    """

    def __init__(
        self,
        config: SearchConfig,
        *,
        store: str | Path = "runs.db",
        executor: Executor | None = None,
        data: Dataset | Source | None = None,
    ) -> None:
        """Prepare a search; nothing runs and no file is touched before `start`.

        `executor` trains the candidates instead of worker processes; `data` replaces `config.data`.
        """
        self.config = config
        self.id = ""
        self._store, self._executor, self._data = store, executor, data
        self._callbacks: dict[str, list[Callable[[Any], None]]] = {"evaluation": [], "generation": [], "finish": []}
        self._evaluations: tuple[Evaluation, ...] = ()
        self._hypervolumes: tuple[float, ...] = ()
        self._front_size = self._saved = 0
        self._loaded = 0  # evaluations of earlier sessions
        self._workers = config.workers if config.workers is not None else default_workers()
        self._busy = 0.0
        self._began = self._ended = math.nan
        self._state = "new"
        self._error: Exception | None = None
        self._reason = ""
        self._extended = False
        self._lock = threading.Lock()
        self._stop, self._pause, self._done = threading.Event(), threading.Event(), threading.Event()

    @classmethod
    def load(cls, store: str | Path, run_id: str | None = None, **options: Any) -> Self:
        """A stored run, by default the latest; `resume` goes on with it. `options` as for `Search`."""
        database = Store(store)
        try:
            run = database.find(run_id)
            search = cls(database.config(run), store=store, **options)
            search.id = run
            search._evaluations = database.evaluations(run)
            search._hypervolumes = tuple(generation.hypervolume for generation in database.generations(run))
        finally:
            database.close()
        search._loaded = len(search._evaluations)
        search._front_size = len(analysis.front(search._evaluations, search.config.goal))
        search._reason = ended(search.config, search._hypervolumes, search._loaded)
        search._state = "finished" if search._reason else "stopped"
        return search

    def start(self) -> None:
        """Begin, or go on with a stored run.

        Raises `HybHanasError` if it runs already, `StoreError` if the store cannot be written.
        """
        with self._lock:
            if self._state in ("running", "paused", "stopping"):
                raise HybHanasError(f"The search is {self._state} already.")
            held = ExitStack()
            database = Store(self._store, write=True)
            held.callback(database.close)
            try:
                self.id = self.id or database.add_run(self.config)
                held.enter_context(database.locked(self.id))
            except HybHanasError:
                held.close()
                raise
            for flag in (self._stop, self._pause, self._done):
                flag.clear()
            self._state, self._error, self._reason = "running", None, ""
            self._began, self._ended = time.monotonic(), math.nan
        threading.Thread(target=self._main, args=(database, held), name=f"search-{self.id}", daemon=True).start()

    def pause(self) -> None:
        """Start no further candidate; those in training finish."""
        with self._lock:
            if self._state == "running":
                self._state = "paused"
                self._pause.set()

    def resume(self, generations: int = 0) -> None:
        """Go on after `pause`, `stop`, a failure or `load`, with so many `generations` more than configured."""
        with self._lock:
            if self._state == "paused":
                self._state = "running"
                self._pause.clear()
                return
        if generations:
            self.config = type(self.config)(
                **{**dict(self.config), "generations": self.config.generations + generations}
            )
            self._extended = True
        self.start()

    def stop(self) -> None:
        """End the search within a second; what is in training is lost, `resume` trains it again."""
        with self._lock:
            if self._state in ("running", "paused"):
                self._state = "stopping"
                self._stop.set()
                self._pause.clear()

    def ended(self, timeout: float = 0.0) -> bool:
        """Whether the search has ended, after waiting up to `timeout` seconds for it."""
        return self._done.wait(timeout)

    async def wait(self) -> Run:
        """Wait for the end without blocking the event loop; then as `result`."""
        while not self._done.is_set():
            await asyncio.sleep(_POLL)
        return self.result()

    def result(self) -> Run:
        """Block until the search ends and return its run; raises what made it fail.

        An interrupt (Ctrl-C, an interrupted cell) stops the search and is raised again.
        """
        try:
            while self._state in ("running", "paused", "stopping"):
                self._done.wait(_POLL)
        except KeyboardInterrupt:
            self.stop()
            self._done.wait()
            raise
        if self._error is not None:
            raise self._error
        return self.run

    @property
    def run(self) -> Run:
        """What is known now."""
        return Run(self.id, self.config, self._evaluations, self._hypervolumes)

    @property
    def progress(self) -> Progress:
        """A snapshot of where the search stands."""
        generations, evaluated = self.config.generations, len(self._evaluations)
        total = total_evaluations(self.config)
        elapsed = (time.monotonic() if math.isnan(self._ended) else self._ended) - self._began
        fresh = evaluated - self._loaded
        return Progress(
            state=self._state,
            generation=min(len(self._hypervolumes) + 1, generations),
            generations=generations,
            evaluated=evaluated,
            total=total,
            front_size=self._front_size,
            hypervolume=self._hypervolumes[-1] if self._hypervolumes else 0.0,
            elapsed=0.0 if math.isnan(elapsed) else elapsed,
            remaining=elapsed / fresh * (total - evaluated) if fresh else math.nan,
            saved=self._saved,
            failed=sum(evaluation.status == "failed" for evaluation in self._evaluations),
            utilisation=self._busy / (elapsed * max(1, self._workers)) if elapsed else 0.0,
            reason=str(self._error or self._reason),
        )

    def on_evaluation(self, callback: Callable[[Evaluation], None]) -> None:
        """Call back after each evaluation."""
        self._callbacks["evaluation"].append(callback)

    def on_generation(self, callback: Callable[[Generation], None]) -> None:
        """Call back after each generation."""
        self._callbacks["generation"].append(callback)

    def on_finish(self, callback: Callable[[Run], None]) -> None:
        """Call back when the search has ended, for whatever reason; `progress.state` tells it."""
        self._callbacks["finish"].append(callback)

    def _emit(self, event: str, value: object) -> None:
        for callback in tuple(self._callbacks[event]):
            try:
                callback(value)
            except Exception:  # a broken view must not cost the run
                _log.exception("A callback of on_%s failed; the search goes on.", event)

    # Control, for the loop
    @property
    def paused(self) -> bool:
        """Whether no further candidate may start."""
        return self._pause.is_set()

    def check(self) -> None:
        """End the loop if a stop was requested or the time is up."""
        if self._stop.is_set():
            raise _StopRequestedError
        budget = self.config.time_budget
        if budget is not None and time.monotonic() - self._began > budget:
            raise _BudgetSpentError(f"time budget of {budget:g} s spent")

    def _main(self, database: Store, held: ExitStack) -> None:
        state = "failed"
        try:
            with held:
                self._reason = self._generations(database)
            state = "finished"
        except _BudgetSpentError as budget:
            state, self._reason = "finished", str(budget)
        except _StopRequestedError:
            state = "stopped"
        except Exception as error:  # handed to result() and wait()
            self._error = error
        finally:
            self._ended = time.monotonic()
            with self._lock:
                self._state = state
            self._emit("finish", self.run)
            self._done.set()

    def _generations(self, database: Store) -> str:
        """Run generations until the search is over; returns why it is."""
        config, data = self.config, self._dataset()
        database.set_config(self.id, config)
        with trainer(data, self._workers, self._executor, config.training.time_limit, self._stop.is_set) as submit:
            kept = database.provenance(self.id)
            costs = Costs(config, data, kept.get("calibration"))
            if kept:
                provenance.check_data(kept, data)
            else:
                database.set_provenance(self.id, provenance.collect(data, costs.device))

            def record(evaluation: Evaluation, weights: bytes) -> None:
                database.add_evaluation(self.id, evaluation, weights)
                self._evaluations = tuple(sorted((*self._evaluations, evaluation), key=lambda e: e.number))
                self._front_size = len(analysis.front(self._evaluations, config.goal))
                self._saved, self._busy = loop.saved, loop.busy
                self._emit("evaluation", evaluation)

            loop = Loop(config, Problem(data.input_shape, data.n_classes, costs, submit, record), self)
            done = database.generations(self.id)
            loop.restore(self._evaluations, done[-1] if done else None)
            reason = "" if self._extended else ended(config, self._hypervolumes, len(self._evaluations))
            self._extended = False
            while not reason:
                number = len(self._hypervolumes) + 1
                if not loop.generation(number):
                    return "every architecture of the space is evaluated"
                self._finish_generation(database, loop, number)
                reason = ended(config, self._hypervolumes, len(self._evaluations))
        return reason

    def _finish_generation(self, database: Store, loop: Loop, number: int) -> None:
        goal = self.config.goal
        batches = [[e for e in self._evaluations if e.generation == i] for i in range(1, number + 1)]
        hypervolumes = analysis.hypervolumes(batches, goal)
        database.add_generation(self.id, loop.state(number, hypervolumes[-1]))
        self._hypervolumes = hypervolumes
        front = analysis.front(self._evaluations, goal)
        self._emit("generation", Generation(number, self._evaluations, front, hypervolumes[-1]))

    def _dataset(self) -> Dataset:
        if isinstance(self._data, Dataset):
            return self._data
        return load_dataset(self._data or self.config.data, per_class=self.config.per_class)


def search(
    config: SearchConfig,
    *,
    store: str | Path = "runs.db",
    progress: bool = True,
    executor: Executor | None = None,
    data: Dataset | Source | None = None,
) -> Run:
    """Search and wait for the result, with a progress bar; arguments as for `Search`.

    An interrupt stops cleanly and is raised again; `Search.load(store).resume()` goes on.
    """
    running = Search(config, store=store, executor=executor, data=data)
    running.start()
    try:
        if progress:
            show(running)
        return running.result()
    except KeyboardInterrupt:
        running.stop()
        raise
