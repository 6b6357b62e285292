"""A public entry: what a run store holds, one row for each run."""

from dataclasses import asdict, dataclass, replace
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

    `state`: "running" (some process writes it), "stopped", "finished", or "damaged": `damage` says where, a line each.
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
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Runs(Reported):
    """The runs of the store at `store`, oldest first; `file_damage` is what is wrong with the file itself."""

    store: str
    rows: tuple[RunSummary, ...]
    file_damage: tuple[str, ...] = ()

    @property
    def damage(self) -> tuple[str, ...]:
        """All that is known to be damaged, one line each."""
        return (*self.file_damage, *(line for row in self.rows for line in row.damage))

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
        return Report(count, [(headers, rows)] if rows else [], folded={"Damaged": self.damage})


def runs(store: str | Path = "runs.db", *, check: bool = False) -> Runs:
    """The runs of a store; `hyb.Search.load(store, id)` opens one.

    `check` reads every row, builds every trained network and names all that is damaged. Raises `StoreError` if there is
    no such store, or if it cannot be read at all.
    """
    with Store(store) as database:
        rows = tuple(_summary(database, run) for run in database.runs())
        if not check:
            return Runs(str(store), rows)
        return Runs(str(store), tuple(_checked(database, row) for row in rows), database.integrity())


def _checked(database: Store, row: RunSummary) -> RunSummary:
    damage = database.check(row.id)
    return replace(row, state="damaged", damage=damage) if damage else row


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
    except StoreError as error:
        return RunSummary(run_id, created, "damaged", damage=(str(error),))
