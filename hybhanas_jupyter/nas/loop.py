"""The generations of a run: draw, cost, train, keep, select. Knows nothing of threads, events and files."""

import logging
import random
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from hybhanas_jupyter.errors import ConfigError, HybHanasError
from hybhanas_jupyter.nas import analysis, nsga2
from hybhanas_jupyter.nas.architecture import Architecture, buildable, parameter_count
from hybhanas_jupyter.nas.control import Control
from hybhanas_jupyter.nas.evaluation import OUTCOME, Evaluation, GenerationRecord
from hybhanas_jupyter.nas.on_device import DeviceReading, Readout
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.state import RunState
from hybhanas_jupyter.nas.tasks import Outcome, Task, TaskQueue, trained_as

_log = logging.getLogger(__name__)
_POLL = 0.1  # seconds between looks at the stop and pause flags


@dataclass(frozen=True)
class Problem:
    """What is searched on: the data, the costs of an architecture (fields of `Evaluation`), and who trains it.

    `on_device` measures what a trained readout reaches there; `readout` finds the one of an earlier session,
    `expected` says before training what the device will make of expectation values.
    """

    data: DataInfo
    costs: Callable[[Architecture], dict[str, Any]]
    submit: "Callable[[Task], Future[Outcome]]"
    on_device: Callable[[Architecture, Readout], dict[str, float]] = lambda architecture, readout: {}
    readout: Callable[[Evaluation], Readout | None] = lambda evaluation: None
    expected: Callable[[Architecture], DeviceReading | None] = lambda architecture: None


