"""The run database: one SQLite file (WAL), many runs, JSON inside."""

import json
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from hybhanas_jupyter.errors import HybHanasError, StoreError, shorter, shown
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation, GenerationRecord
from hybhanas_jupyter.nas.provenance import DataInfo, RunProvenance

if TYPE_CHECKING:
    from hybhanas_jupyter.models.hybrid import HybridNet


Row = TypeVar("Row")

_APPLICATION = 0x48594248  # "HYBH": tells our files from other SQLite files
_VERSION = 1
_DAMAGE = (HybHanasError, ArithmeticError, LookupError, RuntimeError, SafetensorError, TypeError, ValueError)
_PATIENCE = 60.0  # seconds for others who open or write the same file
_SCHEMA = f"""
PRAGMA application_id={_APPLICATION};
PRAGMA user_version={_VERSION};
CREATE TABLE runs (id TEXT PRIMARY KEY, created TEXT NOT NULL, config TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE evaluations (
    run TEXT NOT NULL REFERENCES runs, number INTEGER NOT NULL, result TEXT NOT NULL, weights BLOB NOT NULL,
    PRIMARY KEY (run, number));
CREATE TABLE generations (
    run TEXT NOT NULL REFERENCES runs, number INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (run, number));
"""


class Store:
    """One database file; use from one thread at a time. Every write is its own transaction.

    `path` changes if the file is moved or deleted while it is written: the store goes on in a file beside it.
    """

    def __init__(self, path: str | Path, *, write: bool = False) -> None:
        """Open for reading, or with `write` for writing, which creates a missing file.

        Raises `StoreError` for a missing, damaged, foreign, newer or read-only file.
        """
        if not isinstance(path, (str, Path)) or not str(path).strip() or "\0" in str(path):
            raise StoreError(f"The run store is {shown(path)}: give a path, such as 'runs.db'.")
        self.path = str(path)
        if not write and self.path != ":memory:" and not os.path.exists(path):
            raise StoreError(f"No run store {shown(self.path, 300)}. A search creates it.")
        with self._errors():
            self._db = _connect(self.path)
            try:
                if write or self.path == ":memory:":
                    self._prepare(write)
                else:
                    self._open()
            except BaseException:
                self._db.close()
                raise
        self._place = self._stat()

    def _stat(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:  # in memory, or no longer where it was
            return None
        return status.st_dev, status.st_ino

    def _open(self) -> None:
        """Check a file to read. Where nothing can be written, SQLite must be told that nobody else does."""
        try:
            self._check(write=False)
        except sqlite3.OperationalError:
            self._db.close()
            self._db = _connect(f"{Path(self.path).absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            self._check(write=False)

    def _prepare(self, write: bool) -> None:
        """Check and create in one transaction: others may open the same new file at the same moment."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if not self._check(write):
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._db.execute(statement)
        except BaseException:  # half a schema would be found as another program's tables, or none
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        if write and self.path != ":memory:":
            self._write_ahead()

    def _write_ahead(self) -> None:
        """Let readers and the writer not wait for each other. The change needs the file alone, SQLite does not wait."""
        until = time.monotonic() + _PATIENCE
        while self._db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        self._db.execute("PRAGMA synchronous=NORMAL")

    def _check(self, write: bool) -> int:
        """The number of tables of a file that is ours."""
        application = self._value("PRAGMA application_id")
        version = self._value("PRAGMA user_version")
        tables = self._value("SELECT count(*) FROM sqlite_master")
        if tables and application != _APPLICATION:
            raise StoreError(f"{self.path!r} is another program's database. Give another path.")
        if version > _VERSION:
            raise StoreError(f"{self.path!r} was written by a newer version (format {version}, known: {_VERSION}).")
        if not tables and not write and self.path != ":memory:":
            raise StoreError(f"{self.path!r} holds no run yet. Of a copy: copy {self.path + '-wal'!r} too.")
        return tables

    def _value(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"Run store {shown(self.path, 300)}: {error}. What was written before is intact."
            ) from error
        except (sqlite3.Error, UnicodeError) as error:  # the latter where SQLite's own message cites what is damaged
            raise StoreError(f"Run store {shown(self.path, 300)} is damaged: {error}. Restore a copy.") from error

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
        except OSError as error:
            raise StoreError(f"Run store {shown(self.path, 300)} cannot be written: {error.strerror}.") from None
        try:
            yield
        finally:
            if lock:
                Path(lock.lock_file).unlink(missing_ok=True)
                lock.release()

    @contextmanager
    def reading(self, what: str, run: str, found: list[str] | None = None) -> Iterator[None]:
        """Name the row that is damaged: the others can still be read. With `found`, put it there and go on."""
        try:
            with self._errors():
                yield
        except _DAMAGE as error:
            named = error if isinstance(error, StoreError) else self._damaged(what, run, error)
            if found is None:
                raise named from None
            found.append(str(named))

    def _damaged(self, what: str, run: str, error: Exception) -> StoreError:
        return StoreError(
            f"{self.path!r}: {what} of run {shown(run)} cannot be read ({shorter(str(error))}). Other runs of the file "
            "can still be read; hybhanas runs --check names all that is damaged."
        )

    def check(self, run: str) -> tuple[str, ...]:
        """Read every row of a run and build every network: what is damaged, one line each."""
        found: list[str] = []
        for read in (self.created, self.config, self.data):
            with self.reading("the run", run, found):
                read(run)
        list(self._rows(*_GENERATIONS, run, found))
        archive = Archive(self.path, run)
        with self.reading("the provenance", run, found):
            _ = self.provenance(run) and archive.provenance()
        for evaluation in self._rows(*_EVALUATIONS, run, found):
            if evaluation.status == "ok" and evaluation.shared_with is None:
                with self.reading("the network", run, found):
                    archive.network(evaluation)
        return tuple(dict.fromkeys(found))

    def integrity(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file itself, one line each."""
        with self._errors():
            lines = (str(row[0]) for row in self._db.execute("PRAGMA integrity_check(10)"))
            return tuple(f"{self.path!r}: {' '.join(line.split())}" for line in lines if line != "ok")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _write(self, query: str, row: tuple[Any, ...]) -> None:
        with self._errors():
            if self._stat() != self._place:
                self._rescue()
            self._db.execute(query, row)

    def _rescue(self) -> None:
        """Go on in a file beside one that was moved, deleted or replaced: what was written can still be read."""
        old = Path(self.path)
        folder = old.parent if old.parent.is_dir() else Path.cwd()
        self.path = str(folder / f"{old.stem}-rescued-{uuid.uuid4().hex[:6]}{old.suffix}")
        rescue = _connect(self.path)
        self._db.backup(rescue)
        self._db.close()
        self._db = rescue
        self._write_ahead()
        self._place = self._stat()

    def add_run(self, config: SearchConfig) -> str:
        """Begin a run; returns its id, which sorts by time."""
        now = datetime.now(UTC)
        run = f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        self._write("INSERT INTO runs VALUES (?, ?, ?, '{}')", (run, now.isoformat(), config.to_json()))
        self._write("PRAGMA wal_checkpoint(PASSIVE)", ())
        return run

    def set_config(self, run: str, config: SearchConfig) -> None:
        """Replace the configuration of a run that is extended."""
        self._write("UPDATE runs SET config = ? WHERE id = ?", (config.to_json(), run))

    def provenance(self, run: str) -> dict[str, Any]:
        """What the results depend on besides the configuration: data, calibration, versions; empty before the start."""
        with self.reading("the provenance", run):
            return dict(json.loads(self._only("SELECT provenance FROM runs WHERE id = ?", run)))

    def set_provenance(self, run: str, provenance: dict[str, Any]) -> None:
        """Keep what `provenance` gives back."""
        self._write("UPDATE runs SET provenance = ? WHERE id = ?", (json.dumps(provenance), run))

    def add_evaluation(self, run: str, evaluation: Evaluation, weights: bytes) -> None:
        """Keep a result as soon as it is known."""
        row = (run, evaluation.number, json.dumps(evaluation.to_dict(), allow_nan=False), weights)
        self._write("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", row)

    def add_generation(self, run: str, generation: GenerationRecord) -> None:
        """Keep the state after a generation."""
        row = (run, generation.number, json.dumps(vars(generation)))
        self._write("INSERT OR REPLACE INTO generations VALUES (?, ?, ?)", row)
        self._write("PRAGMA wal_checkpoint(PASSIVE)", ())  # whoever copies the file alone finds the generation

    def runs(self) -> tuple[str, ...]:
        """The ids of all runs, oldest first."""
        with self._errors():
            return tuple(str(row[0]) for row in self._db.execute("SELECT id FROM runs ORDER BY rowid"))

    def created(self, run: str) -> datetime:
        """When a run began, in UTC."""
        with self.reading("the date", run):
            return datetime.fromisoformat(self._only("SELECT created FROM runs WHERE id = ?", run))

    def find(self, run: str | None = None) -> str:
        """The id of a run, by default of the latest; raises `StoreError` if there is none."""
        known = self.runs()
        if not known or (run is not None and run not in known):
            raise StoreError(f"No run {shown(run or '')} in {self.path!r}. Runs: {', '.join(known[-5:]) or 'none'}.")
        return run or known[-1]

    def data(self, run: str) -> DataInfo | None:
        """The data set of a run; None before its start."""
        provenance = self.provenance(run)
        with self.reading("the provenance", run):
            return DataInfo.from_dict(provenance["data"]) if provenance else None

    def config(self, run: str) -> SearchConfig:
        """The configuration of a run."""
        with self.reading("the configuration", run):
            return SearchConfig.from_json(self._only("SELECT config FROM runs WHERE id = ?", run))

    def weights(self, run: str, number: int) -> bytes:
        """The trained state of an evaluation in safetensors format; empty if it was not trained itself."""
        with self.reading(f"the weights of evaluation {number}", run):
            return memoryview(
                self._only("SELECT weights FROM evaluations WHERE run = ? AND number = ?", run, number)
            ).tobytes()

    def _only(self, query: str, run: str, *more: int) -> Any:
        with self._errors():
            row = self._db.execute(query, (run, *more)).fetchone()
        if row is None:
            raise StoreError(f"{self.path!r} does not hold what was asked of run {shown(run)}.")
        return row[0]

    def evaluations(self, run: str) -> tuple[Evaluation, ...]:
        """All results of a run by number."""
        return tuple(self._rows(*_EVALUATIONS, run))

    def generations(self, run: str) -> tuple[GenerationRecord, ...]:
        """The states after all finished generations of a run."""
        return tuple(self._rows(*_GENERATIONS, run))

    def _rows(
        self, what: str, query: str, parse: Callable[[dict[str, Any]], Row], run: str, found: list[str] | None = None
    ) -> Iterator[Row]:
        rows = []
        with self.reading(f"the {what}s", run, found):
            rows = self._db.execute(f"{query} WHERE run = ? ORDER BY number", (run,)).fetchall()
        for number, text in rows:
            with self.reading(f"{what} {number}", run, found):
                yield parse(json.loads(text))


_EVALUATIONS = ("evaluation", "SELECT number, result FROM evaluations", Evaluation.from_dict)
_GENERATIONS = ("generation", "SELECT number, state FROM generations", GenerationRecord.from_dict)


def is_written(store: str | Path, run: str) -> bool:
    """Whether a process holds the lock of `run`; a lock file that a killed process left behind does not count."""
    path = Path(f"{store}.{run}.lock")
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def _connect(path: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_PATIENCE, uri=uri)


@dataclass(frozen=True)
class Archive:
    """What the store at `path` keeps of `run` beside its results: trained weights, device and data."""

    path: str
    run: str

    def provenance(self) -> RunProvenance:
        """The data, device and profile with which the run was made."""
        with Store(self.path) as store, store.reading("the provenance", self.run):
            return RunProvenance.from_dict(store.provenance(self.run))

    @property
    def device(self) -> str:
        """The name of the device on which the run was costed."""
        return self.provenance().device.name

    def network(self, evaluation: Evaluation) -> "HybridNet":
        """The trained network of `evaluation`; raises `StoreError` if it was not trained or is not in the store."""
        if evaluation.status != "ok":
            raise StoreError(f"Candidate {evaluation.number} has no weights: it is {evaluation.status}.")
        number = evaluation.number if evaluation.shared_with is None else evaluation.shared_with
        with Store(self.path) as store, store.reading(f"the network of evaluation {number}", self.run):
            return built(evaluation.architecture, store.weights(self.run, number), store.data(self.run))


def built(architecture: Architecture, weights: bytes, data: DataInfo | None) -> "HybridNet":
    """The network of `architecture` with the `weights` of a training that it shares."""
    import torch
    from safetensors.torch import load

    from hybhanas_jupyter.models.hybrid import HybridNet

    if data is None:
        raise ValueError("no data set is known")
    state = load(weights)
    net = HybridNet(data.input_shape, data.n_classes, architecture.convolutions, architecture.ansatz)
    angles = torch.zeros_like(net.quantum.weights)
    kept = state["quantum.weights"]
    angles[:, : kept.shape[1]] = kept  # what is missing are rotations that act on nothing: see trained_as
    net.load_state_dict({**state, "quantum.weights": angles})
    return net
