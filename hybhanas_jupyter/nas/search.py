"""A search as a thread: start, pause, resume, stop, events."""

import asyncio
import math
import threading
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hybhanas_jupyter.data import Dataset, Source
from hybhanas_jupyter.errors import ConfigError, HybHanasError, StoreError
from hybhanas_jupyter.hardware.devices import Device
from hybhanas_jupyter.hardware.devices import device as resolve_device
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import (
    POLL,
    BudgetSpentError,
    Events,
    Flags,
    Generation,
    Progress,
    StopRequestedError,
    Stopwatch,
)
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.executors import open_executor
from hybhanas_jupyter.nas.loop import Loop, Problem
from hybhanas_jupyter.nas.on_device import OnDevice, Readout
from hybhanas_jupyter.nas.provenance import DataInfo, RunProvenance
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.state import RunState
from hybhanas_jupyter.nas.store import Archive, Store

if TYPE_CHECKING:
    from distributed import Client

    from hybhanas_jupyter.hardware.devices import Backend

_ACTIVE = ("running", "paused", "stopping")


class Search(Events):
    """A search that runs on a thread of its own; every method may be called from any thread."""

    def __init__(
        self,
        config: SearchConfig | str | Path,
        *,
        store: str | Path = "runs.db",
        executor: "Executor | Client | None" = None,
        data: Dataset | Source | None = None,
        backend: "Backend | None" = None,
    ) -> None:
        """Prepare a search; nothing runs and no file is touched before `start`.

        `config` may be the name of a preset, such as "quick", or a file of `SearchConfig.save`.
        `executor`, any `concurrent.futures.Executor` or a Dask `Client`, trains the candidates instead of
        `config.workers`; `data` replaces `config.data`; `backend` (a `Device`, `BackendV2`, `Target`, `Calibration`,
        name or file) replaces `config.backend`. The store keeps its calibration, with which a resumed search goes on.
        """
        super().__init__()
        config = SearchConfig.of(config)
        self._device: Device | None = None
        if backend is not None:
            self._device = resolve_device(backend)
            config = config.replace(backend=self._device.name)
        self._known = RunState(Run("", config, (), (), 0, store=str(store)), on_step=self._step)
        self._store, self._executor, self._data = store, executor, data
        self._before = self._known.run  # what was known when this session began
        self._watch, self._first = Stopwatch(), math.nan  # seconds until the session's first evaluation
        self._extended = False
        self._state, self._reason = "new", ""
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self._flags = Flags(None)

    @classmethod
    def load(cls, store: str | Path, run_id: str | None = None, **options: Any) -> Self:
        """A stored run, by default the latest; `resume` goes on with it. `options` as for `Search`."""
        with Store(store) as database:
            known = RunState.read(database, run_id)
        search = cls(known.config, store=store, **options)
        known.on_step = search._step
        search._known = known
        search._reason = known.ended
        search._state = "finished" if search._reason else "stopped"
        search._flags.done.set()
        return search

    def __repr__(self) -> str:
        now = self.progress
        done = f"generation {now.generation} of {now.generations}, {now.evaluated} of {now.total} evaluations"
        return f"Search({self.id or 'new'!r}, {now.state}: {done}, front of {now.front_size}, {self.run.store!r})"

    @property
    def id(self) -> str:
        """The run's name in the store; empty before the first start."""
        return self._known.id

    @property
    def config(self) -> SearchConfig:
        """What is searched and how."""
        return self._known.config

    @property
    def backend(self) -> "str | Device":
        """What circuits are costed on: the device as the run began with it or, before that is known, its name."""
        if self._device is None and self.id and self.run.data is not None and self.run.store != ":memory:":
            self._device = Archive(self.run.store, self.id).provenance().device
        return self._device or self.config.backend

    def start(self) -> None:
        """Begin, or go on with a stored run.

        Raises `HybHanasError` if it runs already, `StoreError` if the store cannot be written.
        """
        with self._lock:
            self._refuse_if_active()
            held = ExitStack()
            database = self._open(held)
            self._flags = Flags(self.config.time_budget)
            self._known.begin(database)
            self._before = self.run
            self._watch, self._first = Stopwatch(), math.nan
            self._watch.go()
            self._state, self._reason, self._error = "running", "", None
        args = database, held, self._flags
        threading.Thread(target=self._main, args=args, name=f"search-{self.id}", daemon=True).start()

    def _refuse_if_active(self) -> None:
        if self._state in _ACTIVE:
            raise HybHanasError(f"The search is {self._state} already.")

    def _open(self, held: ExitStack) -> Store:
        """The store, with this run in it and locked until `held` is closed."""
        with ExitStack() as opening:
            database = Store(self._store, write=True)
            opening.callback(database.close)
            if not self.id:
                self._known.change(id=database.add_run(self.config))
            opening.enter_context(database.locked(self.id))
            database.set_config(self.id, self.config)
            held.push(opening.pop_all())
        return database

    def pause(self) -> None:
        """Start no further candidate; those in training finish."""
        with self._lock:
            if self._state == "running":
                self._state = "paused"
                self._flags.pause.set()
                self._watch.halt()

    def resume(self, generations: int = 0) -> None:
        """Go on after `pause`, `stop`, a failure or `load`, with so many `generations` more than configured.

        Raises `ConfigError` for less than none.
        """
        if generations < 0:
            raise ConfigError(f"generations is {generations}: it must be 0 or more.")
        with self._lock:
            if self._state == "paused" and not generations:
                self._state = "running"
                self._flags.pause.clear()
                self._watch.go()
                return
            self._refuse_if_active()
        if generations:
            config = self.config.replace(generations=self.config.generations + generations)
            self._known.change(config=config)
        self._extended = bool(generations)
        self.start()

    def stop(self) -> None:
        """End the search within a second; what is in training is lost, `resume` trains it again."""
        with self._lock:
            if self._state in ("running", "paused"):
                self._state = "stopping"
                self._flags.stop.set()
                self._flags.pause.clear()

    def ended(self, timeout: float = 0.0) -> bool:
        """Whether the search has ended, after waiting up to `timeout` seconds for it."""
        return self._flags.ended(timeout)

    async def wait(self) -> Run:
        """Wait for the end without blocking the event loop; then as `result`."""
        while self._pending():
            await asyncio.sleep(POLL)
        return self.result()

    def result(self) -> Run:
        """Block until the search ends and return its run; raises what made it fail.

        An interrupt (Ctrl-C, an interrupted cell) stops the search and is raised again.
        """
        try:
            while self._pending():
                self.ended(timeout=POLL)
        except KeyboardInterrupt:
            self.stop()
            self.ended(timeout=math.inf)
            raise
        if self._error is not None:
            raise self._error
        return self.run

    def _pending(self) -> bool:
        if self._state == "new":
            raise HybHanasError("The search has not begun: call start() first.")
        return not self._flags.done.is_set()

    @property
    def run(self) -> Run:
        """What is known now."""
        return self._known.run

    @property
    def progress(self) -> Progress:
        """A snapshot of where the search stands."""
        reason = str(self._error or self._reason)
        return Progress.of(self.run, self._before, self._state, reason, self._watch.elapsed, self._first)

    def _step(self, event: Evaluation | Generation) -> None:
        if math.isnan(self._first):
            self._first = self._watch.elapsed
        self._emit(event)

    def _main(self, database: Store, held: ExitStack, flags: Flags) -> None:
        state = "failed"
        try:
            with held:
                self._reason = self._search(database, flags)
            state = "finished"
        except BudgetSpentError as budget:
            state, self._reason = "finished", str(budget)
        except StopRequestedError:
            state = "stopped"
        except Exception as error:  # handed to result() and wait()
            self._error = error
        finally:
            self._follow(database)
            self._watch.halt()
            with self._lock:
                self._state = state
            self._emit(self.run)
            flags.done.set()

    def _follow(self, database: Store) -> None:
        """Say that the store is elsewhere now, if it is; the run goes on from there."""
        if database.path != str(self._store):
            self._error = self._error or StoreError(
                f"{str(self._store)!r} was moved or deleted during the search. Run {self.id} is in {database.path!r}."
            )
            self._store = database.path
            self._known.change(store=database.path)

    def _search(self, database: Store, flags: Flags) -> str:
        data, kept = flags.aside(self._dataset), database.provenance(self.id)
        with open_executor(self.config, data, self._executor, flags.stop.is_set) as submit:
            provenance = flags.aside(lambda: RunProvenance.of(self.config, DataInfo.of(data), kept, self._device))
            database.set_provenance(self.id, provenance.to_dict())
            self._known.change(data=provenance.data)
            self._device = provenance.device
            on_device = OnDevice(provenance.device, self.config.cost_options, self.config.seed)
            problem = Problem(
                provenance.data,
                Costs(self.config, provenance),
                submit,
                on_device,
                lambda evaluation: Readout.of(Archive(database.path, self.id).network(evaluation), data),
                lambda architecture: on_device.expected(architecture.ansatz),
            )
            return Loop(self._known, problem, flags).go(extended=self._extended)

    def _dataset(self) -> Dataset:
        if isinstance(self._data, Dataset):
            return self._data
        return self.config.load_data(self._data)
