"""What real devices did beside what the models say: recorded runs, and the user's own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.costs import own_runs
from hybhanas_jupyter.costs.expectation import expectation_cost
from hybhanas_jupyter.costs.hardware_jobs import ClockCheck, clock_checks, clock_table, recorded
from hybhanas_jupyter.costs.hardware_model import (
    SCALE,
    SHARE,
    SuccessScale,
    exposure,
    losses_on_hardware,
    success_interval,
)
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.errors import DataError, shown
from hybhanas_jupyter.formatting import PART_COLOURS, Report, Reported
from hybhanas_jupyter.hardware.devices import device

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.hardware.devices import Backend

_WIT = ("wit_{num_qubits}.qasm", "IZIIIII")  # its circuit, and what it measures: -<Z>
_CIRCUITS = {  # benchmark -> the files of its circuits, by the parameters of a run
    "QML Kernel": "qml_kernel_{num_qubits}.qasm",
    "Mirror Circuits": "mirror_{width}x{num_layers}_*.qasm",
}


def calibrate_success(
    results: "Iterable[tuple[Any, float] | Mapping[str, Any]]",
    backend: "Backend",
    *,
    optimization_level: int = 2,
    seed: int = 0,
) -> SuccessScale:
    """Fit the hardware model to your own results on `backend`, and use that for it from then on.

    - `results`: pairs (circuit, share of shots with the right result), or dictionaries with `circuit` and `success`;
      of circuits with one right result, such as mirror circuits, or kernels of equal inputs
    - `optimization_level`, `seed`: as they were compiled

    It is kept beside the device profile, in the user's cache, shared by a fake backend and its device, and named in a
    cost's warnings; `forget_runs(backend)` takes it away. Raises `DataError` for results that are no shares.
    Source: docs/cost_model.md, "Real devices".
    """
    pairs = [_pair(result, f"result {number}") for number, result in enumerate(results, start=1)]
    if not pairs:
        raise DataError("There are no results: give pairs of a circuit and its share of right results.")
    target = device(backend)
    known = own_runs.own_runs(target.calibration).success
    predicted, measured = [], []
    for circuit, share in pairs:
        cost = quantum_cost(circuit, target, optimization_level=optimization_level, seed=seed, model="hardware")
        losses = cost.log_success_probability + cost.log_readout_success_probability
        chance = 2.0 ** -len(cost.measured_qubits)
        predicted.append(float(np.exp(losses / (known.factor if known else 1.0))))
        measured.append((share - chance) / (1 - chance))
    scale = SuccessScale.fit(target.name, predicted, measured)
    own_runs.keep(target.calibration, success=scale)
    return scale


def _pair(result: Any, which: str) -> tuple[Any, float]:
    circuit, share = (result["circuit"], result["success"]) if isinstance(result, Mapping) else result
    if not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise DataError(f"{which} has success = {shown(share)}: give the share of right results, 0 to 1.")
    return circuit, float(share)


@dataclass(frozen=True)
class HardwareRun:
    """A recorded run: measured share of right results, and what the calibration says of its circuits.

    `losses` are -ln(success) by the calibration, readout included, `exposed` the exposure of the qubits, `usual` the
    product of 1 - error of all gates and readouts, the usual ESP; means over the circuits of the benchmark. Of "WIT"
    the measured value is -<Z> of a qubit, and the losses are those of this expectation value.
    """

    device: str
    benchmark: str
    circuit: str
    measured: float
    losses: float
    exposed: float
    usual: float


@dataclass(frozen=True, repr=False)
class HardwareCheck(Reported):
    """Predicted shares of right results beside those that real devices measured, each device left out of the fit.

    `predicted` and `intervals` (90 %) go with `runs`; `clocks` judge the seconds of jobs alike.
    """

    runs: tuple[HardwareRun, ...]
    predicted: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    clocks: tuple[ClockCheck, ...] = ()

    @cached_property
    def figures(self) -> dict[str, dict[str, float]]:
        """By benchmark: rank correlation and mean error, ours, calibrated and usual ESP; coverage and width."""
        names = dict.fromkeys(run.benchmark for run in self.runs)
        return {name: self._figures([i for i, run in enumerate(self.runs) if run.benchmark == name]) for name in names}

    def _figures(self, which: Sequence[int]) -> dict[str, float]:
        from scipy.stats import spearmanr

        measured = np.array([self.runs[i].measured for i in which])
        estimates = {
            "hardware": np.array([self.predicted[i] for i in which]),
            "calibrated": np.exp([-self.runs[i].losses for i in which]),
            "usual ESP": np.array([self.runs[i].usual for i in which]),
        }
        intervals = np.array([self.intervals[i] for i in which])
        figures = {"runs": float(len(which))}
        for name, values in estimates.items():
            figures[f"{name}: Spearman"] = float(spearmanr(values, measured).statistic)
            figures[f"{name}: mean error"] = float(np.mean(abs(values - measured)))
            figures[f"{name}: bias"] = float(np.mean(values - measured))
        inside = (measured >= intervals[:, 0]) & (measured <= intervals[:, 1])
        return {**figures, "coverage": float(np.mean(inside)), "width": float(np.mean(np.diff(intervals)))}

    def to_dict(self) -> dict[str, Any]:
        """The figures of success and of clocks, and every run with its prediction."""
        clocks = {check.clock: check.figures() for check in self.clocks}
        return {"figures": self.figures, "clocks": clocks, "runs": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [
            {**vars(run), "predicted": predicted, "low": low, "high": high}
            for run, predicted, (low, high) in zip(self.runs, self.predicted, self.intervals, strict=True)
        ]

    def figure(self) -> "Figure":
        """Predicted share with its interval over the measured one, a mark for each benchmark; drawn without pyplot."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5.5, 5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.axline((0, 0), slope=1, color="0.6", linewidth=1, label="equal")
        marks = zip(self.figures, ("o", "s", "^"), (PART_COLOURS[0], PART_COLOURS[2], PART_COLOURS[4]), strict=False)
        for name, mark, colour in marks:
            records = [record for record in self._records() if record["benchmark"] == name]
            measured, predicted, low, high = (
                np.array([record[key] for record in records]) for key in ("measured", "predicted", "low", "high")
            )
            errors = (predicted - low, high - predicted)
            axes.errorbar(
                measured, predicted, yerr=errors, fmt=mark, color=colour, markersize=4, elinewidth=0.6, label=name
            )
        axes.set(xlabel="share of right results, measured", ylabel="predicted, with 90 % interval")
        axes.legend()
        return figure

    def _report(self) -> Report:
        rows = [
            [f"{name}, {figures['runs']:.0f} runs", estimate]
            + [f"{figures[f'{estimate}: {figure}']:.3f}" for figure in ("Spearman", "mean error", "bias")]
            for name, figures in self.figures.items()
            for estimate in ("hardware", "calibrated", "usual ESP")
        ]
        held = [
            [name, f"{figures['coverage']:.0%}", f"{figures['width']:.2f}"] for name, figures in self.figures.items()
        ]
        return Report(
            "Share of right results on real devices, each left out of the fit",
            [
                (["benchmark", "estimate", "Spearman", "mean error", "bias"], rows),
                (["90 % intervals", "hold", "mean width"], held),
                *([clock_table(self.clocks)] if self.clocks else []),
            ],
            folded={"By device: mean error": self._by_device()},
        )

    def _by_device(self) -> list[str]:
        errors: dict[str, list[float]] = {}
        for run, predicted in zip(self.runs, self.predicted, strict=True):
            errors.setdefault(f"{run.device}, {run.benchmark}", []).append(predicted - run.measured)
        return [
            f"{name}: {fmean(map(abs, found)):.3f}, bias {fmean(found):+.3f}, {len(found)} runs"
            for name, found in sorted(errors.items())
        ]


