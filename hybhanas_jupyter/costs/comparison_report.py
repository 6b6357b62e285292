"""What comparisons of devices, levels and seeds show of themselves."""

from statistics import median
from typing import TYPE_CHECKING

from hybhanas_jupyter.costs.report import effective_text, success_text
from hybhanas_jupyter.formatting import Report, seconds, significant

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.comparison import Comparison, SeedStudy
    from hybhanas_jupyter.costs.quantum import QuantumCost

_HEADERS = ["device", "level", "execution", "of it routing", "two-qubit gates", "p", "effective", "usage"]


def comparison_report(comparison: "Comparison") -> Report:
    """One row for every device and level, best first, and the reasons of those refused."""
    best = comparison.best.provenance
    return Report(
        title=f"Least effective time on {best.device}, level {best.optimization_level}",
        tables=[(_HEADERS, [_row(cost) for cost in comparison.costs])],
        folded={f"Not possible ({len(comparison.refused)})": comparison.refused},
    )


def seed_report(study: "SeedStudy") -> Report:
    """Minimum, median and maximum over the seeds, and the best seed."""
    best = study.best.provenance
    rows = [
        [label, *(show(value) for value in _spread(study.values(name)))]
        for label, name, show in (
            ("effective time", "effective_time", seconds),
            ("execution time", "execution_time", seconds),
            ("success probability", "success_probability", significant),
            ("two-qubit gates", "physical_two_qubit_gates", "{:g}".format),
        )
    ]
    return Report(
        title=f"{len(study.costs)} transpiler seeds on {best.device}: seed {best.seed} is the best",
        tables=[(["over the seeds", "min", "median", "max"], rows)],
    )


def _row(cost: "QuantumCost") -> list[object]:
    source = cost.provenance
    times = [seconds(cost.execution_time), seconds(cost.routing_time), cost.physical.two_qubit]
    totals = [success_text(cost), effective_text(cost), seconds(cost.usage_time)]
    return [source.device, source.optimization_level, *times, *totals]


def _spread(values: list[float]) -> tuple[float, float, float]:
    return values[0], median(values), values[-1]
