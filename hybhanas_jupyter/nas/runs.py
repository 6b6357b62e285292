"""A public entry: what a run store holds, one row for each run."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.formatting import Report, Reported, significant
from hybhanas_jupyter.nas.state import RunState
from hybhanas_jupyter.nas.store import Store, is_written


@dataclass(frozen=True)
class RunSummary:
    """One stored run; `generations` are finished ones, `hypervolume` is the last one's, `created` in UTC.

    `state`: "running" (some process writes it), "stopped", "finished", or "damaged", of which nothing else is known.
    """

    id: str
    created: datetime | None
    state: str
    data: str = ""
    backend: str = ""
    generations: int = 0
    evaluations: int = 0
    front_size: int = 0
    hypervolume: float = 0.0


@dataclass(frozen=True, repr=False)
class Runs(Reported):
    """The runs of the store at `store`, oldest first."""

    store: str
    rows: tuple[RunSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """The rows by the runs' ids, as plain data for JSON."""
        records = [
            {**record, "created": record["created"] and record["created"].isoformat()} for record in self._records()
        ]
        return {record.pop("id"): record for record in records}

    def _records(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]

    def _report(self) -> Report:
        counts = ["generations", "evaluations", "front", "hypervolume"]
        headers = ["run", "begun (UTC)", "state", "data", "backend", *counts]
        rows = [
            [
                row.id,
                f"{row.created:%Y-%m-%d %H:%M}" if row.created else "",
                row.state,
                row.data,
                row.backend,
                row.generations,
                row.evaluations,
                row.front_size,
                significant(row.hypervolume),
            ]
            for row in self.rows
        ]
        count = f"{len(rows)} run{'' if len(rows) == 1 else 's'} in {self.store}"
        return Report(count, [(headers, rows)] if rows else [])


def runs(store: str | Path = "runs.db") -> Runs:
    """The runs of a store; `hyb.Search.load(store, id)` opens one. Raises `StoreError` if there is no such store."""
    with Store(store) as database:
        return Runs(str(store), tuple(_summary(database, run) for run in database.runs()))


def _summary(database: Store, run_id: str) -> RunSummary:
    created = None
    try:
        created = database.created(run_id)
        state = RunState.read(database, run_id)
        run = state.run
        return RunSummary(
            run_id,
            created,
            state="running" if is_written(database.path, run_id) else "finished" if state.ended else "stopped",
            data=run.data.name if run.data else run.config.data,
            backend=run.config.backend,
            generations=len(run.hypervolumes),
            evaluations=len(run.evaluations),
            front_size=len(run.front),
            hypervolume=run.hypervolumes[-1] if run.hypervolumes else 0.0,
        )
    except StoreError:
        return RunSummary(run_id, created, "damaged")