def hardware_check(
    folder: str | Path, *, optimization_level: int = 2, seed: int = 0, clocks: bool = True
) -> HardwareCheck:
    """Fit and judge the hardware model on recorded runs, each device left out of the fit that judges it.

    With `clocks`, the usage clocks on recorded jobs too.
    """
    runs = recorded_runs(folder, optimization_level=optimization_level, seed=seed)
    predicted = np.empty(len(runs))
    devices = np.array([run.device for run in runs])
    states = [run for run in runs if run.benchmark in _CIRCUITS]
    for name in dict.fromkeys(devices):
        left = [run for run in states if run.device != name]
        scale, share = fit_losses(left) if left else (SCALE, SHARE)
        for i in np.flatnonzero(devices == name):
            run = runs[i]
            fitted = run.benchmark in _CIRCUITS
            losses = losses_on_hardware(run.losses, run.exposed, scale, share) if fitted else run.losses
            predicted[i] = np.exp(-losses)
    intervals = tuple(success_interval(p) for p in predicted.tolist())
    return HardwareCheck(runs, tuple(predicted.tolist()), intervals, clock_checks(folder) if clocks else ())


def fit_losses(runs: Sequence[HardwareRun]) -> tuple[float, float]:
    """SCALE and SHARE of the hardware model with the least robust error, every device of the same weight."""
    from scipy.optimize import least_squares

    losses, exposed, measured = (np.array([getattr(run, n) for run in runs]) for n in ("losses", "exposed", "measured"))
    devices = [run.device for run in runs]
    weights = np.array([devices.count(name) ** -0.5 for name in devices])

    def errors(constants: np.ndarray) -> np.ndarray:
        return weights * (np.exp(-constants[0] * (losses / exposed) ** constants[1] * exposed) - measured)

    fit = least_squares(errors, (1.0, 0.5), bounds=((0, 0), (9, 1)), loss="soft_l1", f_scale=0.1)
    return float(fit.x[0]), float(fit.x[1])


