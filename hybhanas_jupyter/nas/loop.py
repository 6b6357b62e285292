"""The generations of a run: draw, cost, train, keep, select. Knows nothing of threads, events and files."""

import hashlib
import random
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas import nsga2
from hybhanas_jupyter.nas.architecture import Architecture, buildable, parameter_count
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import Control
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.store import GenerationRecord
from hybhanas_jupyter.nas.tasks import Outcome, Task, TaskQueue

_POLL = 0.1  # seconds between looks at the stop and pause flags


@dataclass(frozen=True)
class Problem:
    """What is searched on: the data, and where costs, trained networks and results go.

    `costs` gives fields of `Evaluation`; `record` keeps an evaluation with its weights.
    """

    data: DataInfo
    costs: Callable[[Architecture], dict[str, Any]]
    submit: "Callable[[Task], Future[Outcome]]"
    record: Callable[[Evaluation, bytes], None]


class Loop:
    """A run between generations: `evaluations` by number, the population, and what was saved so far.

    `counts`: children that were drawn again because they were "repeated" or "invalid" (cannot be built).
    """

    def __init__(self, config: SearchConfig, problem: Problem, control: Control) -> None:
        self.config, self.problem, self.control = config, problem, control
        self.rng = random.Random(config.seed)
        self.evaluations: dict[int, Evaluation] = {}
        self.population: list[nsga2.Member] = []
        self.counts = {"repeated": 0, "invalid": 0}
        self._seen: set[str] = set()
        self._trained: dict[str, Evaluation] = {}

    def restore(self, evaluations: tuple[Evaluation, ...], last: GenerationRecord | None) -> None:
        """Continue after generation `last`; later evaluations are used again, except failed ones."""
        finished = last.number if last else 0
        usable = [e for e in evaluations if e.generation <= finished or e.status != "failed"]
        self.evaluations = {evaluation.number: evaluation for evaluation in usable}
        for evaluation in usable:
            self._remember(evaluation)
        if last is None:
            return
        version, words, gauss = last.random_state
        self.rng.setstate((version, tuple(words), gauss))
        self.counts = dict(last.counts)
        self._seen = {e.architecture.identity for e in evaluations if e.generation <= last.number}
        self.population = nsga2.ranked([self.evaluations[number] for number in last.population], self.config.goal)

    def state(self, number: int, hypervolume: float) -> GenerationRecord:
        """The record from which `restore` goes on after generation `number`."""
        members = tuple(member.evaluation.number for member in self.population)
        version, words, gauss = self.rng.getstate()
        return GenerationRecord(number, members, [version, list(words), gauss], hypervolume, dict(self.counts))

    def generation(self, number: int) -> tuple[Evaluation, ...]:
        """Run generation `number` and select the next population; empty if the space has nothing new."""
        first = len(self._seen)
        drawn = [Evaluation(first + i, number, a, "new") for i, a in enumerate(self._draw())]
        self._evaluate([candidate for candidate in drawn if candidate.number not in self.evaluations])
        results = tuple(self.evaluations[candidate.number] for candidate in drawn)
        pool = [*(member.evaluation for member in self.population), *results]
        self.population = nsga2.survivors(pool, self.config.population, self.config.goal)
        return results

    def _draw(self) -> list[Architecture]:
        space = self.config.space
        count = min(self.config.population, self.config.total_evaluations - len(self._seen))
        if not self.population:
            return nsga2.initial(count, space, self.rng, self._accept)
        return nsga2.offspring(self.population, count, space, self.rng, self._accept)

    def _accept(self, architecture: Architecture) -> bool:
        if not buildable(architecture, self.problem.data.input_shape):
            self.counts["invalid"] += 1
            return False
        if architecture.identity in self._seen:
            self.counts["repeated"] += 1
            return False
        self._seen.add(architecture.identity)
        return True

    def _evaluate(self, candidates: list[Evaluation]) -> None:
        """Cost all candidates and train those that need it, the largest first: none is left alone at the end."""
        queue = TaskQueue(self.problem.submit)
        waiting: dict[str, list[Evaluation]] = {}
        for candidate in sorted(candidates, key=_effort, reverse=True):
            self._advance(queue, waiting, 0.0)
            while self.control.paused:
                self._advance(queue, waiting, _POLL)
            costed = self._cost(candidate)
            key = costed.architecture.trained_as.identity
            if costed.status != "new":
                self._keep(costed, b"")
            elif key in self._trained:
                self._share(costed, self._trained[key])
            elif key in waiting:
                waiting[key].append(costed)
            else:
                waiting[key] = [costed]
                queue.add(key, self._task(key, costed.architecture.trained_as))
        while waiting:
            self._advance(queue, waiting, _POLL)

    def _advance(self, queue: TaskQueue, waiting: dict[str, list[Evaluation]], timeout: float) -> None:
        self.control.check()
        for key, trained in queue.finished(paused=self.control.paused, timeout=timeout):
            first, *others = waiting.pop(key)
            first = replace(first, **trained.outcome)
            self._keep(first, trained.weights)
            for other in others:
                self._share(other, first)

    def _cost(self, candidate: Evaluation) -> Evaluation:
        """The candidate with its costs; "infeasible" if they break a constraint, "failed" if there are none."""
        architecture = candidate.architecture
        try:
            costs = self.problem.costs(architecture)
        except HybHanasError as error:
            return replace(candidate, status="failed", reason=str(error))
        parameters = parameter_count(architecture, self.problem.data.input_shape, self.problem.data.n_classes)
        costed = replace(candidate, **costs, parameters=parameters, quantum_parameters=architecture.ansatz.num_weights)
        infeasible = replace(costed, status="infeasible")
        if not self.config.goal.violation(infeasible):
            return costed
        return replace(infeasible, reason=self.config.goal.explain(infeasible))

    def _task(self, key: str, architecture: Architecture) -> Task:
        digest = hashlib.sha256(f"{self.config.seed} {key}".encode()).digest()
        settings = self.config.training.model_dump()
        time_limit = settings.pop("time_limit")
        return Task(architecture, settings, time_limit, int.from_bytes(digest[:4]))

    def _share(self, candidate: Evaluation, source: Evaluation) -> None:
        outcome = {name: getattr(source, name) for name in ("status", "reason", "accuracy", "history")}
        self._keep(replace(candidate, **outcome, shared_with=source.number), b"")

    def _keep(self, evaluation: Evaluation, weights: bytes) -> None:
        self.evaluations[evaluation.number] = evaluation
        self._remember(evaluation)
        self.problem.record(evaluation, weights)

    def _remember(self, evaluation: Evaluation) -> None:
        if evaluation.history and evaluation.shared_with is None:
            self._trained[evaluation.architecture.trained_as.identity] = evaluation


def _effort(candidate: Evaluation) -> float:
    """Grows with the time that training takes; only its order matters."""
    ansatz = candidate.architecture.ansatz
    channels = sum(layer.channels * layer.kernel**2 for layer in candidate.architecture.convolutions)
    return ansatz.num_weights * 2.0**ansatz.n_qubits + 100.0 * channels
