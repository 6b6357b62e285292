"""The same architectures on another device: costed again, not trained again."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.nas import report
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.trained import provenance

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Device
    from hybhanas_jupyter.nas.results import Run

COSTS = ("quantum_time", "usage_time", "success_probability", "two_qubit_gates")


@dataclass(frozen=True, repr=False)
class Recost(Reported):
    """A run on its own device and on another one, `device`; both runs hold the same architectures and accuracies.

    `rank_correlation` is Spearman's for each cost over all evaluations: 1 if the device does not change their order.
    """

    device: str
    before: "Run"
    after: "Run"
    rank_correlation: dict[str, float]

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
        return report.recost_report(self)


def recost(run: "Run", backend: "str | Device") -> Recost:
    """Cost all trained evaluations of `run` on `backend`; raises `HybHanasError` as costing does."""
    from hybhanas_jupyter.hardware.devices import device

    other = replace(provenance(run), device=device(backend))
    costs = Costs(run.config, other)
    trained = tuple(evaluation for evaluation in run.evaluations if evaluation.status == "ok")
    again = tuple(replace(evaluation, **costs(evaluation.architecture)) for evaluation in trained)
    correlation = {name: _spearman(trained, again, name) for name in COSTS}
    before, after = (replace(run, evaluations=evaluations) for evaluations in (trained, again))
    return Recost(other.device.name, before, after, correlation)


def _spearman(before: tuple[Evaluation, ...], after: tuple[Evaluation, ...], name: str) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr([e.value(name) for e in before], [e.value(name) for e in after]).statistic)
