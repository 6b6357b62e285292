"""One circuit on many devices, levels and seeds: hardware selection and compiler evaluation in one table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.readers import to_circuit
from hybhanas_jupyter.costs.options import CostOptions, check_whole
from hybhanas_jupyter.costs.quantum import QuantumCost, quantum_cost_of
from hybhanas_jupyter.errors import CircuitError, DeviceError, UnknownNameError
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant
from hybhanas_jupyter.hardware.devices import Device, device, devices

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from qiskit import QuantumCircuit

    from hybhanas_jupyter.hardware.devices import Backend

SEEDS = 5  # of each comparison: one seed alone ranks devices by chance
_HEADERS = ["rank", "device", "level", "execution", "of it routing", "two-qubit gates", "p", "effective", "usage"]


@dataclass(frozen=True, repr=False)
class Comparison(Reported):
    """Costs of one circuit, the least effective time first; `refused` has one line for each that is not possible.

    Each of `costs` is the median of its study in `studies`, of the compiler's seeds. Where their ranges of effective
    time overlap, which the intervals of the hardware model widen, devices are not told apart: they share a rank.
    """

    costs: tuple[QuantumCost, ...]
    refused: tuple[str, ...]
    studies: "tuple[SeedStudy, ...]" = ()

    @property
    def best(self) -> QuantumCost:
        """The cost with the least effective time."""
        return self.costs[0]

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """(least, most) effective time of each cost."""
        return tuple(study.span for study in self.studies or map(_alone, self.costs))

    @property
    def ranks(self) -> tuple[int, ...]:
        """Of each cost: 1 and how many are better for certain, their whole range below its own."""
        ranges = self.ranges
        return tuple(1 + sum(other[1] < own[0] for other in ranges) for own in ranges)

    @property
    def tied(self) -> tuple[str, ...]:
        """Devices and levels that are not told apart from the best."""
        level = len({cost.provenance.optimization_level for cost in self.costs}) > 1
        return tuple(
            cost.provenance.device + (f", level {cost.provenance.optimization_level}" if level else "")
            for cost, (low, _) in zip(self.costs[1:], self.ranges[1:], strict=True)
            if low <= self.ranges[0][1]
        )

    def to_dict(self) -> dict[str, Any]:
        """All costs, and the reasons of those refused."""
        return {"costs": self._records(), "refused": list(self.refused)}

    def _records(self) -> list[dict[str, Any]]:
        settings = ("device", "optimization_level", "seed")
        return [
            {
                "rank": rank,
                **{name: getattr(cost.provenance, name) for name in settings},
                **cost.to_dict(),
                "effective_time_least": low,
                "effective_time_most": high,
            }
            for cost, rank, (low, high) in zip(self.costs, self.ranks, self.ranges, strict=True)
        ]

    def figure(self, *, theme: str = "light") -> "Figure":
        """The parts of every cost as stacked bars (matplotlib), for `theme` "light" or "dark"."""
        from hybhanas_jupyter.plots.breakdown import draw_parts

        return draw_parts(self._bars(), theme=theme, title=self._report().title)

    def _bars(self) -> dict[str, dict[str, float]]:
        return {f"{c.provenance.device}, level {c.provenance.optimization_level}": c.parts for c in self.costs}

    def _report(self) -> Report:
        best, several = self.best.provenance, len(self.studies[0].costs) if self.studies else 1
        spread = f"over {several} seeds" if several > 1 else "interval"
        shown = several > 1 or any(low < high for low, high in self.ranges)
        rows = [
            [rank, *_row(cost), *([" to ".join(map(seconds, ends))] if shown else [])]
            for cost, rank, ends in zip(self.costs, self.ranks, self.ranges, strict=True)
        ]
        tied = f"; not told apart from it: {_listed(self.tied)}" if self.tied else ""
        return Report(
            title=f"Least effective time on {best.device}, level {best.optimization_level}{tied}",
            tables=[([*_HEADERS, *([f"effective, {spread}"] if shown else [])], rows)],
            folded={f"Not possible ({len(self.refused)})": self.refused},
        )


@dataclass(frozen=True, repr=False)
class SeedStudy(Reported):
    """Costs of one circuit on one device under several transpiler seeds, the least effective time first."""

    costs: tuple[QuantumCost, ...]

    @property
    def best(self) -> QuantumCost:
        """The cost with the least effective time; `best.provenance.seed` is its seed."""
        return self.costs[0]

    @property
    def median(self) -> QuantumCost:
        """The cost in the middle: as many seeds are better as are worse, or one more of them."""
        return self.costs[len(self.costs) // 2]

    @property
    def span(self) -> tuple[float, float]:
        """(least, most) effective time over the seeds, and over the intervals of success where the model has them."""
        spans = [_effective_span(cost) for cost in self.costs]
        return min(low for low, _ in spans), max(high for _, high in spans)

    def values(self, name: str) -> list[float]:
        """One figure of every cost, such as "effective_time" or "physical_two_qubit_gates", ascending."""
        return sorted(cost.to_dict()[name] for cost in self.costs)

    def to_dict(self) -> dict[str, Any]:
        """The figures of every cost by seed."""
        return {str(cost.provenance.seed): cost.to_dict() for cost in self.costs}

    def _records(self) -> list[dict[str, Any]]:
        return [{"seed": cost.provenance.seed, **cost.to_dict()} for cost in self.costs]

    def _report(self) -> Report:
        best = self.best.provenance
        rows = [
            [label, *(show(value) for value in _spread(self.values(name)))]
            for label, name, show in (
                ("effective time", "effective_time", seconds),
                ("execution time", "execution_time", seconds),
                ("success probability", "success_probability", significant),
                ("two-qubit gates", "physical_two_qubit_gates", "{:g}".format),
            )
        ]
        return Report(
            title=f"{len(self.costs)} transpiler seeds on {best.device}: seed {best.seed} is the best",
            tables=[(["over the seeds", "min", "median", "max"], rows)],
        )


def compare(
    circuit: Any,
    backends: "Iterable[Backend] | None" = None,
    optimization_levels: Sequence[int] = (2,),
    *,
    shots: int = 1000,
    seed: int = 0,
    seeds: int = SEEDS,
    model: str = "calibrated",
    arguments: Sequence[Any] = (),
    workers: int = 1,
    progress: bool = True,
) -> Comparison:
    """Cost `circuit` on every one of `backends` at every optimization level; what is refused is listed with its reason.

    - `backends`: see `device`; by default all that need no account
    - `seed`, `seeds`: each is compiled with `seeds` seeds from `seed` on; devices are ranked by the median of their
      effective times, and those whose ranges overlap share a rank
    - `workers`: above 1 processes, which take a second or two to start and live on for the next comparison: worth it
      for many devices or large circuits
    - `progress`: whether a bar is shown

    Raises `CircuitError` if nothing can be costed. See `quantum_cost` for the other parameters.
    """
    from joblib import Parallel, delayed  # type: ignore[import-untyped]  # joblib has no type stubs
    from tqdm.auto import tqdm

    check_whole("workers", workers, 1)
    check_whole("seeds", seeds, 1)
    logical = to_circuit(circuit, arguments)
    every = range(seed, seed + seeds)
    options = [CostOptions(shots, level, each, model) for level in optimization_levels for each in every]
    jobs = list(product(_all_names() if backends is None else backends, options))
    calls = (delayed(_try)(logical, *job) for job in jobs)
    results = Parallel(n_jobs=workers, return_as="generator")(calls)
    done = list(tqdm(results, total=len(jobs), desc="compilations", disable=not progress))
    studies, refused = _studies([done[i : i + seeds] for i in range(0, len(done), seeds)])
    if not studies:
        raise CircuitError(
            f"No device can run the circuit. {refused[0]}" if refused else "No device to compare is given."
        )
    return Comparison(tuple(study.median for study in studies), refused, studies)


def _studies(groups: Iterable[Sequence[QuantumCost | str]]) -> tuple[tuple[SeedStudy, ...], tuple[str, ...]]:
    """The studies of a device and level each, the least median first; of those that have refusals the first one."""
    studies, refused = [], []
    for group in groups:
        costs = [result for result in group if isinstance(result, QuantumCost)]
        reasons = [result for result in group if isinstance(result, str)]
        if reasons:
            refused.append(reasons[0])
        else:
            studies.append(SeedStudy(_ranked(costs)))
    studies.sort(key=lambda study: study.median.log_effective_time)
    return tuple(studies), tuple(refused)


def seed_study(
    circuit: Any,
    backend: "Backend",
    seeds: Sequence[int] = range(10),
    *,
    shots: int = 1000,
    optimization_level: int = 2,
    model: str = "calibrated",
    arguments: Sequence[Any] = (),
) -> SeedStudy:
    """Cost `circuit` under several transpiler seeds: the routed two-qubit count alone moves by 1.6 with the seed.

    Raises `CircuitError` without seeds. See `quantum_cost`.
    """
    options = CostOptions(shots=shots, optimization_level=optimization_level, model=model)
    return seed_study_of(to_circuit(circuit, arguments), device(backend), options, seeds)


def seed_study_of(
    circuit: "QuantumCircuit", device: Device, options: CostOptions, seeds: Sequence[int] = range(10)
) -> SeedStudy:
    """`seed_study` of a circuit and a device that are known; of `options` all but the seed counts."""
    if not seeds:
        raise CircuitError("No seeds are given: a study needs at least one, such as range(10).")
    every = [replace(options, seed=seed) for seed in seeds]
    return SeedStudy(_ranked(quantum_cost_of(circuit, device, each) for each in every))


def _ranked(costs: Iterable[QuantumCost]) -> tuple[QuantumCost, ...]:
    """Logarithms still compare where times overflow."""
    return tuple(sorted(costs, key=lambda cost: cost.log_effective_time))


def _all_names() -> list[str]:
    return [row.name for row in devices()]


def _alone(cost: QuantumCost) -> SeedStudy:
    return SeedStudy((cost,))


def _effective_span(cost: QuantumCost) -> tuple[float, float]:
    if cost.success_interval is None:
        return cost.effective_time, cost.effective_time
    low, high = cost.success_interval
    return cost.execution_time / high, cost.execution_time / low if low else inf


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _try(circuit: "QuantumCircuit", backend: "Backend", options: CostOptions) -> QuantumCost | str:
    try:
        return quantum_cost_of(circuit, device(backend), options)
    except (CircuitError, DeviceError, UnknownNameError) as error:
        return str(error)


def _row(cost: QuantumCost) -> list[object]:
    source = cost.provenance
    times = [seconds(cost.execution_time), seconds(cost.routing_time), cost.physical.two_qubit]
    totals = [cost.success_text, cost.effective_text, seconds(cost.usage_time)]
    return [source.device, source.optimization_level, *times, *totals]


def _spread(values: list[float]) -> tuple[float, float, float]:
    return values[0], median(values), values[-1]
