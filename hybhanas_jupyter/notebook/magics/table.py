"""The circuits of a cell times the devices of its options: what a magic computes, shows and keeps."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import BudgetError, CircuitError
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.formatting import Report, Reported, plain, seconds
from hybhanas_jupyter.notebook.magics.cells import Calls, arguments_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.costs.comparison import SeedStudy
    from hybhanas_jupyter.costs.expectation import ExpectationCost
    from hybhanas_jupyter.costs.quantum import QuantumCost
    from hybhanas_jupyter.costs.training_cost import TrainingCost
    from hybhanas_jupyter.costs.workload import Workload
    from hybhanas_jupyter.hardware.devices import Device

_WHY = (
    "a provider counts every execution, those that mitigation adds too, the delay after each and what starts a job",
    "the effective time counts gates alone: those of so many valid shots, repeated where errors spoil one",
)
_TRAINING = ("executions", "jobs", "quantum_time", "usage_time")


@dataclass(frozen=True)
class CostRow:
    """The cost of one circuit on one device, and what else was asked for.

    That may be the study whose best seed it is, the training, and what noise leaves of observables.
    """

    circuit: str
    cost: "QuantumCost"
    training: "TrainingCost | None" = None
    study: "SeedStudy | None" = None
    expectation: "ExpectationCost | None" = None

    @property
    def device(self) -> str:
        """The device's name."""
        return self.cost.provenance.device

    @property
    def time(self) -> float:
        """What a budget limits: the quantum time of the training, or the effective time of a shot."""
        return self.training.quantum_time if self.training else self.cost.effective_time

    @property
    def log_time(self) -> float:
        """What devices are ranked by: the logarithm of the median seed's time, which compares where times overflow."""
        return (self.study.median if self.study else self.cost).log_effective_time

    def overlaps(self, other: "CostRow") -> bool:
        """Whether the seeds' ranges of effective times have something in common."""
        if self.study is None or other.study is None:
            return False
        (low, high), (other_low, other_high) = self.study.span, other.study.span
        return low <= other_high and other_low <= high

    def seed_times(self) -> tuple[float, ...]:
        """Median and maximum of the effective times over the seeds; () without a study."""
        times = self.study.values("effective_time") if self.study else []
        return (median(times), times[-1]) if times else ()

    def to_dict(self) -> dict[str, Any]:
        """Names, all figures of the cost and, with the prefix training_, of the training; times in seconds."""
        source = self.cost.provenance
        settings = {name: getattr(source, name) for name in ("model", "optimization_level", "seed", "shots")}
        date = source.calibration_date.isoformat() if source.calibration_date else None
        training = {f"training_{name}": getattr(self.training, name) for name in _TRAINING} if self.training else {}
        spread = dict(zip(("effective_time_median", "effective_time_maximum"), self.seed_times(), strict=False))
        names = {"circuit": self.circuit, "device": self.device, "calibration_date": date}
        values = {"expectation_time": self.expectation.expectation_time} if self.expectation else {}
        return {**names, **settings, **self.cost.to_dict(), **spread, **training, **values}


