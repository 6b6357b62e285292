"""The run database: one SQLite file (WAL), many runs, JSON inside."""

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.datainfo import DataInfo
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.results import Run

_APPLICATION = 0x48594248  # "HYBH": tells our files from other SQLite files
_VERSION = 1
_SCHEMA = """
CREATE TABLE runs (id TEXT PRIMARY KEY, created TEXT NOT NULL, config TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE evaluations (
    run TEXT NOT NULL REFERENCES runs, number INTEGER NOT NULL, result TEXT NOT NULL, weights BLOB NOT NULL,
    PRIMARY KEY (run, number));
CREATE TABLE generations (
    run TEXT NOT NULL REFERENCES runs, number INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (run, number));
"""


@dataclass(frozen=True)
class GenerationRecord:
    """The state after a generation: from it the search goes on exactly as if it had not been interrupted.

    `population` are evaluation numbers, `random_state` that of `random.Random`, `counts` the children drawn again.
    """

    number: int
    population: tuple[int, ...]
    random_state: list[Any]
    hypervolume: float
    counts: dict[str, int]


class Store:
    """One database file; use from one thread at a time. Every write is its own transaction."""

    def __init__(self, path: str | Path, *, write: bool = False) -> None:
        """Open for reading, or with `write` for writing, which creates a missing file.

        Raises `StoreError` for a missing, damaged, foreign, newer or read-only file.
        """
        self.path = str(path)
        if not write and self.path != ":memory:" and not Path(path).exists():
            raise StoreError(f"No run store {self.path!r}. A search creates it.")
        with self._errors():
            self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=10)
            self._check(write)

    def _check(self, write: bool) -> None:
        application = self._value("PRAGMA application_id")
        version = self._value("PRAGMA user_version")
        tables = self._value("SELECT count(*) FROM sqlite_master")
        if tables and application != _APPLICATION:
            raise StoreError(f"{self.path!r} is another program's database. Give another path.")
        if version > _VERSION:
            raise StoreError(f"{self.path!r} was written by a newer version (format {version}, known: {_VERSION}).")
        if not tables and not write and self.path != ":memory:":
            raise StoreError(f"{self.path!r} holds no run yet.")
        if write:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            if not tables:
                marks = f"PRAGMA application_id={_APPLICATION}; PRAGMA user_version={_VERSION};"
                self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {marks} COMMIT;")

    def _value(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"Run store {self.path!r}: {error}. What was written before is intact.") from error

    @contextmanager
    def locked(self, run: str) -> Iterator[None]:
        """Be the only process that writes `run`; the lock of a process that dies is free. Raises `StoreError`."""
        lock = FileLock(f"{self.path}.{run}.lock") if self.path != ":memory:" else None
        try:
            if lock:
                lock.acquire(timeout=0)
        except Timeout:
            raise StoreError(
                f"Run {run} of {self.path!r} is being written by another process. Stop it first."
            ) from None
        try:
            yield
        finally:
            if lock:
                Path(lock.lock_file).unlink(missing_ok=True)
                lock.release()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add_run(self, config: SearchConfig) -> str:
        """Begin a run; returns its id, which sorts by time."""
        now = datetime.now(UTC)
        run = f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        with self._errors():
            self._db.execute("INSERT INTO runs VALUES (?, ?, ?, '{}')", (run, now.isoformat(), config.to_json()))
        return run

    def set_config(self, run: str, config: SearchConfig) -> None:
        """Replace the configuration of a run that is extended."""
        with self._errors():
            self._db.execute("UPDATE runs SET config = ? WHERE id = ?", (config.to_json(), run))

    def provenance(self, run: str) -> dict[str, Any]:
        """What the results depend on besides the configuration: data, calibration, versions; empty before the start."""
        return dict(json.loads(self._only("SELECT provenance FROM runs WHERE id = ?", run)))

    def set_provenance(self, run: str, provenance: dict[str, Any]) -> None:
        """Keep what `provenance` gives back."""
        with self._errors():
            self._db.execute("UPDATE runs SET provenance = ? WHERE id = ?", (json.dumps(provenance), run))

    def add_evaluation(self, run: str, evaluation: Evaluation, weights: bytes) -> None:
        """Keep a result as soon as it is known."""
        row = (run, evaluation.number, json.dumps(evaluation.to_dict(), allow_nan=False), weights)
        with self._errors():
            self._db.execute("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", row)

    def add_generation(self, run: str, generation: GenerationRecord) -> None:
        """Keep the state after a generation."""
        row = (run, generation.number, json.dumps(vars(generation)))
        with self._errors():
            self._db.execute("INSERT OR REPLACE INTO generations VALUES (?, ?, ?)", row)

    def runs(self) -> tuple[str, ...]:
        """The ids of all runs, oldest first."""
        with self._errors():
            return tuple(row[0] for row in self._db.execute("SELECT id FROM runs ORDER BY created, rowid"))

    def load(self, run: str | None = None) -> Run:
        """A run, by default the latest; raises `StoreError` if there is none."""
        known = self.runs()
        if not known or (run is not None and run not in known):
            raise StoreError(f"No run {run or ''!r} in {self.path!r}. Runs: {', '.join(known[-5:]) or 'none'}.")
        run = run or known[-1]
        generations = self.generations(run)
        counts = generations[-1].counts if generations else {"repeated": 0}
        hypervolumes = tuple(generation.hypervolume for generation in generations)
        provenance = self.provenance(run)
        data = DataInfo.from_dict(provenance["data"]) if provenance else None
        return Run(run, self.config(run), self.evaluations(run), hypervolumes, data=data, store=self.path, **counts)

    def config(self, run: str) -> SearchConfig:
        """The configuration of a run."""
        return SearchConfig.from_json(self._only("SELECT config FROM runs WHERE id = ?", run))

    def weights(self, run: str, number: int) -> bytes:
        """The trained state of an evaluation in safetensors format; empty if it was not trained itself."""
        return bytes(self._only("SELECT weights FROM evaluations WHERE run = ? AND number = ?", run, number))

    def _only(self, query: str, run: str, *more: int) -> Any:
        with self._errors():
            row = self._db.execute(query, (run, *more)).fetchone()
        if row is None:
            raise StoreError(f"{self.path!r} does not hold what was asked of run {run!r}.")
        return row[0]

    def evaluations(self, run: str) -> tuple[Evaluation, ...]:
        """All results of a run by number."""
        with self._errors():
            rows = self._db.execute("SELECT result FROM evaluations WHERE run = ? ORDER BY number", (run,)).fetchall()
        return tuple(Evaluation.from_dict(json.loads(row[0])) for row in rows)

    def generations(self, run: str) -> tuple[GenerationRecord, ...]:
        """The states after all finished generations of a run."""
        with self._errors():
            rows = self._db.execute("SELECT state FROM generations WHERE run = ? ORDER BY number", (run,)).fetchall()
        states = (json.loads(row[0]) for row in rows)
        return tuple(GenerationRecord(**{**state, "population": tuple(state["population"])}) for state in states)
