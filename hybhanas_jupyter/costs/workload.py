"""What a primitive's PUBs will use of a device: executions, jobs and seconds, before anything is submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import ceil
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.costs import executions as counting
from hybhanas_jupyter.costs.clocks import Clock, vendor_clock
from hybhanas_jupyter.costs.executions import Executions, Request
from hybhanas_jupyter.costs.options import check_whole
from hybhanas_jupyter.costs.own_runs import own_runs
from hybhanas_jupyter.costs.plan import Plan, plan
from hybhanas_jupyter.costs.prices import Money, Price, Use, price_of
from hybhanas_jupyter.costs.shots import Shot, longest_readout
from hybhanas_jupyter.errors import CircuitError, check_name, shown
from hybhanas_jupyter.formatting import Report, Reported, Table, seconds
from hybhanas_jupyter.hardware.devices import device

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Backend

MODES = ("job", "batch", "session")
MAX_EXECUTIONS = 10_000_000  # of one job, IBM's limit
SESSION_GAP = 5.0  # seconds between two jobs of a session: client, network, compilation of the next one; assumed
_FOLDS = {"gate_folding": "random", "gate_folding_front": "front", "gate_folding_back": "back"}


@dataclass(frozen=True)
class PubUsage:
    """One PUB on the device: executions at each noise factor, and the seconds of a shot at each.

    `shot_times` hold the circuit and its readout, not what the clock adds to every execution; NaN where the circuit
    cannot be timed. Gates (those that take time) and readouts are of one shot, unfolded. `transpiled`: the circuit
    given was not physical for the device.
    """

    name: str
    parameter_sets: int
    configurations: int
    groups: int
    noise_factors: tuple[float, ...]
    executions: int
    shot_times: tuple[float, ...]
    one_qubit_gates: int = 0
    two_qubit_gates: int = 0
    readouts: int = 0
    transpiled: bool = False

    def gates(self, size: int) -> int:
        """Gates on `size` qubits in all executions; each noise factor repeats the two-qubit ones so many times."""
        once = self.executions * (self.one_qubit_gates if size == 1 else self.two_qubit_gates)
        return once if size == 1 else round(once * sum(self.noise_factors) / len(self.noise_factors))

    @property
    def shot_time(self) -> float:
        """Mean seconds of a shot over the noise factors."""
        return sum(self.shot_times) / len(self.shot_times)


@dataclass(frozen=True, repr=False)
class Workload(Reported):
    """What PUBs use of a device; all times are seconds of the QPU, `iterations` submissions together.

    `causes` sum to the executions of one submission. `clock` is the provider's, with what it adds to jobs, circuits and
    executions; `calibration_time` are the seconds of one shot of TREX's calibration circuit.
    """

    primitive: str
    device: str
    mode: str
    iterations: int
    requested_shots: int
    shots: int
    causes: Mapping[str, int]
    pubs: tuple[PubUsage, ...]
    calibration_executions: int
    calibration_time: float
    clock: Clock
    session_gap: float
    notes: tuple[str, ...]
    price: Price | None
    request: Request = field(repr=False, compare=False)
    asked_clock: Clock | str = field(repr=False, compare=False)

    @property
    def executions(self) -> int:
        """Executions of all submissions: what IBM's client prepares."""
        return self.iterations * self._of_one

    @property
    def circuits(self) -> int:
        """Different circuits of one submission: parameter sets, bases and noise factors, TREX's calibration."""
        return sum(p.configurations * len(p.noise_factors) for p in self.pubs) + bool(self.calibration_executions)

    @property
    def jobs(self) -> int:
        """Jobs of all submissions: more than one each where a job would exceed `MAX_EXECUTIONS`."""
        return self.iterations * max(1, ceil(self._of_one / MAX_EXECUTIONS))

    @property
    def usage_time(self) -> float:
        """Seconds of the provider's clock in this mode; NaN where the readout or a circuit has no duration."""
        return self.usage_times[self.mode]

    @property
    def usage_times(self) -> dict[str, float]:
        """Seconds of the provider's clock by mode: a session bills its elapsed time, gaps between its jobs too."""
        busy = self._overhead + self._delays + self._shots
        return {"job": busy, "batch": busy, "session": busy + self._gaps}

    @property
    def usage_interval(self) -> tuple[float, float]:
        """(low, high) seconds of 90 % of such jobs, by the jobs that the clock was judged by.

        A session without, and with twice its gaps, which are assumed.
        """
        gaps = self._gaps if self.mode == "session" else 0.0
        low, high = (share * self.usage_times["job"] for share in self.clock.spread)
        return low, high + 2 * gaps

    @property
    def usage_parts(self) -> dict[str, float]:
        """The seconds by what they are spent on, in this mode; they sum to `usage_time`."""
        gaps = self._gaps if self.mode == "session" else 0.0
        return {"jobs": self._overhead, "delays": self._delays, "circuits": self._shots, "gaps": gaps}

    @property
    def use(self) -> Use:
        """What prices count of all submissions; folded gates as often as ZNE repeats them."""
        gates = {size: sum(p.gates(size) for p in self.pubs) for size in (1, 2)}
        readouts = sum(p.executions * p.readouts for p in self.pubs)
        return Use(
            seconds=self.usage_time,
            jobs=self.jobs,
            tasks=self.iterations * self.circuits,
            shots=self.executions,
            one_qubit_gates=self.iterations * gates[1],
            two_qubit_gates=self.iterations * gates[2],
            readouts=self.iterations * readouts,
        )

    @property
    def money(self) -> Money | None:
        """What it costs by `price`, with its date; None without one."""
        return None if self.price is None else self.price.of(self.use)

    @property
    def _of_one(self) -> int:
        return sum(pub.executions for pub in self.pubs) + self.calibration_executions

    @property
    def _gaps(self) -> float:
        return (self.jobs - 1) * self.session_gap

    @property
    def _overhead(self) -> float:
        return self.jobs * self.clock.per_job + self.iterations * self.circuits * self.clock.per_circuit

    @property
    def _delays(self) -> float:
        return self.executions * self.clock.per_execution

    @property
    def _shots(self) -> float:
        calibration = self.calibration_executions * self.calibration_time
        return self.iterations * (calibration + sum(p.executions * p.shot_time for p in self.pubs if p.executions))

    def plan(self, precision: float | None = None, budget: float | None = None, *, value: float = 1.0) -> Plan:
        """The cheapest resilience level, shots and repetition delay that read every observable to `precision`.

        - `precision`: largest root mean square error of a value, from shot noise and from the bias that a level leaves
        - `budget`: seconds of the QPU; alone it asks for the best precision that they buy
        - `value`: size of the ideal values, in units of the observable's norm, where the circuit does not tell them

        The options are those of this workload otherwise. Raises `CircuitError` for a Sampler's workload. Source:
        docs/cost_model.md, "Workloads".
        """
        return plan(self.request, self._again, self, precision, budget, value)

    def _again(self, request: Request) -> "Workload":
        return estimate(request, self.mode, self.iterations, self.session_gap, self.asked_clock, self.price)

    def to_dict(self) -> dict[str, Any]:
        """All figures by name; the causes of the executions and the seconds of each mode as dictionaries."""
        own = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name not in ("asked_clock", "clock", "price", "pubs", "request")
        }
        derived = ("executions", "circuits", "jobs", "usage_time", "usage_times", "usage_interval", "usage_parts")
        pubs = [{f.name: getattr(pub, f.name) for f in fields(pub)} for pub in self.pubs]
        own |= {"causes": dict(self.causes), "clock": self.clock.to_dict()}
        money = self.money
        own |= {} if money is None else {"price": money.amount, "price_unit": money.unit, "price_date": str(money.date)}
        return {**own, **{name: getattr(self, name) for name in derived}, "pubs": pubs}

    def _report(self) -> Report:
        low, high = self.usage_interval
        title = (
            f"{self.primitive.capitalize()} on {self.device}: {self.executions:,} executions, "
            f"{seconds(self.usage_time)} of the QPU ({seconds(low)} to {seconds(high)})"
        )
        title += f", {self.money}" if self.money else ""
        causes: list[list[object]] = [[name, f"{count:,}"] for name, count in self.causes.items() if count]
        tables: list[Table] = [
            (["executions", "of one submission"], [*causes, ["all", f"{self._of_one:,}"]]),
            (["mode", "QPU"], [[mode, seconds(time)] for mode, time in self.usage_times.items()]),
            (["PUB", "parameter sets", "bases", "executions", "a shot"], [_pub_row(pub) for pub in self.pubs]),
        ]
        return Report(title, tables, folded={"Assumed and noted": self._assumptions()})

    def _assumptions(self) -> list[str]:
        gap = f"session: {seconds(self.session_gap)} between its {self.jobs} jobs" if self.jobs > 1 else ""
        return [
            f"jobs: {self.jobs:,}, of {self.circuits:,} circuits; {seconds(self.clock.per_job)} beside executions",
            f"{seconds(self.clock.per_execution)} beside each execution: delay and reset",
            f"clock {self.clock.name!r}: {self.clock.source}",
            *filter(None, [gap]),
            *([f"price {self.price.name!r}: {self.price.form}; {self.price.source}"] if self.price else []),
            *(f"{pub.name} is not physical for the device: transpiled first" for pub in self.pubs if pub.transpiled),
            *self.notes,
        ]


