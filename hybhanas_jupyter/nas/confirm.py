"""A front trained again with other seeds, and on unseen images. Stands alone: it trains, as a search does."""

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.data import Dataset, Source
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.nas.analysis import wilson
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.executors import open_executor
from hybhanas_jupyter.nas.on_device import DeviceReading, OnDevice
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.store import Archive, built
from hybhanas_jupyter.nas.tasks import Outcome, Task, trained_as

if TYPE_CHECKING:
    from hybhanas_jupyter.models.hybrid import HybridNet


@dataclass(frozen=True)
class Confirmed:
    """A candidate and its repeats.

    - `repeats`: validation accuracies of trainings with other seeds; NaN for one that failed
    - `test`: accuracy of the network that the search found on `test_samples` test images; NaN without a test part
    - `repeated_tests`: those of the repeats
    """

    evaluation: Evaluation
    repeats: tuple[float, ...]
    test: float
    repeated_tests: tuple[float, ...]
    test_samples: int

    @property
    def mean(self) -> float:
        """Mean validation accuracy of the repeats that did not fail; NaN without one."""
        return _mean(self.repeats)

    @property
    def spread(self) -> float:
        """Standard deviation of the repeats' validation accuracies; NaN for fewer than two."""
        finite = _finite(self.repeats)
        return stdev(finite) if len(finite) > 1 else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Where the test accuracy lies with 95 % probability, by Wilson's score (low, high)."""
        return wilson(self.test, self.test_samples)


@dataclass(frozen=True, repr=False)
class Confirmation(Reported):
    """The members of a front, each trained `seeds` times again."""

    seeds: int
    rows: tuple[Confirmed, ...]

    @property
    def rank_correlation(self) -> float:
        """Spearman's, of the accuracies as found and the repeats' means: 1 if ranks hold; NaN for fewer than three."""
        from scipy.stats import spearmanr

        pairs = [(row.evaluation.accuracy, row.mean) for row in self.rows if math.isfinite(row.mean)]
        return float(spearmanr(*zip(*pairs, strict=True)).statistic) if len(pairs) > 2 else math.nan

    @property
    def optimism(self) -> float:
        """By how much the accuracies as found are above the repeats' in the mean: what choosing the best has added."""
        return _mean([row.evaluation.accuracy - row.mean for row in self.rows])

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for JSON."""
        figures = {name: getattr(self, name) for name in ("seeds", "rank_correlation", "optimism")}
        return {**figures, "candidates": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [
            {
                "number": row.evaluation.number,
                "architecture": row.evaluation.architecture.label,
                "accuracy": row.evaluation.accuracy,
                "repeated_mean": row.mean,
                "repeated_spread": row.spread,
                "failed": len(row.repeats) - len(_finite(row.repeats)),
                "test_accuracy": row.test,
                "test_low": row.interval[0],
                "test_high": row.interval[1],
                "repeated_test_mean": _mean(row.repeated_tests),
            }
            for row in self.rows
        ]

    def _report(self) -> Report:
        return _confirmation_report(self)


def confirm(
    archive: Archive, config: SearchConfig, front: Sequence[Evaluation], source: Dataset | Source | None, seeds: int
) -> Confirmation:
    """Train the networks of `front` again with `seeds` other seeds, where `config.workers` says, and test them all.

    Raises `ConfigError` for a negative number of seeds, `DataError` if the data are not the run's.
    """
    if seeds < 0:
        raise ConfigError(f"seeds is {seeds}: it must be 0 or more.")
    kept, data = archive.provenance(), source if isinstance(source, Dataset) else config.load_data(source)
    kept.data.check(DataInfo.of(data))
    on_device = OnDevice(kept.device, config.cost_options, config.seed)

    def expected(architecture: Architecture) -> DeviceReading:
        return on_device.expected(architecture.ansatz)

    with open_executor(config, data, None, lambda: False) as submit:
        again = {
            (e.number, i): submit(Task.of(config, trained_as(config, e.architecture), expected, i))
            for e in front
            for i in range(1, seeds + 1)
        }
        outcomes = {key: _outcome(future) for key, future in again.items()}

    def confirmed(evaluation: Evaluation) -> Confirmed:
        repeats = [outcomes[evaluation.number, i] for i in range(1, seeds + 1)]
        nets = [built(evaluation.architecture, r.weights, kept.data) if r.status == "ok" else None for r in repeats]
        tests = tuple(_tested(net, data) for net in nets)
        test = _tested(archive.network(evaluation), data)
        return Confirmed(evaluation, tuple(r.accuracy for r in repeats), test, tests, len(data.x_test))

    return Confirmation(seeds, tuple(map(confirmed, front)))


def _outcome(future: "Future[Outcome]") -> Outcome:
    try:
        return future.result()
    except Exception as error:  # a dead worker or its time limit: as a candidate's training fails in a search
        return Outcome("failed", str(error) or type(error).__name__)


def _tested(net: "HybridNet | None", data: Dataset) -> float:
    """The network's accuracy on the test images; NaN without one or the other."""
    import torch

    from hybhanas_jupyter.models.fit import VALIDATION_BATCH, one_thread

    if net is None or not len(data.x_test):
        return math.nan
    with torch.no_grad(), one_thread():
        net.eval()
        guesses = torch.cat([net(batch).argmax(1) for batch in torch.from_numpy(data.x_test).split(VALIDATION_BATCH)])
    return float((guesses.numpy() == data.y_test).mean())


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _mean(values: Sequence[float]) -> float:
    finite = _finite(values)
    return fmean(finite) if finite else math.nan


def _confirmation_report(found: Confirmation) -> Report:
    """Accuracies as found and again, and how far ranks hold."""

    def text(value: float) -> str:
        return f"{value:.1%}" if math.isfinite(value) else "-"

    rows = []
    for row in found.rows:
        again = f"{text(row.mean)} \u00b1 {text(row.spread)}"
        test = f"{text(row.test)} ({text(row.interval[0])} to {text(row.interval[1])})" if row.test_samples else "-"
        architecture = row.evaluation.architecture.label
        rows.append([architecture, text(row.evaluation.accuracy), again, test, text(_mean(row.repeated_tests))])
    headers = [
        "Architecture",
        "Validation, found",
        f"Validation, {found.seeds} other seeds",
        "Test, found (95 %)",
        "Test",
    ]
    ranks = f"ranks hold with {found.rank_correlation:.2f} (Spearman)" if found.rows else "no candidates"
    notes = [] if any(row.test_samples for row in found.rows) else ["no test part: search with test_share=0.2"]
    title = f"The front again: found {found.optimism:+.1%} above the repeats' mean, {ranks}"
    return Report(title, [(headers, rows)] if rows else [], folded={"Notes": notes})