def recorded_runs(folder: str | Path, *, optimization_level: int = 2, seed: int = 0) -> tuple[HardwareRun, ...]:
    """Runs of QML kernels and mirror circuits in `folder` whose devices have a fake backend.

    Raises `DataError` where the folder holds none.
    """
    made: dict[tuple[str, str], tuple[float, float, float]] = {}
    runs = []
    for run in recorded(folder):
        if run["benchmark"] == "WIT":
            runs.append(_wit_run(run, Path(folder), optimization_level, seed))
        elif run["benchmark"] in _CIRCUITS and run["score"] is not None:
            name = _CIRCUITS[run["benchmark"]].format(**run["params"])
            key = (run["device"].replace("ibm_", "fake_"), name)
            if key not in made:
                files = sorted((Path(folder) / "circuits").glob(name))
                made[key] = _estimates(key[0], files, optimization_level, seed)
            runs.append(HardwareRun(run["device"], run["benchmark"], name, run["score"], *made[key]))
    return tuple(runs)


def _wit_run(run: Mapping[str, Any], folder: Path, optimization_level: int, seed: int) -> HardwareRun:
    """-<Z> by the expectation model: nothing is fitted to it."""
    name = _WIT[0].format(**run["params"])
    text = (folder / "circuits" / name).read_text(encoding="utf-8")
    fake = run["device"].replace("ibm_", "fake_")
    cost = expectation_cost(text, fake, _WIT[1], optimization_level=optimization_level, seed=seed)
    value = -float(cost.noisy()[0])
    _, exposed, usual = _estimates(fake, [folder / "circuits" / name], optimization_level, seed)
    return HardwareRun(run["device"], "WIT", name, run["score"], -log(max(value, 1e-300)), exposed, usual)


def _estimates(name: str, files: Sequence[Path], optimization_level: int, seed: int) -> tuple[float, float, float]:
    """Means of losses, exposure and usual ESP over the circuits."""
    target = device(name)
    data = target.calibration.gate_data
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        cost = quantum_cost(text, target, optimization_level=optimization_level, seed=seed)
        losses = -(cost.log_success_probability + cost.log_readout_success_probability)
        physical = cost.physical_circuit
        index = {qubit: i for i, qubit in enumerate(physical.qubits)}
        gates = [
            (g.name, tuple(index[q] for q in g.qubits)) for g in physical.data if g.name not in ("barrier", "delay")
        ]
        usual = float(np.prod([1 - data[gate].error for gate in gates])) * cost.readout_success_probability
        timed = {qubit for gate in gates if data[gate].duration for qubit in gate[1]}
        exposed = exposure(timed, cost.execution_time + cost.readout_time, target.calibration)
        found.append((losses, exposed, usual))
    return tuple(fmean(column) for column in zip(*found, strict=True))  # type: ignore[return-value]