def _pub_row(pub: PubUsage) -> list[object]:
    return [pub.name, f"{pub.parameter_sets:,}", pub.groups, f"{pub.executions:,}", seconds(pub.shot_time)]


def workload(
    pubs: Any,
    backend: "Backend",
    options: Any = None,
    *,
    mode: str = "job",
    primitive: str | None = None,
    precision: float | None = None,
    shots: int | None = None,
    iterations: int = 1,
    session_gap: float = SESSION_GAP,
    clock: Clock | str = "measured",
    price: Price | str | None = None,
    optimization_level: int = 2,
    seed: int = 0,
) -> Workload:
    """What `EstimatorV2.run(pubs)` or `SamplerV2.run(pubs)` will use of `backend`, see `device`; nothing is submitted.

    - `pubs`: what `run` takes: (circuit, observables[, parameter values[, precision]]) for an Estimator, circuits or
      (circuit[, parameter values[, shots]]) for a Sampler; circuits of every kind that `quantum_cost` reads. One that
      is not physical for the device is transpiled at `optimization_level` with `seed`.
    - `options`: IBM's options object, a dict of it, or the primitive itself; None: IBM's defaults (resilience level 1).
    - `mode`: "job", "batch" or "session"; all three are in `usage_times`. `session_gap`: seconds between its jobs.
    - `primitive`: "estimator" or "sampler"; by default told by the options and by the PUBs' observables.
    - `precision`, `shots`: those of `run`, for PUBs without their own.
    - `clock`: "measured" on jobs of the device's maker, as IBM "published" it, or your own `Clock`.
    - `price`: a `Price` or the name of one, see `prices`; none by default.
    - `iterations`: how often these PUBs are submitted, one after the other, as a variational loop does.

    Executions equal those of the installed IBM client. Raises `CircuitError` for PUBs and `ConfigError` for options
    that it would refuse. Source: docs/cost_model.md, "Workloads".
    """
    check_name("mode", mode, MODES)
    check_whole("iterations", iterations, 1)
    listed = counting.as_list(pubs)
    kind = counting.kind_of(listed, options) if primitive is None else counting.check_kind(primitive)
    wish = _wish(kind, precision, shots)
    read = counting.read_options(options, kind)
    coerced = counting.coerce_pubs(listed, kind, wish)
    request = Request(coerced, device(backend), read, kind, wish, optimization_level, seed)
    paid = None if price is None else price_of(price, request.device.name)
    return estimate(request, mode, iterations, session_gap, clock, paid)


