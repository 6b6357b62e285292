"""A run: all its evaluations, its front, and the same architectures on another device."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Self

from hybhanas_jupyter.data import Dataset, Source
from hybhanas_jupyter.errors import StoreError, shown
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.formatting import Report, Reported, Table, seconds, significant
from hybhanas_jupyter.nas import analysis
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation, Goal
from hybhanas_jupyter.nas.export import RunFile, export
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.store import Archive, Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.hardware.devices import Backend, Device
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.nas.baselines import Baselines
    from hybhanas_jupyter.nas.confirm import Confirmation
    from hybhanas_jupyter.nas.importance import Importance
    from hybhanas_jupyter.nas.verify import Verification

COSTS = ("quantum_time", "usage_time", "success_probability", "two_qubit_gates")  # of `Recost`


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
        self,
        *,
        noise: bool = True,
        samples: int = 100,
        shots: int = 1000,
        seed: int = 0,
        data: Dataset | Source | None = None,
    ) -> "Verification":
        """The front's trained networks by Aer on `samples` validation images, under the device's noise or without.

        `data` is needed if the run was made on own arrays. Raises `DataError` if it is not the run's data.
        """
        from hybhanas_jupyter.nas.verify import verify

        archive = self._archive()
        return verify(archive, self.config, self.front, data, noise=noise, samples=samples, shots=shots, seed=seed)

    def baselines(
        self, candidate: Evaluation | int | None = None, *, seeds: int = 4, data: Dataset | Source | None = None
    ) -> "Baselines":
        """What a candidate's network, by default the knee's, reaches with no quantum layer but a function in its place.

        That is the identity, tanh and cos, trained as in the search with `seeds` seeds each, and beside them the
        quantum layer, alike. `data` is needed if the run was made on own arrays. Trains, on this thread.
        """
        from hybhanas_jupyter.nas.baselines import baselines

        chosen = self.knee if candidate is None else self.evaluation(candidate)
        if chosen is None:
            raise StoreError(f"Run {self.id} has no front, so no knee: name a candidate.")
        loaded = data if isinstance(data, Dataset) else self.config.load_data(data)
        if self.data is not None:
            self.data.check(DataInfo.of(loaded))
        return baselines(self.config, chosen.architecture, loaded, seeds=seeds)

    def confirm(self, seeds: int = 5, *, data: Source | None = None) -> "Confirmation":
        """The front's networks trained again with `seeds` other seeds, and tested where the run has a test part.

        Says mean and spread, whether ranks hold, and test accuracies with their intervals; `seeds=0` only tests. The
        test part is what `test_share` put aside. `data` is needed if the run was made on own arrays.
        """
        from hybhanas_jupyter.nas.confirm import confirm

        return confirm(self._archive(), self.config, self.front, data, seeds)

    def importance(self, *, seed: int = 0) -> "Importance":
        """Which genes matter for which objective, by what predictions lose without them; `seed` shuffles.

        Raises `ConfigError` for too few feasible evaluations.
        """
        from hybhanas_jupyter.nas.importance import importance

        return importance(self.evaluations, self.config.space, self.goal, seed)

    def recost(self, backend: "Backend") -> "Recost":
        """The same architectures costed on another device, without training again; raises as costing does.

        What the networks reach there is found anew too, unless the run was made on own arrays: then it is not known.
        """
        from hybhanas_jupyter.hardware.devices import device
        from hybhanas_jupyter.nas.costing import Costs

        other = replace(self._archive().provenance(), device=device(backend))
        costs, measures = Costs(self.config, other), self._measures(other.device)
        trained = tuple(evaluation for evaluation in self.evaluations if evaluation.status == "ok")
        again = tuple(replace(e, **costs(e.architecture), measures=measures(e)) for e in trained)
        return Recost(other.device.name, *(replace(self, evaluations=evaluations) for evaluations in (trained, again)))

    def network(self, candidate: Evaluation | int) -> "HybridNet":
        """The trained network of a candidate (an evaluation or its number); raises `StoreError` if there is none."""
        return self._archive().network(self.evaluation(candidate))

    def export(self, candidate: Evaluation | int, folder: str | Path) -> Path:
        """Write a candidate's weights, its circuit as Qiskit and PennyLane code and its costs; returns the folder.

        `candidate` is an evaluation or its number. An earlier export is replaced. Raises `StoreError` if it was not
        trained, `FileError` if the folder holds other files of these names.
        """
        return export(self._archive(), self.evaluation(candidate), folder)

    def save(self, path: str | Path) -> None:
        """Write everything but weights and device as one JSON file, which `Run.load` reads."""
        RunFile(**{name: getattr(self, name) for name in RunFile.contents()}).save(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file of `save`.

        Raises `StoreError` if it cannot be read, `ConfigError` with all that is wrong in it.
        """
        file = RunFile.load(path)
        return cls(**{name: getattr(file, name) for name in RunFile.contents()})

    @classmethod
    def read(cls, store: Store, run_id: str | None = None) -> Self:
        """A run of an open store, by default the latest; raises `StoreError` if there is none."""
        run = store.find(run_id)
        generations = store.generations(run)
        counts = generations[-1].counts if generations else {"repeated": 0}
        hypervolumes = tuple(generation.hypervolume for generation in generations)
        config, evaluations, data = store.config(run), store.evaluations(run), store.data(run)
        return cls(run, config, evaluations, hypervolumes, data=data, store=store.path, **counts)

    @property
    def title(self) -> str:
        """What was searched, on which device."""
        return f"Pareto front: {self.config.data} on {self.config.backend}"

    @property
    def summary(self) -> str:
        """Evaluations, failures and generations in one sentence."""
        failed = sum(evaluation.status != "ok" for evaluation in self.evaluations)
        return (
            f"{len(self.front)} of {len(self.evaluations)} evaluated architectures are Pareto-optimal "
            f"after {len(self.hypervolumes)} generations ({failed} failed). Run {self.id}."
        )

    def figure(self, kind: str = "front", *, theme: str = "light", title: str | None = None) -> "Figure":
        """A matplotlib figure of the run, for `theme` "light", "dark" or "neutral" (transparent, reads on both).

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
                f"Run {self.id} has no candidate {shown(number)}. Numbers go from 0 to {len(self.evaluations) - 1}."
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

    def _measures(self, device: "Device") -> Callable[[Evaluation], dict[str, float]]:
        """What is measured of a trained network, on another device."""
        from hybhanas_jupyter.nas.on_device import MEASURES, OnDevice, Readout

        archive, on_device = self._archive(), OnDevice(device, self.config.cost_options, self.config.seed)
        data = self.config.load_data()
        known = DataInfo.of(data) == archive.provenance().data

        def measures(evaluation: Evaluation) -> dict[str, float]:
            kept = {name: value for name, value in evaluation.measures.items() if name not in MEASURES}
            if not known:
                return kept
            readout = Readout.of(archive.network(evaluation), data)
            return {**kept, **on_device(evaluation.architecture, readout)}

        return measures

    def _archive(self) -> Archive:
        if self.store in ("", ":memory:"):
            raise StoreError(
                f"Run {self.id} is in no run store, which keeps weights and device. Give the search store='runs.db'."
            )
        return Archive(self.store, self.id)

    def _records(self) -> list[dict[str, Any]]:
        members = {evaluation.number for evaluation in self.front}
        return [{**record(evaluation), "on_front": evaluation.number in members} for evaluation in self.evaluations]

    def _report(self) -> Report:
        return _run_report(self)


@dataclass(frozen=True, repr=False)
class Recost(Reported):
    """A run on its own device and on another one, `device`; both runs hold the same architectures and accuracies."""

    device: str
    before: Run
    after: Run

    @cached_property
    def rank_correlation(self) -> dict[str, float]:
        """Spearman's for each cost over all evaluations: 1 if the device does not change their order."""
        before, after = self.before.evaluations, self.after.evaluations
        return {name: _spearman(before, after, name) for name in COSTS}

    @property
    def kept(self) -> tuple[Evaluation, ...]:
        """The members of the new front that were on the old one too."""
        numbers = {evaluation.number for evaluation in self.before.front}
        return tuple(evaluation for evaluation in self.after.front if evaluation.number in numbers)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for JSON."""
        fronts = {"front_before": self.before.front, "front_after": self.after.front}
        numbers = {name: [evaluation.number for evaluation in front] for name, front in fronts.items()}
        evaluations = [evaluation.to_dict() for evaluation in self.after.evaluations]
        return {"device": self.device, "rank_correlation": self.rank_correlation, **numbers, "evaluations": evaluations}

    def _records(self) -> list[dict[str, Any]]:
        return self.after._records()

    def _report(self) -> Report:
        return _recost_report(self)


def record(evaluation: Evaluation) -> dict[str, Any]:
    """One flat row: identity, genes, objectives, and as shot_... the parts of one shot's quantum cost."""
    ansatz = evaluation.architecture.ansatz
    return {
        "number": evaluation.number,
        "generation": evaluation.generation,
        "architecture": evaluation.architecture.label,
        "status": evaluation.status,
        "reason": evaluation.reason,
        "qubits": ansatz.n_qubits,
        "depth": ansatz.depth,
        "rotations": "-".join(ansatz.rotations),
        "entangler": ansatz.entangler,
        "topology": ansatz.topology,
        "note": evaluation.note,
        **{name: evaluation.value(name) for name in OBJECTIVES},
        **{f"predicted_{name}": mean for name, (mean, _) in evaluation.predicted.items()},
        **{f"shot_{name}": value for name, value in evaluation.cost.items()},
        "seconds": evaluation.seconds,
    }


