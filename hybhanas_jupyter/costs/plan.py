"""The cheapest way to read expectation values to a precision, and the best precision that a budget buys.

What a resilience level leaves of the error is predicted from the observables' dampings; what it costs is the
workload's. Apart from `workload`, which imports this, so that the search can be judged without a device.
Source: docs/cost_model.md, "Workloads".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, exp, inf, isfinite, sqrt
from statistics import median
from typing import Any

import numpy as np

from hybhanas_jupyter.costs.compilation import active_qubits
from hybhanas_jupyter.costs.executions import Request
from hybhanas_jupyter.costs.expectation import expectation_cost_of
from hybhanas_jupyter.costs.options import CostOptions
from hybhanas_jupyter.errors import CircuitError, shown
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant

LEVELS = (0, 1, 2)
NOISE_FACTORS = (1.0, 3.0, 5.0)  # of resilience level 2
ZNE_LEAVES = 0.1  # share of the bias of level 1 that extrapolation leaves; assumed
MOST_SHOTS = 10_000_000


@dataclass(frozen=True)
class Reading:
    """One observable: `norm` (root of its squared coefficients), what state and readout keep of it, its ideal size."""

    norm: float
    damping: float
    readout_damping: float
    value: float


@dataclass(frozen=True)
class Delay:
    """A repetition delay and what it keeps of an expectation value beside the device's usual one, at most 1."""

    seconds: float
    keeps: float = 1.0


def predicted_error(level: int, shots: float, reading: Reading, delay: Delay) -> float:
    """Root mean square error of the value that an Estimator returns: shot noise, and the bias the level leaves."""
    return sqrt(_spread(level, reading) ** 2 / shots + _bias(level, reading, delay) ** 2)


def _spread(level: int, reading: Reading) -> float:
    """One standard deviation at one shot in every basis; mitigation divides by what was left."""
    if level == 0:
        return reading.norm
    readout = abs(reading.readout_damping)
    if not readout:
        return inf
    return reading.norm / readout * (_extrapolated(abs(reading.damping)) if level == 2 else 1.0)


def _bias(level: int, reading: Reading, delay: Delay) -> float:
    kept = delay.keeps * reading.damping
    left = {0: 1 - kept * reading.readout_damping, 1: 1 - kept, 2: ZNE_LEAVES * (1 - kept) + 1 - delay.keeps}[level]
    return abs(reading.value) * max(0.0, left)


def _extrapolated(damping: float) -> float:
    """Growth of the standard deviation by fitting v exp(-b x) to the noise factors and reading it at 0."""
    if damping <= 0:
        return inf
    x = np.array(NOISE_FACTORS)
    slopes = np.stack([damping**x, -x * damping**x], axis=1)
    return float(np.sqrt(np.linalg.inv(slopes.T @ slopes)[0, 0]))


def residual_excitation(delay: float, readout_error: float, t1: float) -> float:
    """Probability that a qubit starts in the wrong state: what its reset got wrong, and the delay did not relax."""
    return readout_error * exp(-delay / t1) if t1 > 0 else 0.0


@dataclass(frozen=True)
class Option:
    """One way to run: its shots, seconds of the QPU and largest predicted error over the observables."""

    level: int
    delay: Delay
    shots: int
    seconds: float
    error: float


Cost = Callable[[int, int, Delay], float]  # level, shots, delay -> seconds of the QPU


def cheapest(readings: Sequence[Reading], delays: Sequence[Delay], cost: Cost, precision: float) -> list[Option]:
    """The cheapest option of every level and delay that reaches `precision`, the cheapest of all first."""
    found = []
    for level in LEVELS:
        for delay in delays:
            shots = max((_shots(level, reading, delay, precision) for reading in readings), default=inf)
            if shots <= MOST_SHOTS:
                found.append(_option(level, int(shots), delay, readings, cost))
    return sorted(found, key=lambda option: (option.seconds, option.error))


def _shots(level: int, reading: Reading, delay: Delay, precision: float) -> float:
    room = precision**2 - _bias(level, reading, delay) ** 2
    return ceil(_spread(level, reading) ** 2 / room) if room > 0 and isfinite(_spread(level, reading)) else inf