def _wish(kind: str, precision: float | None, shots: int | None) -> float | None:
    if kind == "estimator" and shots is not None:
        raise CircuitError("An Estimator takes precision=, not shots=; its shots are options' default_shots.")
    if kind == "sampler" and precision is not None:
        raise CircuitError("A Sampler takes shots=, not precision=. If these PUBs are an Estimator's: primitive=.")
    if shots is not None:
        check_whole("shots", shots, 1)
    if precision is not None and not precision > 0:
        raise CircuitError(f"precision is {shown(precision)}: it must be above 0.")
    return precision if kind == "estimator" else shots


def estimate(
    request: Request,
    mode: str,
    iterations: int = 1,
    session_gap: float = SESSION_GAP,
    clock: Clock | str = "measured",
    price: Price | None = None,
) -> Workload:
    """The workload of a request that is read already: see `workload`."""
    calibration = request.device.calibration
    shots_of = [Shot.of(pub.circuit, request) for pub in request.pubs]
    counted = _count(request, shots_of)
    amplifier = request.options.resilience.zne.amplifier if request.kind == "estimator" else ""
    pubs = tuple(
        PubUsage(
            name=pub.circuit.name,
            parameter_sets=own.parameter_sets,
            configurations=own.configurations,
            groups=own.groups,
            noise_factors=own.noise_factors,
            executions=own.executions,
            shot_times=tuple(shot.time(factor, _FOLDS.get(amplifier)) for factor in own.noise_factors),
            one_qubit_gates=shot.timed_gates(1),
            two_qubit_gates=shot.timed_gates(2),
            readouts=pub.circuit.num_qubits if request.kind == "estimator" else shot.readouts,
            transpiled=shot.transpiled,
        )
        for pub, own, shot in zip(request.pubs, counted.pubs, shots_of, strict=True)
    )
    found = [note for shot in shots_of for note in shot.notes] + _limits(counted, pubs, amplifier, shots_of)
    return Workload(
        primitive=request.kind,
        device=calibration.name,
        mode=mode,
        iterations=iterations,
        requested_shots=counted.requested,
        shots=counted.pubs[0].shots,
        causes=counted.causes(),
        pubs=pubs,
        calibration_executions=counted.calibration,
        calibration_time=longest_readout(calibration) if counted.calibration else 0.0,
        clock=_clock(clock, request),
        session_gap=session_gap,
        notes=(*counted.notes, *dict.fromkeys(found)),
        price=price,
        request=request,
        asked_clock=clock,
    )