class Loop:
    """Goes on with a run whose `state` has begun; every result is kept there.

    The loop's own are the population, the random generator and what has been drawn.
    """

    def __init__(self, state: RunState, problem: Problem, control: Control) -> None:
        self.state, self.problem, self.control = state, problem, control
        self.config = state.config
        self.rng = random.Random(self.config.seed)
        self.population: list[nsga2.Member] = []
        known = [state.evaluations[number] for number in sorted(state.evaluations)]
        finished = len(state.generations)
        self._seen = {e.architecture.identity for e in known if e.generation <= finished}
        self._trained: dict[str, Evaluation] = {}
        self._cpus: set[str] = set()  # of the workers so far
        self._readouts: dict[int, Readout] = {}  # of trainings that others may share, by number
        for evaluation in known:
            self._remember(evaluation)
        if finished:
            last = state.generations[-1]
            version, words, gauss = last.random_state
            self.rng.setstate((version, tuple(words), gauss))
            self.population = nsga2.ranked([state.evaluations[number] for number in last.population], self.config.goal)

    def go(self, *, extended: bool = False) -> str:
        """Run generations until the search is over, at least one if `extended`; returns why it is over."""
        reason = "" if extended else self.state.ended
        while not reason:
            if not self.generation():
                if not self.state.evaluations:
                    raise ConfigError(
                        f"space: no network of it can be built for images of {self.problem.data.input_shape}. "
                        "Take fewer or smaller convolutions, none for tables: cnn=FixedCNN(layers=())."
                    )
                return "every architecture of the space is evaluated"
            reason = self.state.ended
        return reason

    def generation(self) -> tuple[Evaluation, ...]:
        """Run the next generation and select the next population; empty if the space has nothing new."""
        first, number = len(self._seen), len(self.state.generations) + 1
        drawn = [replace(e, number=first + i, generation=number) for i, e in enumerate(self._draw())]
        self._evaluate([candidate for candidate in drawn if candidate.number not in self.state.evaluations])
        results = tuple(self.state.evaluations[candidate.number] for candidate in drawn)
        if not results:
            return ()
        if number == 1 and all(result.status == "failed" for result in results):
            raise HybHanasError(f"Every candidate of the first generation failed: {results[0].reason}.")
        pool = [*(member.evaluation for member in self.population), *results]
        self.population = nsga2.survivors(pool, self.config.population, self.config.goal)
        self.state.finish(self._record(number))
        return results

    def _record(self, number: int) -> GenerationRecord:
        """The record from which a loop goes on after generation `number`."""
        evaluations = self.state.run.evaluations
        batches = [[e for e in evaluations if e.generation == i] for i in range(1, number + 1)]
        hypervolume = analysis.hypervolumes(batches, self.config.goal)[-1]
        members = tuple(member.evaluation.number for member in self.population)
        version, words, gauss = self.rng.getstate()
        return GenerationRecord(number, members, [version, list(words), gauss], hypervolume, dict(self.state.counts))

    def _draw(self) -> list[Evaluation]:
        """The candidates of the next generation, neither numbered nor evaluated."""
        space = self.config.space
        count = min(self.config.population, self.config.total_evaluations - len(self._seen))
        if not self.population:
            return [_candidate(a) for a in nsga2.initial(count, space, self.rng, self._accept)]
        chosen = self._choose(count) if self.config.strategy == "surrogate" else []
        others = nsga2.offspring(self.population, count - len(chosen), space, self.rng, self._accept)
        return [*chosen, *map(_candidate, others)]

    def _choose(self, count: int) -> list[Evaluation]:
        """What the surrogate would train next."""
        from hybhanas_jupyter.nas.surrogate import choose

        finished = len(self.state.generations)
        known = [self.state.evaluations[number] for number in sorted(self.state.evaluations)]
        trained = [e for e in known if e.status == "ok" and e.generation <= finished]
        taken = set(self._seen)

        def accept(architecture: Architecture) -> bool:
            new = architecture.identity not in taken and buildable(architecture, self.problem.data.input_shape)
            taken.add(architecture.identity)
            return new

        def cost(architecture: Architecture) -> Evaluation:
            self.control.check()
            return self._cost(_candidate(architecture))

        config = self.config
        chosen = choose(
            self.population, trained, count, config.space, config.goal, self.rng, accept, cost, self._trained_as
        )
        self._seen.update(e.architecture.identity for e in chosen)
        return [replace(_candidate(e.architecture), predicted=e.predicted) for e in chosen]

    def _accept(self, architecture: Architecture) -> bool:
        if not buildable(architecture, self.problem.data.input_shape):
            self.state.counts["invalid"] += 1
            return False
        if architecture.identity in self._seen:
            self.state.counts["repeated"] += 1
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
            shared = self._trained_as(costed.architecture)
            key = shared.identity
            if costed.status != "new":
                self._keep(costed, b"")
            elif key in self._trained:
                self._share(costed, self._trained[key])
            elif key in waiting:
                waiting[key].append(costed)
            else:
                waiting[key] = [costed]
                queue.add(key, Task.of(self.config, shared, self.problem.expected))
        while waiting:
            self._advance(queue, waiting, _POLL)

    def _advance(self, queue: TaskQueue, waiting: dict[str, list[Evaluation]], timeout: float) -> None:
        self.control.check()
        for key, trained in queue.finished(paused=self.control.paused, timeout=timeout):
            self._note(trained.cpu)
            first, *others = waiting.pop(key)
            first = self._measured(replace(first, **trained.known), trained.readout)
            if trained.readout is not None and first.architecture.trained_as.ansatz.depth == 1:
                self._readouts[first.number] = trained.readout
            self._keep(first, trained.weights)
            for other in others:
                self._share(other, first)

    def _note(self, cpu: str) -> None:
        """Warn of the first worker whose last bits may differ from those of the others."""
        others = self._cpus - {cpu}
        if cpu and cpu not in self._cpus and others:
            _log.warning(
                "Workers compute with different CPU instructions (%s after %s): a search on other workers may find "
                "other last digits, and another front. Set ATEN_CPU_CAPABILITY to the least of them where they start.",
                cpu,
                ", ".join(sorted(others)),
            )
        self._cpus.add(cpu)

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

    def _trained_as(self, architecture: Architecture) -> Architecture:
        return trained_as(self.config, architecture)

    def _share(self, candidate: Evaluation, source: Evaluation) -> None:
        outcome = {name: getattr(source, name) for name in OUTCOME}
        shared = replace(candidate, **outcome, shared_with=source.number)
        readout = None
        if shared.status == "ok":
            readout = self._readouts.get(source.number) or self.problem.readout(source)
        self._keep(self._measured(shared, readout), b"")

    def _measured(self, evaluation: Evaluation, readout: Readout | None) -> Evaluation:
        """The evaluation with what its network reaches on the device, by its own circuit."""
        if readout is None:
            return evaluation
        measures = {**evaluation.measures, **self.problem.on_device(evaluation.architecture, readout)}
        return replace(evaluation, measures=measures)

    def _keep(self, evaluation: Evaluation, weights: bytes) -> None:
        self._remember(evaluation)
        self.state.add(evaluation, weights)

    def _remember(self, evaluation: Evaluation) -> None:
        if evaluation.history and evaluation.shared_with is None:
            self._trained[self._trained_as(evaluation.architecture).identity] = evaluation


def _candidate(architecture: Architecture) -> Evaluation:
    return Evaluation(-1, 0, architecture, "new")


def _effort(candidate: Evaluation) -> float:
    """Grows with the time that training takes; only its order matters."""
    ansatz = candidate.architecture.ansatz
    channels = sum(layer.channels * layer.kernel**2 for layer in candidate.architecture.convolutions)
    return ansatz.num_weights * 2.0**ansatz.n_qubits + 100.0 * channels
