"""One stretch of a run, from its start or resumption to its end: the loop, the workers and the store together."""

from collections.abc import Callable
from dataclasses import replace

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas import analysis
from hybhanas_jupyter.nas.control import Generation
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.executors import Submit
from hybhanas_jupyter.nas.loop import Control, Loop, Problem
from hybhanas_jupyter.nas.provenance import RunProvenance
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.store import Store

Publish = Callable[[Run, Evaluation | Generation], None]


class Session:
    """Takes the run `known` so far and goes on with it, writing to `database` and telling `publish` of every step."""

    def __init__(self, known: Run, database: Store, control: Control, publish: Publish) -> None:
        self.known, self.database, self.control, self.publish = known, database, control, publish
        self.loop: Loop | None = None

    def go(self, provenance: RunProvenance, submit: Submit, *, extended: bool) -> str:
        """Run generations until the search is over, at least one if `extended`; returns why it is over."""
        config, database, run = self.known.config, self.database, self.known.id
        problem = Problem(provenance.data, Costs(config, provenance), submit, self._keep)
        database.set_provenance(run, provenance.to_dict())
        self.known = replace(self.known, data=provenance.data)
        loop = self.loop = Loop(config, problem, self.control)
        done = database.generations(run)
        loop.restore(self.known.evaluations, done[-1] if done else None)
        reason = "" if extended else self._ended()
        while not reason:
            number = len(self.known.hypervolumes) + 1
            if not loop.generation(number):
                return "every architecture of the space is evaluated"
            self._finish(loop, number)
            reason = self._ended()
        return reason

    def _ended(self) -> str:
        return self.known.config.ended(self.known.hypervolumes, len(self.known.evaluations))

    def _keep(self, evaluation: Evaluation, weights: bytes) -> None:
        self.database.add_evaluation(self.known.id, evaluation, weights)
        kept = {e.number: e for e in (*self.known.evaluations, evaluation)}
        evaluations = tuple(kept[number] for number in sorted(kept))
        assert self.loop is not None
        counts = self.loop.counts
        self.known = replace(
            self.known, evaluations=evaluations, repeated=counts["repeated"], invalid=counts["invalid"]
        )
        self.publish(self.known, evaluation)

    def _finish(self, loop: Loop, number: int) -> None:
        evaluations, goal = self.known.evaluations, self.known.config.goal
        if number == 1 and all(evaluation.status == "failed" for evaluation in evaluations):
            raise HybHanasError(f"Every candidate of the first generation failed: {evaluations[0].reason}.")
        batches = [[e for e in evaluations if e.generation == i] for i in range(1, number + 1)]
        hypervolumes = analysis.hypervolumes(batches, goal)
        self.database.add_generation(self.known.id, loop.state(number, hypervolumes[-1]))
        self.known = replace(self.known, hypervolumes=hypervolumes)
        self.publish(self.known, Generation(number, evaluations, self.known.front, hypervolumes[-1]))
