"""How long a provider's clock runs for a job: fitted to measured jobs, or as the provider publishes it.

    seconds = per_job + per_circuit x circuits + executions x (per_execution + time of one shot),

executions being circuits x shots. Source: docs/cost_model.md, "Clocks".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import exp, sqrt
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hybhanas_jupyter.errors import check_name
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant
from hybhanas_jupyter.hardware.calibration import DEFAULT_REP_DELAY, Calibration
from hybhanas_jupyter.hardware.vendors import vendor_of

Constant = Annotated[float, Field(ge=0)]
_CONSTANTS = ("per_job", "per_circuit", "per_execution", "per_cell")
_SCALES = np.array([1.0, 1e-2, 1e-4, 1e-7])  # seconds; what is usual of each, so that a fit treats them alike
_PRIOR = 0.01  # weight of the clock that a fit starts from, against one job: decides only what the jobs leave open
_ROBUST = 0.05  # relative error of a job beyond which it counts less and less
_ENOUGH = 20  # jobs from which the interval is read off their residuals
SECONDS_PER_JOB = 2.0  # as IBM publishes it
_LEAST_SPREAD = 0.03  # no clock is known better: repeated jobs differ by so much


class Clock(Reported, BaseModel):
    """The seconds that a provider's clock shows for a job.

    - `per_job`, `per_circuit`, `per_execution`: seconds
    - `per_cell`: seconds of a shot for each of (qubits - 1) x depth of a logical circuit whose own time is not known
    - `usual_shot`: seconds of one shot's circuit and readout where nothing is known of the circuit
    - `adds_delay`: the device's repetition delay and reset come on top of `per_execution`; `on` adds them
    - `spread`: measured seconds / these seconds, 90 % of all jobs, (low, high)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    name: str
    source: str
    per_job: Constant
    per_circuit: Constant = 0.0
    per_execution: Constant = 0.0
    per_cell: Constant = 0.0
    usual_shot: Constant = 0.0
    adds_delay: bool = False
    spread: tuple[Constant, Constant]

    def seconds(
        self,
        *,
        circuits: float = 1,
        shots: float = 1000,
        shot_time: float | None = None,
        n_qubits: int | None = None,
        depth: int | None = None,
        jobs: int = 1,
    ) -> float:
        """Seconds of `jobs` jobs with `circuits` circuits in all, each run `shots` times.

        `shot_time` are the seconds of one shot's circuit and readout; where it is not known, `n_qubits` and `depth` of
        the logical circuit stand in (on devices whose clock was fitted with them), else `usual_shot`.
        """
        if shot_time is None:
            shot_time = self.usual_shot
            if self.per_cell and n_qubits is not None and depth is not None:
                shot_time = self.per_cell * (n_qubits - 1) * depth
        executions = circuits * shots
        return jobs * self.per_job + circuits * self.per_circuit + executions * (self.per_execution + shot_time)

    def interval(self, **job: Any) -> tuple[float, float]:
        """(low, high) seconds that hold for 90 % of such jobs; `job` as in `seconds`."""
        usual = self.seconds(**job)
        return usual * self.spread[0], usual * self.spread[1]

    def on(self, calibration: Calibration, *, rep_delay: float | None = None) -> "Clock":
        """This clock with the device's own delay (or `rep_delay` seconds), reset and readout."""
        if not self.adds_delay:
            return self
        delay = calibration.repetition_delay if rep_delay is None else rep_delay
        known = {
            "per_execution": self.per_execution + delay + (calibration.reset or 0.0),
            "usual_shot": self.usual_shot + calibration.usual_readout,
            "adds_delay": False,
        }
        return self.model_copy(update=known)

    def to_dict(self) -> dict[str, Any]:
        """All constants by name, in seconds."""
        return self.model_dump()

    def _report(self) -> Report:
        low, high = self.spread
        delay = " + delay" if self.adds_delay else ""
        rows = [
            ["a job", seconds(self.per_job)],
            ["a circuit", seconds(self.per_circuit)],
            ["an execution", seconds(self.per_execution) + delay],
            ["a usual circuit's shot", seconds(self.usual_shot)],
            ["measured / these, 90 %", f"{significant(low)} to {significant(high)}"],
        ]
        return Report(f"{self.name} clock", [(["clock", "seconds"], rows)], folded={"Source": [self.source]})


# 113 jobs of five devices (metriq-data 76b4640, CC BY 4.0), benchmarks/hardware_usage.py: without the device in
# question 85 % within 20 %, median error 2 %. The rest waited, as they were sent seconds after another job.
_IBM = Clock(
    name="IBM measured",
    source="fitted to 113 jobs on IBM's devices, metriq-data",
    per_job=0.906,
    per_execution=13.5e-6,
    adds_delay=True,
    spread=(0.94, 1.9),
)
# IBM's guide "Workload usage" (quantum.cloud.ibm.com/docs/guides/estimate-job-run-time). Its spread: the same 113 jobs.
_IBM_PUBLISHED = Clock(
    name="IBM published",
    source="IBM's guide 'Workload usage': 2 s + executions x (delay + circuit)",
    per_job=SECONDS_PER_JOB,
    adds_delay=True,
    spread=(0.61, 1.65),
)
# FiQCI resource-estimator c3cca4f (MIT), benchmarks/hardware_usage.py: 100 % of 156 jobs within 20 %, mean error 3 %;
# two-qubit circuits only, whose depth the compiler takes away.
_HELMI = Clock(
    name="IQM Helmi measured",
    source="fitted to 156 jobs on Helmi, FiQCI resource-estimator",
    per_job=2.66,
    per_execution=431e-6,
    spread=(0.94, 1.06),
)
# The same source: 95 % of 182 jobs within 20 %, mean error 4.6 %; 75 % where the circuits' depths are not known.
_Q50 = Clock(
    name="IQM Q50 measured",
    source="fitted to 182 jobs on VTT Q50, FiQCI resource-estimator",
    per_job=0.827,
    per_circuit=25.9e-3,
    per_execution=415e-6,
    per_cell=176e-9,
    usual_shot=64e-6,
    spread=(0.92, 1.2),
)