def _run_report(run: Run) -> Report:
    """The front with its knee, and why candidates failed."""
    share = f", hypervolume {significant(run.hypervolumes[-1])}" if run.hypervolumes else ""
    invalid = f", {run.invalid} not buildable" if run.invalid else ""
    count = f"{len(run.evaluations)} evaluations, {run.saved} saved{invalid}"
    title = f"Run {run.id}: {count}, front of {len(run.front)}{share}"
    reasons = Counter(e.reason for e in run.evaluations if e.status == "failed")
    failed = [f"{count} x {reason}" for reason, count in reasons.most_common()]
    folded = {"Failed": failed, "Predicted before training": _predictions(run.evaluations)}
    return Report(title, [_front_table(run)] if run.front else [], folded=folded)


def _predictions(evaluations: Sequence[Evaluation]) -> list[str]:
    """How far the surrogate's predictions were off, by objective and generation; empty without any."""
    lines = []
    trained = [e for e in evaluations if e.status == "ok" and e.predicted]
    for name in dict.fromkeys(name for e in trained for name in e.predicted):
        objective = OBJECTIVES[name]
        for generation, group in groupby(trained, key=lambda e: e.generation):
            found = [(e.predicted[name][0], e.value(name)) for e in group if name in e.predicted]
            off = fmean(abs(predicted - value) for predicted, value in found)
            lines.append(f"{objective.label}, generation {generation}: off by {objective.text(off)} in the mean")
    return lines


