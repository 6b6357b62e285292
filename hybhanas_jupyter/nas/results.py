"""What a search hands out: a finished or interrupted run, a generation, a snapshot of the progress."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hybhanas_jupyter.data import Source
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.nas import analysis, report
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.datainfo import DataInfo
from hybhanas_jupyter.nas.ending import total_evaluations
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.objectives import Goal
from hybhanas_jupyter.nas.resources import worker_count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.hardware.devices import Device
    from hybhanas_jupyter.nas.recost import Recost
    from hybhanas_jupyter.nas.verify import Verification


@dataclass(frozen=True)
class Progress:
    """A snapshot of a search. Times in seconds; `remaining` is NaN while nothing is known of it.

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

    @classmethod
    def of(cls, run: "Run", before: "Run", state: str, reason: str, elapsed: float) -> Self:
        """Where `run` stands `elapsed` seconds after it was `before`."""
        evaluated, total = len(run.evaluations), total_evaluations(run.config)
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
            remaining=elapsed / fresh * (total - evaluated) if fresh else math.nan,
            saved=run.saved,
            failed=sum(evaluation.status == "failed" for evaluation in run.evaluations),
            utilisation=busy / (elapsed * max(1, worker_count(run.config))) if elapsed else 0.0,
            reason=reason,
        )


@dataclass(frozen=True)
class Generation:
    """A finished generation, from 1; `evaluations` and `front` are of all generations so far."""

    number: int
    evaluations: tuple[Evaluation, ...]
    front: tuple[Evaluation, ...]
    hypervolume: float


@dataclass(frozen=True, repr=False)
class Run(Reported):
    """All evaluations of a run by number, and the hypervolume after each finished generation.

    `repeated` and `invalid` count children that were drawn again: known already, or not to be built. `data` describes
    the data set. `store` is the path of the run store, which keeps the weights and the device; empty for a run from a
    file.
    """

    id: str
    config: SearchConfig
    evaluations: tuple[Evaluation, ...]
    hypervolumes: tuple[float, ...]
    repeated: int
    invalid: int = 0
    data: DataInfo | None = None
    store: str = ""

    @property
    def goal(self) -> Goal:
        """What the run optimised and limited."""
        return self.config.goal

    @property
    def saved(self) -> int:
        """Trainings that were not needed: repeated children, shared trainings, constraints known to be broken."""
        return self.repeated + sum(e.shared_with is not None or e.status == "infeasible" for e in self.evaluations)

    @property
    def training_time(self) -> float:
        """Seconds that the workers trained."""
        return sum(evaluation.seconds for evaluation in self.evaluations)

    @cached_property
    def front(self) -> tuple[Evaluation, ...]:
        """The non-dominated evaluations that keep every constraint, best first objective first."""
        return analysis.front(self.evaluations, self.goal)

    @property
    def knee(self) -> Evaluation | None:
        """The front's best compromise: farthest below the line between its extremes; None if the front is empty."""
        return analysis.knee(self.evaluations, self.goal)

    def verify(
        self, *, noise: bool = True, samples: int = 100, shots: int = 1000, seed: int = 0, data: Source | None = None
    ) -> "Verification":
        """The front's trained networks by Aer on `samples` validation images, under the device's noise or without.

        `data` is needed if the run was made on own arrays. Raises `DataError` if it is not the run's data.
        """
        from hybhanas_jupyter.nas.verify import verify

        return verify(self._stored(), data, noise=noise, samples=samples, shots=shots, seed=seed)

    def recost(self, device: "str | Device") -> "Recost":
        """The same architectures costed on another device, without training again."""
        from hybhanas_jupyter.nas.recost import recost

        return recost(self._stored(), device)

    def export(self, candidate: Evaluation | int, folder: str | Path) -> Path:
        """Write a candidate's weights, its circuit as Qiskit and PennyLane code and its costs; returns the folder.

        `candidate` is an evaluation or its number. Raises `StoreError` if it was not trained.
        """
        from hybhanas_jupyter.nas.export import export

        return export(self._stored(), self.evaluation(candidate), folder)

    def save(self, path: str | Path) -> None:
        """Write everything but weights and device as one JSON file, which `Run.load` reads."""
        from hybhanas_jupyter.nas import runfile

        runfile.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> "Run":
        """Read a file of `save`.

        Raises `StoreError` if it cannot be read, `ConfigError` with all that is wrong in it.
        """
        from hybhanas_jupyter.nas import runfile

        return runfile.load(path)

    @property
    def title(self) -> str:
        """What was searched, on which device."""
        return f"Pareto front: {self.config.data} on {self.config.device}"

    @property
    def summary(self) -> str:
        """Evaluations, failures and generations in one sentence."""
        failed = sum(evaluation.status != "ok" for evaluation in self.evaluations)
        return (
            f"{len(self.front)} of {len(self.evaluations)} evaluated architectures are Pareto-optimal "
            f"after {len(self.hypervolumes)} generations ({failed} failed). Run {self.id}."
        )

    def figure(self, kind: str = "front", *, theme: str = "light", title: str | None = None) -> "Figure":
        """A matplotlib figure of the run, for `theme` "light" or "dark".

        "front": the accuracy against every other objective. "landscape": three objectives at once. "parts": what the
        effective time of one shot consists of, for every member of the front.
        """
        from hybhanas_jupyter.nas.pictures import draw

        title = self.title if title is None else title
        return draw(kind, self.evaluations, self.front, self.config.objectives, theme=theme, title=title)

    def save_page(self, path: str | Path) -> None:
        """Write the front as an HTML page of picture and table that needs nothing else, for light and dark."""
        from hybhanas_jupyter.nas.pictures import front_table, page

        figures = self.figure(title=""), self.figure(title="", theme="dark")
        write_text(path, page(self.title, self.summary, figures, front_table(self.front, self.config.objectives)))

    def evaluation(self, candidate: Evaluation | int) -> Evaluation:
        """The evaluation with this number; raises `StoreError` if the run has none."""
        number = candidate.number if isinstance(candidate, Evaluation) else candidate
        found = next((evaluation for evaluation in self.evaluations if evaluation.number == number), None)
        if found is None:
            raise StoreError(
                f"Run {self.id} has no candidate {number!r}. Numbers go from 0 to {len(self.evaluations) - 1}."
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for JSON."""
        return {
            "id": self.id,
            "config": self.config.model_dump(mode="json"),
            "evaluations": [evaluation.to_dict() for evaluation in self.evaluations],
            "front": [evaluation.number for evaluation in self.front],
            "hypervolumes": list(self.hypervolumes),
            "saved": self.saved,
        }

    def _stored(self) -> Self:
        if self.store in ("", ":memory:"):
            raise StoreError(
                f"Run {self.id} is in no run store, which keeps weights and device. Give the search store='runs.db'."
            )
        return self

    def _records(self) -> list[dict[str, Any]]:
        members = {evaluation.number for evaluation in self.front}
        return [
            {**report.record(evaluation), "on_front": evaluation.number in members} for evaluation in self.evaluations
        ]

    def _report(self) -> Report:
        return report.run_report(self)