@dataclass(frozen=True, repr=False)
class CostTable(Reported):
    """The costs of several circuits or on several devices; `refused` says why others could not be costed."""

    rows: tuple[CostRow, ...]
    refused: tuple[str, ...] = ()

    @property
    def result(self) -> "QuantumCost | TrainingCost | SeedStudy | ExpectationCost | CostTable":
        """What was asked for itself where that is only one thing of one circuit on one device."""
        only = self.rows[0]
        asked: list[Any] = [part for part in (only.training, only.study, only.expectation) if part is not None]
        several = len(self.rows) + len(self.refused) > 1 or len(asked) > 1
        return self if several else (asked or [only.cost])[0]

    def is_cheapest(self, row: CostRow) -> bool:
        """Whether no other device runs the circuit of this row in less effective time; False without another one.

        With several seeds their median counts.
        """
        others = self._others(row)
        return bool(others) and all(row.log_time < other.log_time for other in others)

    def mark(self, row: CostRow) -> str:
        """Whether it is the cheapest, and whether what it is ahead or behind by is within the range of the seeds.

        The hardware model's intervals widen that range.
        """
        others = self._others(row)
        best = min([row, *others], key=lambda each: each.log_time)
        rest = others if row is best else [best]
        if row.study and any(row.overlaps(other) for other in rest):
            within = "within the intervals" if row.cost.success_interval else "within the seeds"
            return f"cheapest, {within}" if row is best else within
        return "cheapest" if self.is_cheapest(row) else ""

    def _others(self, row: CostRow) -> list[CostRow]:
        return [other for other in self.rows if other.circuit == row.circuit and other is not row]

    def check_budget(self, limit: float) -> None:
        """Raise `BudgetError` if the `time` of a row is above `limit` seconds, or not known under a finite limit."""
        above = [f"{row.circuit} on {row.device} takes {seconds(row.time)}" for row in self.rows if row.time > limit]
        if above:
            raise BudgetError(f"{'; '.join(above)}: above the limit of {seconds(limit)}.")
        if self.refused and limit < inf:
            raise BudgetError(self.refused[0])

    def save(self, path: Path) -> None:
        """Write the data as .json (a list) or .csv, one record a row."""
        if path.suffix == ".csv":
            write_text(path, self.to_csv())
        else:
            write_text(path, json.dumps(plain(self._records()), indent=1, allow_nan=False) + "\n")

    def to_dict(self) -> dict[str, Any]:
        """{"rows": one dict for each row}."""
        return {"rows": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [row.to_dict() for row in self.rows]

    def figure(self, *, theme: str = "light") -> "Figure":
        """The parts of every row's effective time as stacked bars (matplotlib), for `theme` "light" or "dark"."""
        from hybhanas_jupyter.plots.breakdown import draw_parts

        return draw_parts(self._report().bars, theme=theme, title="")

    def _report(self) -> Report:
        headers = ["circuit", "device", "execution", "routing", "effective", "success", "2q gates", "usage"]
        headers += ["best seed", "median", "maximum"] if self.rows[0].study else []
        headers += ["training", "training usage"] if self.rows[0].training else []
        headers += ["an expectation value"] if self.rows[0].expectation else []
        cells = [
            [*_cost_cells(row.cost), *_seed_cells(row), *_training_cells(row), *_value_cells(row)] for row in self.rows
        ]
        rows = [[row.circuit, row.device, *values] for row, values in zip(self.rows, cells, strict=True)]
        marks = [self.mark(row) for row in self.rows]
        if any(marks):
            headers.append("")
            rows = [[*row, mark] for row, mark in zip(rows, marks, strict=True)]
        sources = [row.cost.provenance for row in self.rows]
        warnings = dict.fromkeys(f"{source.device}: {text}" for source in sources for text in source.own_warnings)
        devices = dict.fromkeys(f"{source.device}: {text}" for source in sources for text in source.device_warnings)
        folded = {
            f"Not costed ({len(self.refused)})": self.refused,
            f"Warnings ({len(warnings)})": list(warnings),
            "About the devices": list(devices),
        }
        bars = {f"{row.circuit} on {row.device}": row.cost.parts for row in self.rows}
        return Report("", [(headers, rows)], bars, folded)


def _cost_cells(cost: "QuantumCost") -> Sequence[str]:
    times = seconds(cost.execution_time), seconds(cost.routing_time), cost.effective_text
    return *times, cost.success_text, str(cost.physical.two_qubit), seconds(cost.usage_time)


def _seed_cells(row: CostRow) -> Sequence[str]:
    return (str(row.cost.provenance.seed), *map(seconds, row.seed_times())) if row.study else ()


def _training_cells(row: CostRow) -> Sequence[str]:
    return (seconds(row.training.quantum_time), seconds(row.training.usage_time)) if row.training else ()


def _value_cells(row: CostRow) -> Sequence[str]:
    return (seconds(row.expectation.expectation_time),) if row.expectation else ()


@dataclass(frozen=True)
class Settings:
    """What the options, or else the notebook's defaults, say; the names are those of the options."""

    shots: int
    level: int
    seed: int
    model: str
    seeds: int | None
    samples: int | None
    epochs: int | None
    batch_size: int | None
    precision: float | None
    resilience: int | None
    mode: str | None
    observables: list[str] | None


@dataclass(frozen=True, repr=False)
class UsageTable(Reported):
    """What the provider of each device counts for each circuit under its default options, beside the effective time."""

    table: CostTable
    workloads: "tuple[Workload, ...]"

    def to_dict(self) -> dict[str, Any]:
        """{"workloads": one dict for each circuit and device}."""
        return {"workloads": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [workload.to_dict() for workload in self.workloads]

    def _report(self) -> Report:
        headers = ["circuit", "device", "executions", "QPU", "jobs", "delays", "circuits", "valid shots"]
        rows = [_usage_row(row, load) for row, load in zip(self.table.rows, self.workloads, strict=True)]
        notes = dict.fromkeys(f"{load.device}: {note}" for load in self.workloads for note in load.notes)
        only = self.workloads[0]
        run = f"{only.primitive.capitalize()}, {only.requested_shots:,} shots, as a {only.mode}"
        folded = {"Why more than the effective time": _WHY, f"Notes ({len(notes)})": list(notes)}
        return Report(f"What your provider counts: {run}", [(headers, rows)], folded=folded)


def _usage_row(row: CostRow, load: "Workload") -> Sequence[str]:
    parts = [load.usage_parts[name] for name in ("jobs", "delays", "circuits")]
    valid = load.requested_shots * row.cost.effective_time
    return row.circuit, row.device, f"{load.executions:,}", *map(seconds, (load.usage_time, *parts, valid))


def usage_table(
    table: CostTable, circuits: Mapping[str, Any], devices: "Iterable[Device]", settings: Settings, calls: Calls
) -> UsageTable:
    """Every circuit of `table` as its provider counts it: an Estimator's of Z on all qubits, or a Sampler's.

    A circuit that measures is a Sampler's; `--precision` and `--resilience` are an Estimator's.
    """
    named = {device.name: device for device in devices}
    loads = [
        _load(circuits[row.circuit], named[row.device], row.cost.provenance.seed, settings, calls) for row in table.rows
    ]
    return UsageTable(table, tuple(loads))


def _load(circuit: Any, device: "Device", seed: int, settings: Settings, calls: Calls) -> "Workload":
    from hybhanas_jupyter.circuits.readers import to_circuit
    from hybhanas_jupyter.costs.workload import workload

    logical = to_circuit(circuit, arguments_of(circuit, calls))
    values = [[0.0] * logical.num_parameters] if logical.num_parameters else []
    common: dict[str, Any] = {"optimization_level": settings.level, "seed": seed}
    common |= {"mode": settings.mode} if settings.mode else {}
    if settings.precision is None and settings.resilience is None and "measure" in logical.count_ops():
        return workload([(logical, *values)], device, primitive="sampler", shots=settings.shots, **common)
    options: dict[str, Any] = {} if settings.resilience is None else {"resilience_level": settings.resilience}
    options |= {"default_shots": settings.shots} if settings.precision is None else {}
    pub = (logical, "Z" * logical.num_qubits, *values)
    return workload([pub], device, options, primitive="estimator", precision=settings.precision, **common)


def cost_table(circuits: Mapping[str, Any], devices: "Iterable[Device]", settings: Settings, calls: Calls) -> CostTable:
    """Cost every circuit on every device; what cannot be costed is refused with its reason.

    Several devices are compared by several seeds unless `--seeds` says how many, as one seed ranks them by chance.
    Raises `CircuitError` with the first reason if nothing can be costed.
    """
    from hybhanas_jupyter.costs.comparison import SEEDS

    rows, refused, devices = [], [], list(devices)
    if settings.seeds is None and len(devices) > 1:
        settings = replace(settings, seeds=SEEDS)
    for name, circuit in circuits.items():
        for device in devices:
            try:
                rows.append(_row(name, circuit, device, settings, calls))
            except CircuitError as error:
                refused.append(f"{name}: {error}")
    if not rows:
        raise CircuitError(refused[0])
    return CostTable(tuple(rows), tuple(refused))


def _row(name: str, circuit: Any, device: "Device", settings: Settings, calls: Calls) -> CostRow:
    from hybhanas_jupyter.costs.comparison import seed_study
    from hybhanas_jupyter.costs.expectation import expectation_cost
    from hybhanas_jupyter.costs.quantum import quantum_cost
    from hybhanas_jupyter.costs.training_cost import training_cost

    common: dict[str, Any] = {
        "shots": settings.shots,
        "optimization_level": settings.level,
        "model": settings.model,
        "arguments": arguments_of(circuit, calls),
    }
    seed, study, training = settings.seed, None, None
    if settings.seeds:
        study = seed_study(circuit, device, range(seed, seed + settings.seeds), **common)
        seed = study.best.provenance.seed
    if settings.samples:
        run: dict[str, Any] = {"samples": settings.samples, "epochs": settings.epochs}
        if settings.batch_size:
            run["batch_size"] = settings.batch_size
        training = training_cost(circuit, device, seed=seed, **run, **common)
    expectation = None
    if settings.observables:
        given = "Z" if settings.observables == ["Z"] else settings.observables
        wanted: dict[str, Any] = {} if settings.precision is None else {"precision": settings.precision}
        expectation = expectation_cost(circuit, device, given, seed=seed, **wanted, **common)
    return CostRow(name, quantum_cost(circuit, device, seed=seed, **common), training, study, expectation)