def _front_table(run: Run) -> Table:
    objectives = [OBJECTIVES[name] for name in run.config.objectives]
    knee = run.knee
    rows = [
        [
            str(evaluation.number),
            evaluation.architecture.label,
            *(objective.text(evaluation.value(objective.name)) for objective in objectives),
            ", ".join(filter(None, ["knee" if evaluation == knee else "", evaluation.note])),
        ]
        for evaluation in run.front
    ]
    return ["No.", "Architecture", *(objective.label for objective in objectives), ""], rows


def _recost_report(recost: Recost) -> Report:
    """The new front beside its old costs, and how far ranks agree."""
    old = {evaluation.number: evaluation for evaluation in recost.before.front}
    origin, title = recost.before.config.backend, f"The run's architectures on {recost.device}"
    rows = [
        [
            e.architecture.label,
            f"{e.accuracy:.1%}",
            seconds(e.quantum_time),
            f"{e.success_probability:.1%}",
            "yes" if e.number in old else "new",
        ]
        for e in recost.after.front
    ]
    headers = ["Architecture", "Validation accuracy", "Quantum training time", "Success probability", f"On {origin}'s"]
    ranks = [[OBJECTIVES[name].label, f"{value:.3f}"] for name, value in recost.rank_correlation.items()]
    kept = f"{title}: {len(recost.kept)} of {len(old)} stay on the front"
    return Report(kept, [(headers, rows), (["Cost", "Rank correlation (Spearman)"], ranks)])


def _spearman(before: tuple[Evaluation, ...], after: tuple[Evaluation, ...], name: str) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr([e.value(name) for e in before], [e.value(name) for e in after]).statistic)