def _option(level: int, shots: int, delay: Delay, readings: Sequence[Reading], cost: Cost) -> Option:
    error = max(predicted_error(level, shots, reading, delay) for reading in readings)
    return Option(level, delay, shots, cost(level, shots, delay), error)


def best(readings: Sequence[Reading], delays: Sequence[Delay], cost: Cost, budget: float) -> list[Option]:
    """The most precise option of every level and delay that `budget` seconds pay for, the most precise of all first."""
    found = []
    for level in LEVELS:
        for delay in delays:
            shots = _most_shots(partial(_pays, cost, budget, level, delay))
            if shots:
                found.append(_option(level, shots, delay, readings, cost))
    return sorted(found, key=lambda option: (option.error, option.seconds))


def _pays(cost: Cost, budget: float, level: int, delay: Delay, shots: int) -> bool:
    return cost(level, shots, delay) <= budget


def _most_shots(affordable: Callable[[int], bool]) -> int:
    """The largest number of shots that is affordable, 0 for none: usage grows with shots, but for roundings."""
    low, high = 0, 1
    while high <= MOST_SHOTS and affordable(high):
        low, high = high, 2 * high
    while high - low > max(1, low // 500):
        middle = (low + high) // 2
        low, high = (middle, high) if affordable(middle) else (low, middle)
    return low


@dataclass(frozen=True, repr=False)
class Plan(Reported):
    """The chosen way to run, the others, and what to do in words. `workload` is that of the choice.

    `options` are the best of every level and delay; the choice is the first.
    """

    precision: float | None
    budget: float | None
    options: tuple[Option, ...]
    advice: tuple[str, ...]
    workload: Any

    @property
    def choice(self) -> Option | None:
        """The cheapest option, or the most precise one; None where there is none."""
        return self.options[0] if self.options else None

    def to_dict(self) -> dict[str, Any]:
        """Precision, budget, advice and the options."""
        return {
            "precision": self.precision,
            "budget": self.budget,
            "advice": list(self.advice),
            "options": self._records(),
        }

    def _records(self) -> list[dict[str, Any]]:
        return [
            {"level": o.level, "rep_delay": o.delay.seconds, "shots": o.shots, "seconds": o.seconds, "error": o.error}
            for o in self.options
        ]

    def _report(self) -> Report:
        wanted = f"precision {significant(self.precision)}" if self.precision else f"budget {seconds(self.budget or 0)}"
        rows = [
            [f"level {o.level}", seconds(o.delay.seconds), f"{o.shots:,}", seconds(o.seconds), significant(o.error)]
            for o in self.options
        ]
        headers = ["resilience", "delay", "shots", "QPU", "predicted error"]
        return Report(f"Plan for {wanted}", [(headers, rows)] if rows else [], folded={"Advice": self.advice})


def plan(
    request: Request,
    again: Callable[[Request], Any],
    now: Any,
    precision: float | None,
    budget: float | None,
    value: float = 1.0,
) -> Plan:
    """See `Workload.plan`; `again` makes the workload of another request, `now` is that of this one."""
    if request.kind != "estimator":
        raise CircuitError("Only an Estimator's workload can be planned: a Sampler's reads no expectation values.")
    for name, given in (("precision", precision), ("budget", budget)):
        if given is not None and not given > 0:
            raise CircuitError(f"{name} is {shown(given)}: it must be above 0.")

    def cost(level: int, shots: int, delay: Delay) -> float:
        seconds: float = again(_replanned(request, level, shots, delay.seconds)).usage_time
        return seconds

    readings, delays = _readings(request, value), _delays(request)
    if precision is not None:
        options = cheapest(readings, delays, cost, precision)
    elif budget is not None:
        options = best(readings, delays, cost, budget)
    else:
        raise CircuitError("Give the precision to reach, or a budget in seconds of the QPU.")
    first = options[0] if options else None
    chosen = again(_replanned(request, first.level, first.shots, first.delay.seconds)) if first else now
    return Plan(precision, budget, tuple(options), tuple(_advice(now, options, precision, budget)), chosen)


def _replanned(request: Request, level: int, shots: int, rep_delay: float) -> Request:
    """The request at another level, whose own choices are dropped, and with these shots in every PUB."""
    from qiskit.primitives.containers.estimator_pub import EstimatorPub

    options = request.options.model_copy(deep=True)
    options.resilience_level, options.default_shots = level, shots
    options.resilience.zne_mitigation = options.resilience.measure_mitigation = None
    options.resilience.pec_mitigation = False
    options.twirling.enable_gates = options.twirling.enable_measure = None
    usual = request.options.execution.rep_delay is None and rep_delay == request.device.calibration.repetition_delay
    options.execution.rep_delay = None if usual else rep_delay
    pubs = [EstimatorPub(pub.circuit, pub.observables, pub.parameter_values, None, False) for pub in request.pubs]
    return replace(request, pubs=pubs, options=options, wish=None)


def _readings(request: Request, value: float) -> list[Reading]:
    """What is left of every observable of every PUB, by its damping."""
    from qiskit.quantum_info import SparsePauliOp

    readings = []
    options = CostOptions(optimization_level=request.optimization_level, seed=request.seed)
    for pub in request.pubs:
        arrays = pub.observables.ravel().sparse_observables_array()
        observables = [SparsePauliOp.from_sparse_observable(observable) for observable in arrays]
        cost = expectation_cost_of(pub.circuit, request.device, options, observables)
        for i, observable in enumerate(observables):
            terms = [(label, abs(c)) for label, c in observable.label_iter() if set(label) != {"I"}]
            norm = sqrt(sum(c**2 for _, c in terms))
            size = abs(cost.ideal[i]) if isfinite(cost.ideal[i]) else value * norm
            readings.append(Reading(norm, float(cost.damping[i]), float(cost.readout_damping[i]), float(size)))
    return readings


def _delays(request: Request) -> list[Delay]:
    """The usual delay and the device's shortest one, where qubits that were not reset well relax less."""
    calibration = request.device.calibration
    usual = request.options.execution.rep_delay
    usual = calibration.repetition_delay if usual is None else usual
    shortest = min(calibration.rep_delay_range or (usual,))
    if not request.options.execution.init_qubits or shortest >= usual:
        return [Delay(usual)]
    t1 = median(pair[0] for pair in calibration.relaxation)
    error = calibration.averages.readout_error
    more = residual_excitation(shortest, error, t1) - residual_excitation(usual, error, t1)
    qubits = max(len(active_qubits(pub.circuit)) for pub in request.pubs)
    return [Delay(usual), Delay(shortest, (1 - 2 * more) ** qubits)]


def _advice(now: Any, options: Sequence[Option], precision: float | None, budget: float | None) -> list[str]:
    """What to do, in words."""
    if not options and precision is not None:
        return [f"No level reaches {precision:g}: use fewer gates, another device, or ask for less precision."]
    if not options:
        return [f"{seconds(budget or 0.0)} do not pay for a single shot: split the PUBs or raise the budget."]
    chosen = options[0]
    advice = [
        f"Set resilience_level = {chosen.level}, default_shots = {chosen.shots:,}: {seconds(chosen.seconds)}, "
        f"predicted error {chosen.error:.2g} (now {seconds(now.usage_time)})."
    ]
    current = getattr(now.request.options, "resilience_level", 1)
    if chosen.level < current:
        advice.append(f"Lower the level from {current}: its bias is below what you ask for, and it costs less.")
    if chosen.level > current:
        advice.append(f"Raise the level from {current}: what it leaves as bias is above what you ask for.")
    if chosen.delay.keeps < 1:
        advice.append(f"Set execution.rep_delay = {chosen.delay.seconds:g}: the reset qubits need not wait.")
    if budget is not None and chosen.seconds > budget:
        advice.append(f"That exceeds {seconds(budget)}: ask for less precision, or split it over several budgets.")
    elif budget is not None:
        advice.append(f"Continue: it fits into {seconds(budget)}.")
    if now.mode == "session" and now.jobs > 1:
        advice.append(f"As a batch it saves the {seconds((now.jobs - 1) * now.session_gap)} between its jobs.")
    return advice
