"""What a search hands out: a finished or interrupted run, a generation, a snapshot of the progress."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hybhanas_jupyter.nas import analysis, report
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.objectives import Goal

if TYPE_CHECKING:
    from pandas import DataFrame


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


@dataclass(frozen=True)
class Generation:
    """A finished generation, from 1; `evaluations` and `front` are of all generations so far."""

    number: int
    evaluations: tuple[Evaluation, ...]
    front: tuple[Evaluation, ...]
    hypervolume: float


@dataclass(frozen=True)
class Run:
    """All evaluations of a run by number, and the hypervolume after each finished generation.

    `repeated` counts children that were drawn again because their architecture was known already.
    """

    id: str
    config: SearchConfig
    evaluations: tuple[Evaluation, ...]
    hypervolumes: tuple[float, ...]
    repeated: int

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
        """The front's best compromise: the member nearest to the ideal point; None if the front is empty."""
        return analysis.knee(self.evaluations, self.goal)

    def to_dataframe(self) -> "DataFrame":
        """One row per evaluation, one column per gene, objective and part of the cost; times in seconds."""
        from pandas import DataFrame

        members = {evaluation.number for evaluation in self.front}
        rows = [{**report.row(evaluation), "on_front": evaluation.number in members} for evaluation in self.evaluations]
        return DataFrame(rows).set_index("number") if rows else DataFrame()

    def __repr__(self) -> str:
        return report.front_text(self)

    def _repr_html_(self) -> str:
        return report.front_html(self)
