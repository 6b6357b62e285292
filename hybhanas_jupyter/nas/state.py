"""The state of a run: the one place where evaluations, generations and counts are kept while a search goes on."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Self

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import Generation
from hybhanas_jupyter.nas.evaluation import Evaluation, GenerationRecord
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.store import Store


class RunState:
    """All that is known of a run; the search's thread writes, every thread may read `run`.

    - `evaluations`: by number
    - `generations`: the records of the finished generations
    - `counts`: children that were drawn again because they were "repeated" or "invalid" (cannot be built)
    - `database`: where every step is kept as soon as it is known; None for a run in memory only
    - `on_step`: called after every evaluation and every generation
    """

    def __init__(
        self,
        run: Run,
        generations: Iterable[GenerationRecord] = (),
        *,
        on_step: Callable[[Evaluation | Generation], None] = lambda step: None,
    ) -> None:
        self.evaluations = {evaluation.number: evaluation for evaluation in run.evaluations}
        self.generations = list(generations)
        self.counts = {"repeated": run.repeated, "invalid": run.invalid}
        self.database: Store | None = None
        self.on_step = on_step
        self._run, self._stale = run, False
        self._lock = threading.Lock()

    @classmethod
    def read(cls, database: Store, run_id: str | None = None, **options: Any) -> Self:
        """The state of a stored run, by default the latest; raises `StoreError` if there is none."""
        run = Run.read(database, run_id)
        return cls(run, database.generations(run.id), **options)

    @property
    def run(self) -> Run:
        """What is known now, as a result that does not change any more; made when it is asked for."""
        with self._lock:
            if self._stale:
                evaluations = tuple(self.evaluations[number] for number in sorted(self.evaluations))
                self._run = replace(
                    self._run,
                    evaluations=evaluations,
                    hypervolumes=tuple(generation.hypervolume for generation in self.generations),
                    repeated=self.counts["repeated"],
                    invalid=self.counts["invalid"],
                )
                self._stale = False
            return self._run

    @property
    def id(self) -> str:
        """The run's name in the store; empty before the first start."""
        return self._run.id

    @property
    def config(self) -> SearchConfig:
        """What is searched and how."""
        return self._run.config

    @property
    def ended(self) -> str:
        """Why no generation follows the finished ones; empty if one does."""
        hypervolumes = [generation.hypervolume for generation in self.generations]
        evaluated = sum(e.generation <= len(hypervolumes) for e in tuple(self.evaluations.values()))
        return self.config.ended(hypervolumes, evaluated)

    def change(self, **fields: Any) -> None:
        """Replace the `id`, `config` or `data` of the run."""
        with self._lock:
            self._run = replace(self._run, **fields)

    def begin(self, database: Store | None = None) -> None:
        """Go on from the last finished generation and what need not be evaluated again of the next one."""
        self.database = database
        finished = len(self.generations)
        kept = (e for e in self.evaluations.values() if e.generation <= finished or e.status != "failed")
        with self._lock:
            self.evaluations = {evaluation.number: evaluation for evaluation in kept}
            self.counts = dict(self.generations[-1].counts) if finished else {"repeated": 0, "invalid": 0}
            self._stale = True

    def add(self, evaluation: Evaluation, weights: bytes) -> None:
        """Keep an evaluation, and its weights in the store."""
        if self.database is not None:
            self.database.add_evaluation(self._run.id, evaluation, weights)
        with self._lock:
            self.evaluations[evaluation.number] = evaluation
            self._stale = True
        self.on_step(evaluation)

    def finish(self, generation: GenerationRecord) -> None:
        """Keep the end of a generation."""
        if self.database is not None:
            self.database.add_generation(self._run.id, generation)
        with self._lock:
            self.generations.append(generation)
            self._stale = True
        run = self.run
        self.on_step(Generation(generation.number, run.evaluations, run.front, generation.hypervolume))
