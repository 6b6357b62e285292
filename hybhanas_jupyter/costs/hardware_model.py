"""What real devices add to their calibrations, fitted to recorded runs, and how far off the estimate may be.

A calibration holds no crosstalk, state preparation, leakage or drift. What runs of known result lost was more, by a
factor that grows with the exposure of the qubits, the time in which they can relax at all:

    L = SCALE (L_c / E)^SHARE E,    E = sum over the qubits (execution + readout time) (1 / T1 + 1 / ANY_T1),

L_c = -ln(success, readout included) by the calibration. Source: docs/cost_model.md, "Real devices", which also says
what else was tried; benchmarks/hardware_success.py fits the constants anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import exp, inf, isfinite, log, nan, sqrt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hybhanas_jupyter.costs.reliability import LogSuccess
from hybhanas_jupyter.costs.schedule import Timing
from hybhanas_jupyter.formatting import Report, Reported, significant
from hybhanas_jupyter.hardware.calibration import Calibration

# Fitted to 107 QML kernels and mirror circuits on six devices of IBM (metriq-data 76b4640, CC BY 4.0), every device
# with the same weight, with optimization level 2; calibrations four to nine months from the runs.
SCALE, SHARE = 1.28, 0.36
ANY_T1 = 330e-6  # seconds; what exposes any qubit, however long its own T1 was on the day of the calibration
# L_c / E of the recorded runs. Beyond, the factor is that of the nearest end.
RANGE = (0.3, 2.0)
# measured - predicted share of right results, in units of p ln(1/p) + BASE: 90 % lie between, device in question left
# out of the fit. p ln(1/p) is what a relative error of L makes of p.
LOW, HIGH, BASE = -0.50, 0.42, 0.05
# What of the squared width is the device's own on that day, so that own runs tell it; and how many of them weigh as
# much as what is known of devices in general.
OWN_SHARE, OWN_PRIOR = 0.52, 1.2
# What of the squared width is drift since the calibration, and how old one is (days) when it has all of it: repeats of
# the same circuit on the same device three weeks apart.
DRIFT_SHARE, DRIFT_DAYS = 0.27, 21.0


class SuccessScale(Reported, BaseModel):
    """How much more or less than the model says a device loses, by own runs: a factor of L.

    `runs` is how many there were and `weight` what they weigh: one that loses next to nothing says next to nothing.
    `log_factor` is the logarithm of the factor, drawn to 0 where the runs say little.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    device: str
    runs: Annotated[int, Field(ge=1)]
    weight: Annotated[float, Field(ge=0)]
    log_factor: float

    @classmethod
    def fit(cls, device: str, predicted: Sequence[float], measured: Sequence[float]) -> "SuccessScale":
        """The scale of measured shares of right results beside the model's."""
        pairs = [(_inside(p), _inside(q)) for p, q in zip(predicted, measured, strict=True)]
        weights = [(loss / (loss + BASE)) ** 2 for loss in (-p * log(p) for p, _ in pairs)]
        logs = [log(log(q) / log(p)) for p, q in pairs]
        total = sum(weights)
        mean = sum(w * z for w, z in zip(weights, logs, strict=True)) / (total + OWN_PRIOR)
        return cls(device=device, runs=len(pairs), weight=total, log_factor=mean)

    @property
    def factor(self) -> float:
        """Losses on this device, relative to the model's."""
        return exp(self.log_factor)

    @property
    def width(self) -> float:
        """Width of the intervals with these runs, relative to that without."""
        return sqrt(1 - OWN_SHARE * self.weight / (self.weight + OWN_PRIOR))

    def to_dict(self) -> dict[str, Any]:
        """Device, number of runs, factor of the losses and of the intervals' width."""
        return {"device": self.device, "runs": self.runs, "factor": self.factor, "width": self.width}

    def _report(self) -> Report:
        rows = [
            ["own runs", str(self.runs)],
            ["losses, times", significant(self.factor)],
            ["intervals' width, times", significant(self.width)],
        ]
        return Report(f"Success on {self.device}, by own runs", [(["hardware model", "value"], rows)])


def exposure(qubits: Iterable[int], shot_time: float, calibration: Calibration) -> float:
    """E: seconds of a shot, readout included, over T1 and ANY_T1, summed over the qubits that are used."""
    return shot_time * sum(1 / calibration.relaxation[qubit][0] + 1 / ANY_T1 for qubit in qubits)


def on_hardware(
    success: LogSuccess, times: Timing, calibration: Calibration, own: SuccessScale | None = None
) -> LogSuccess:
    """The calibrated model's success as hardware shows it: its logarithms times L / L_c, and own runs' factor."""
    readout = success.readout if isfinite(success.readout) else 0.0  # NaN where the device does not report it
    shot_time = times.physical.makespan + (times.readout_time if isfinite(times.readout_time) else 0.0)
    losses, exposed = -(success.total + readout), exposure(times.physical.idle, shot_time, calibration)
    if not losses or not exposed or losses == inf:
        return success
    ratio = losses / exposed
    nearest = min(max(ratio, RANGE[0]), RANGE[1])
    factor = losses_on_hardware(nearest, 1.0) / nearest * (own.factor if own else 1.0)
    notes = []
    if nearest != ratio:
        notes.append(
            f"losses are {ratio:.3g} times the exposure to relaxation, {RANGE[0]:g} to {RANGE[1]:g} times in the runs "
            "that the hardware model was fitted to: it is an extrapolation"
        )
    if own:
        notes.append(f"success calibrated by {own.runs} own runs: losses x {own.factor:.2f}")
    return replace(
        success,
        gates=success.gates * factor,
        decoherence=success.decoherence * factor,
        readout=success.readout * factor,
        counts_fidelity=nan,
        notes=(*success.notes, *notes),
    )


def losses_on_hardware(losses: float, exposed: float, scale: float = SCALE, share: float = SHARE) -> float:
    """L of calibrated losses L_c and the exposure E."""
    return scale * (losses / exposed) ** share * exposed


def success_interval(p: float, width: float = 1.0) -> tuple[float, float]:
    """(low, high) within [0, 1] that holds the measured share of right results in 90 % of the runs."""
    unit = BASE - (p * log(p) if p else 0.0)
    return max(0.0, p + LOW * width * unit), min(1.0, p + HIGH * width * unit)


def interval_width(calibrated: datetime | None, own: SuccessScale | None = None, now: datetime | None = None) -> float:
    """Width of the intervals relative to that of an old calibration without own runs; `calibrated` is its date."""
    age = inf if calibrated is None else ((now or datetime.now(UTC)) - _aware(calibrated)).days
    drift = 1 - DRIFT_SHARE * (1 - min(max(age, 0) / DRIFT_DAYS, 1.0))
    return sqrt(drift) * (own.width if own else 1.0)


def _inside(p: float) -> float:
    """Counts of 0 or of all shots have no loss that can be told."""
    return min(max(p, 0.005), 0.995)


def _aware(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=UTC)