# Of a device that is not known: IBM's with its usual delay.
USUAL_CLOCK = _IBM.model_copy(update={"per_execution": _IBM.per_execution + DEFAULT_REP_DELAY, "adds_delay": False})

FORMS = ("measured", "published")
_MEASURED = (("*helmi*", _HELMI), ("*q50*", _Q50), ("*iqm*", _Q50), ("*", _IBM))  # the device's name decides


def vendor_clock(calibration: Calibration, form: str = "measured", *, rep_delay: float | None = None) -> Clock:
    """The clock of the device's maker: "measured" on real jobs, or as IBM "published" it; `rep_delay` as in `on`.

    Of other makers than IBM and IQM no jobs are known: their shots alone.
    """
    check_name("clock", form, FORMS)
    vendor = vendor_of(calibration.name)
    if vendor is not None and vendor.name != "IQM":
        return _shots_alone(vendor.name, calibration)
    name = calibration.name.lower()
    measured = next(clock for pattern, clock in _MEASURED if fnmatchcase(name, pattern))
    return (_IBM_PUBLISHED if form == "published" else measured).on(calibration, rep_delay=rep_delay)


def _shots_alone(maker: str, calibration: Calibration) -> Clock:
    return Clock(
        name=f"{maker} shots alone",
        source=f"gates, readout and reset of {maker}; what a job costs beside its shots is not published",
        per_job=0.0,
        per_execution=calibration.reset or 0.0,
        usual_shot=calibration.usual_readout,
        spread=(1.0, 10.0),
    )


@dataclass(frozen=True)
class Jobs:
    """Measured jobs, one entry each: seconds, circuits, shots of each circuit, and what is known of a shot.

    `known` are seconds of a shot that are known beforehand (delay, circuit, readout), `cells` are (qubits - 1) x depth
    of circuits; 0 for none.
    """

    seconds: np.ndarray
    circuits: np.ndarray
    shots: np.ndarray
    known: np.ndarray
    cells: np.ndarray

    def __getitem__(self, which: Any) -> "Jobs":
        return Jobs(*(getattr(self, name)[which] for name in ("seconds", "circuits", "shots", "known", "cells")))

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def executions(self) -> np.ndarray:
        """Shots of all circuits of a job."""
        return self.circuits * self.shots

    def log_errors(self, constants: np.ndarray) -> np.ndarray:
        """ln(predicted / measured seconds)."""
        work = np.stack([np.ones(len(self)), self.circuits, self.executions, self.executions * self.cells])
        return np.log(constants @ work + self.executions * self.known) - np.log(self.seconds)


def fit_constants(jobs: Jobs, prior: Sequence[float]) -> np.ndarray:
    """per_job, per_circuit, per_execution and per_cell, none negative, with the least robust relative error.

    `prior` decides what the jobs leave open, such as the time of a circuit where all jobs have one.
    """
    from scipy.optimize import least_squares

    start = np.asarray(prior, dtype=float)

    def residuals(constants: np.ndarray) -> np.ndarray:
        return np.concatenate([jobs.log_errors(constants), _PRIOR * (constants - start) / _SCALES])

    bounds, fitted = (0, np.inf), np.maximum(start, 1e-3 * _SCALES)
    for loss in ("linear", "cauchy"):  # a robust fit needs a start near the bulk of the jobs
        fitted = least_squares(residuals, fitted, bounds=bounds, x_scale=_SCALES, loss=loss, f_scale=_ROBUST).x
    return fitted


def fit_clock(jobs: Jobs, prior: Clock, *, name: str, source: str, folds: int = 5) -> Clock:
    """The clock of `jobs`, and its interval from jobs left out of the fit, `folds` times."""
    start = [getattr(prior, constant) for constant in _CONSTANTS]
    constants = fit_constants(jobs, start)
    ratios = np.exp(-left_out_errors(jobs, start, np.arange(len(jobs)) % min(folds, len(jobs))))
    usual = float(np.median(jobs.known + jobs.cells * constants[3]))
    fitted = dict(zip(_CONSTANTS, constants.tolist(), strict=True))
    return Clock(name=name, source=source, **fitted, usual_shot=usual, spread=ratio_interval(ratios))


def left_out_errors(jobs: Jobs, prior: Sequence[float], groups: np.ndarray) -> np.ndarray:
    """ln(predicted / measured) of every job by a fit to the jobs of the other groups; one group is judged by itself."""
    errors = np.empty(len(jobs))
    for group in np.unique(groups):
        inside = groups == group
        constants = fit_constants(jobs[inside] if inside.all() else jobs[~inside], prior)
        errors[inside] = jobs[inside].log_errors(constants)
    return errors


def ratio_interval(ratios: np.ndarray) -> tuple[float, float]:
    """(low, high) that holds 90 % of further ratios: quantiles of `ratios`, or, where they are few, Student's t."""
    n = len(ratios)
    if n >= _ENOUGH:  # the finite-sample quantiles of conformal prediction
        ordered = np.sort(ratios)
        outside = int(0.05 * (n + 1))
        return float(ordered[max(outside - 1, 0)]), float(ordered[min(n - outside, n - 1)])
    from scipy.stats import t

    spread = max(_LEAST_SPREAD, sqrt(float(np.mean(np.log(ratios) ** 2))))
    width = float(t.ppf(0.95, max(n - 1, 1))) * spread * sqrt(1 + 1 / n)
    return exp(-width), exp(width)