def _clock(clock: Clock | str, request: Request) -> Clock:
    """The clock with the delay of the options, and without the reset of qubits that they switch off."""
    execution, calibration = request.options.execution, request.device.calibration
    if isinstance(clock, Clock):
        made = clock.on(calibration, rep_delay=execution.rep_delay)
        adds_reset = clock.adds_delay
    else:
        own = own_runs(calibration).clock if clock == "measured" and execution.rep_delay is None else None
        made = own or vendor_clock(calibration, clock, rep_delay=execution.rep_delay)
        adds_reset = own is None
    if execution.init_qubits or not adds_reset:
        return made
    return made.model_copy(update={"per_execution": max(0.0, made.per_execution - (calibration.reset or 0.0))})


def _count(request: Request, shots_of: "Sequence[Shot]") -> Executions:
    if request.kind == "sampler":
        return counting.count_sampler(
            request.pubs, request.options, None if request.wish is None else int(request.wish)
        )
    pec = request.options.resilience.pec_mitigation
    errors = [shot.pair_error for shot in shots_of] if pec else None
    return counting.count_estimator(request.pubs, request.options, request.wish, errors)


def _limits(counted: Executions, pubs: Sequence[PubUsage], amplifier: str, shots: "Sequence[Shot]") -> list[str]:
    notes = []
    if counted.total > MAX_EXECUTIONS:
        notes.append(f"{counted.total:,} executions: a job takes {MAX_EXECUTIONS:,}, split the PUBs")
    if amplifier in _FOLDS and any(len(pub.noise_factors) > 1 for pub in pubs):
        rigid = sorted({name for shot in shots for name in shot.rigid})
        notes += [f"{', '.join(rigid)} is not folded: ZNE sees no more noise there"] if rigid else []
    return notes
