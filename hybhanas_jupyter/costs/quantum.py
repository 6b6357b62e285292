"""Algorithm 2: what one shot of a circuit costs on a device, in seconds, part by part."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from math import exp, inf, isfinite, log
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.circuits.identity import fingerprint, from_bytes, to_bytes
from hybhanas_jupyter.circuits.readers import Arguments, to_circuit
from hybhanas_jupyter.costs import reliability
from hybhanas_jupyter.costs.clocks import Clock
from hybhanas_jupyter.costs.compilation import NOT_GATES, compile_circuit
from hybhanas_jupyter.costs.hardware_model import SuccessScale, interval_width, on_hardware, success_interval
from hybhanas_jupyter.costs.options import CostOptions, Provenance, package_versions
from hybhanas_jupyter.costs.own_runs import clock_of, own_runs
from hybhanas_jupyter.errors import CircuitError, shown
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant
from hybhanas_jupyter.hardware.devices import Device, device

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from qiskit import QuantumCircuit

    from hybhanas_jupyter.hardware.devices import Backend


@dataclass(frozen=True)
class GateCounts:
    """Gates of a circuit in the device's native gate set; virtual ones (rz) are one-qubit gates too."""

    one_qubit: int
    two_qubit: int

    @classmethod
    def of(cls, circuit: "QuantumCircuit") -> "GateCounts":
        """Count the gates; barriers, delays, measurements and resets are none."""
        two_qubit = circuit.num_nonlocal_gates()
        every = sum(times for name, times in circuit.count_ops().items() if name not in NOT_GATES)
        return cls(every - two_qubit, two_qubit)


@dataclass(frozen=True, repr=False)
class QuantumCost(Reported):
    """Cost of one shot; all times are seconds of one shot, except `usage_time`, which is the whole job's.

    The parts sum to the totals exactly: logical + routing = execution; gate error + decoherence penalty = reliability
    penalty; execution + reliability penalty = effective. Times are inf beyond 1e308 s: `log_effective_time` holds on.
    `layout[i]` is the physical qubit where qubit i starts. Intervals are (low, high) and hold for 90 % of runs; those
    of success are the hardware model's, None under others.

    `counts_fidelity` is the Hellinger fidelity of the counts that the device gives to the ideal ones, readout errors
    included; NaN where the ideal distribution is not known (free parameters, many qubits, model "paper").
    `readout_flips` are each measured qubit's probabilities to read 1 for |0>, and 0 for |1>.
    """

    logical_time: float
    routing_time: float
    gate_error_penalty: float
    decoherence_penalty: float
    readout_time: float
    serial_time: float
    usage_time: float
    log_success_probability: float
    log_readout_success_probability: float
    logical: GateCounts
    physical: GateCounts
    _physical_circuit: "QuantumCircuit" = field(repr=False, compare=False)
    layout: tuple[int, ...]
    active_qubits: int
    measured_qubits: tuple[int, ...]
    readout_flips: tuple[tuple[float, float], ...]
    counts_fidelity: float = field(compare=False)  # NaN is not equal to itself
    provenance: Provenance
    usage_interval: tuple[float, float] | None = None
    success_interval: tuple[float, float] | None = None
    measured_fidelity_interval: tuple[float, float] | None = None

    @property
    def physical_circuit(self) -> "QuantumCircuit":
        """The circuit as the device runs it, without final measurements: a copy, as costs are shared by a cache."""
        return self._physical_circuit.copy()

    @property
    def execution_time(self) -> float:
        """Makespan of the physical circuit without its final measurements."""
        return self.logical_time + self.routing_time

    @property
    def reliability_penalty(self) -> float:
        """What repeating failed shots costs: execution_time x (1/p - 1)."""
        return self.gate_error_penalty + self.decoherence_penalty

    @property
    def effective_time(self) -> float:
        """Seconds for one valid sample: execution_time / p."""
        return self.execution_time + self.reliability_penalty

    @property
    def log_effective_time(self) -> float:
        """Natural logarithm of `effective_time`; right where that overflows, inf where no shot succeeds."""
        return log(self.execution_time) - self.log_success_probability if self.execution_time else -inf

    @property
    def success_probability(self) -> float:
        """p of one shot; 0 below 1e-308 while its logarithm is still right.

        Without the readout, which model "paper" has as a factor, as the paper's Algorithm 2.
        """
        return exp(self.log_success_probability)

    @property
    def expected_fidelity(self) -> float:
        """Fidelity of the state before readout: p (1 - 2^-n) + 2^-n, as failed shots still agree by chance."""
        return _with_floor(self.success_probability, self.active_qubits)

    @property
    def readout_success_probability(self) -> float:
        """Product of 1 - readout error over the measured qubits."""
        return exp(self.log_readout_success_probability)

    def noisy_counts(self, ideal: "Mapping[str, float]") -> dict[str, float]:
        """What the device makes of `ideal` counts or probabilities of the measured qubits, by bit string.

        As Qiskit's: the last letter is `measured_qubits[0]`. Failed shots are uniform, then every qubit is misread by
        `readout_flips`. Raises `CircuitError` for strings that are not of so many bits, or of more than 20.
        """
        n = len(self.measured_qubits)
        strings = {bits.replace(" ", ""): value for bits, value in ideal.items()}
        wrong = [bits for bits in strings if len(bits) != n or not set(bits) <= {"0", "1"}]
        if wrong or n > _MOST_BITS:
            raise CircuitError(f"{shown((wrong or ['counts'])[0])}: give strings of {n} bits, of {_MOST_BITS} at most.")
        values = np.zeros(2**n)
        for bits, value in strings.items():
            values[int(bits, 2)] += value
        noisy = reliability.noisy_distribution(values, self.success_probability, self.readout_flips)
        return {f"{index:0{n}b}": float(value) for index, value in enumerate(noisy) if value}

    @property
    def measured_fidelity(self) -> float:
        """Share of shots with the right result, state and readout, for a circuit that ideally has one."""
        read = 0.0 if self.provenance.model == "paper" else self.log_readout_success_probability  # there in p already
        right = exp(self.log_success_probability + read)
        return _with_floor(right, len(self.measured_qubits))

    @property
    def parts(self) -> dict[str, float]:
        """The parts of the effective time in seconds, as the stacked bar shows them."""
        return {
            "logical": self.logical_time,
            "routing": self.routing_time,
            "gate errors": self.gate_error_penalty,
            "decoherence": self.decoherence_penalty,
        }

    @property
    def effective_text(self) -> str:
        """The effective time with its unit; as a power of ten where the output is noise."""
        if not self.is_noise or not isfinite(self.log_effective_time):
            return seconds(self.effective_time)
        return f"1e{self.log_effective_time / log(10):.0f} s"

    @property
    def is_noise(self) -> bool:
        """Whether fewer than one shot of a thousand succeeds: what is read then is noise."""
        return self.log_success_probability < _NOISE

    @property
    def _verdict(self) -> str:
        if not self.is_noise:
            return f"effective {self.effective_text} per valid shot"
        many = self.active_qubits > _MANY
        way = "; expectation values survive longer, see hyb.expectation_cost" if many else ""
        return f"the output is noise (p = {self.success_text}){way}"

    @property
    def success_text(self) -> str:
        """The success probability; as a power of ten where the output is noise."""
        exponent = self.log_success_probability / log(10)
        tiny = isfinite(exponent) and self.is_noise
        return f"1e{exponent:.1f}" if tiny else significant(self.success_probability)

    @property
    def depth(self) -> int:
        """Depth of the physical circuit, virtual gates included."""
        return self._physical_circuit.depth()

    def to_dict(self) -> dict[str, Any]:
        """All times, probabilities and counts by name, in the units above; intervals under the hardware model."""
        times = {name: getattr(self, name) for name in _TIMES}
        counts = {f"{k}_{n}_gates": getattr(getattr(self, k), n) for k in ("logical", "physical") for n in _SIZES}
        known = {"counts_fidelity": self.counts_fidelity} if isfinite(self.counts_fidelity) else {}
        stated = _INTERVALS if self.provenance.model == "hardware" else ()
        intervals = {name: list(getattr(self, name)) for name in stated}
        return {**times, **known, **counts, "depth": self.depth, **intervals}

    def figure(self, *, theme: str = "light") -> "Figure":
        """The parts of the effective time as a stacked bar (matplotlib), for `theme` "light" or "dark"."""
        from hybhanas_jupyter.plots.breakdown import draw_parts

        return draw_parts({self.provenance.device: self.parts}, theme=theme, title=self._report().title)

    def _report(self) -> Report:
        return Report(
            title=f"Quantum cost on {self.provenance.device}, {self._verdict}",
            bars={"": self.parts},
            tables=[
                (["one shot", "time", "share"], _time_rows(self)),
                (["success probability", "p"], _success_rows(self)),
                (["native gates", "one-qubit", "two-qubit"], _count_rows(self)),
            ],
            folded={"How this is computed": _explained(self), **self.provenance.folded},
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_physical_circuit": to_bytes(self._physical_circuit)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _physical_circuit=from_bytes(state["_physical_circuit"]))


_SIZES = ("one_qubit", "two_qubit")
_TIMES = (
    "logical_time",
    "routing_time",
    "execution_time",
    "gate_error_penalty",
    "decoherence_penalty",
    "reliability_penalty",
    "effective_time",
    "readout_time",
    "serial_time",
    "usage_time",
    "success_probability",
    "log_success_probability",
    "expected_fidelity",
    "readout_success_probability",
    "measured_fidelity",
)
_INTERVALS = ("usage_interval", "success_interval", "measured_fidelity_interval")
_MOST_BITS = 20
_NOISE = log(1e-3)
_MANY = 100  # qubits


def quantum_cost(
    circuit: Any,
    backend: "Backend",
    *,
    shots: int = 1000,
    optimization_level: int = 2,
    seed: int = 0,
    model: str = "calibrated",
    arguments: Arguments = (),
    method: str = "auto",
) -> QuantumCost:
    """Cost of `circuit`, see `to_circuit`, on `backend`, see `device`.

    Transpiles at `optimization_level` 0-3 with `seed`; a circuit that is physical for the device is taken as it is.
    `model` "calibrated" uses every gate's own calibration, "hardware" adds what recorded runs of real devices lost
    beyond it and states intervals, "paper" uses the paper's device averages. `shots` only enters `usage_time`.
    `arguments` are a QNode's, by position or by name; their values do not matter unless gates depend on them. `method`
    "exact" or "mean field" forces how the state is followed, see `CostOptions`. Costs are cached by circuit and
    calibration.

    Raises `UnknownNameError` for an unknown device or model and `CircuitError` for a circuit that cannot be costed.
    Source: paper section 2.4 (Algorithm 2), docs/cost_model.md, sections 2 and 3.
    """
    options = CostOptions(shots, optimization_level, seed, model, method)
    return quantum_cost_of(to_circuit(circuit, arguments), device(backend), options)


def quantum_cost_of(circuit: "QuantumCircuit", device: Device, options: CostOptions) -> QuantumCost:
    """`quantum_cost` of a circuit and a device that are known, with options that are checked."""
    calibration = device.calibration
    own = own_runs(calibration).success if options.model == "hardware" else None
    job = _Job(fingerprint(circuit), calibration.fingerprint, options, clock_of(calibration), own)
    return _cost(job, _Inputs(circuit, device))


@dataclass(frozen=True)
class _Job:
    """The key of a cost in the cache."""

    circuit: str
    calibration: str
    options: CostOptions
    clock: Clock
    own: SuccessScale | None


@dataclass(frozen=True)
class _Inputs:
    """The objects behind a job's fingerprints; they do not count in the cache's key."""

    circuit: "QuantumCircuit" = field(compare=False)
    device: Device = field(compare=False)


@lru_cache(maxsize=64)  # a physical circuit may take megabytes
def _cost(job: _Job, inputs: _Inputs) -> QuantumCost:
    calibration = inputs.device.calibration
    compiled = compile_circuit(inputs.circuit, inputs.device, job.options)
    times, success = reliability.judge(compiled, calibration, job.options.model, job.options.method)
    makespan = times.logical_time + times.routing_time
    intervals = {}
    if job.options.model == "hardware":
        success = on_hardware(success, times, calibration, job.own)
        intervals = _intervals(success, len(compiled.measured), interval_width(calibration.date, job.own))
    usage: dict[str, Any] = {"shots": job.options.shots, "shot_time": makespan + times.readout_time}
    gate_penalty, decoherence_penalty = reliability.penalties(makespan, success)
    return QuantumCost(
        logical_time=times.logical_time,
        routing_time=times.routing_time,
        gate_error_penalty=gate_penalty,
        decoherence_penalty=decoherence_penalty,
        readout_time=times.readout_time,
        serial_time=times.physical.serial_time,
        usage_time=job.clock.seconds(**usage),
        usage_interval=job.clock.interval(**usage),
        log_success_probability=success.total,
        log_readout_success_probability=success.readout,
        logical=GateCounts.of(compiled.logical),
        physical=GateCounts.of(compiled.circuit),
        _physical_circuit=compiled.circuit,
        layout=compiled.layout,
        active_qubits=compiled.n_qubits,
        measured_qubits=compiled.measured,
        readout_flips=tuple(calibration.readout_flips(qubit) for qubit in compiled.measured),
        counts_fidelity=success.counts_fidelity,
        provenance=Provenance(
            device=calibration.name,
            calibration_date=calibration.date,
            calibration=job.calibration,
            **{**asdict(job.options), "method": success.method},
            packages=package_versions(),
            warnings=(*calibration.warnings, *compiled.notes, *times.notes, *success.notes),
            clock=job.clock.name,
            device_warnings=tuple(calibration.warnings),
        ),
        **intervals,
    )


def _intervals(success: reliability.LogSuccess, measured: int, width: float) -> dict[str, tuple[float, float]]:
    low, high = success_interval(exp(success.total + success.readout), width)
    return {
        "success_interval": success_interval(exp(success.total), width),
        "measured_fidelity_interval": (_with_floor(low, measured), _with_floor(high, measured)),
    }


def _with_floor(p: float, n_qubits: int) -> float:
    """Failed shots still agree by chance."""
    return p * (1 - 2.0**-n_qubits) + 2.0**-n_qubits


def _time_rows(cost: QuantumCost) -> list[list[str]]:
    whole = cost.effective_time

    def row(label: str, time: float) -> list[str]:
        share = f"{100 * time / whole:.1f} %" if whole and isfinite(whole) else ""
        return [label, seconds(time), share]

    return [
        row("logical gates", cost.logical_time),
        row("routing", cost.routing_time),
        row("= execution", cost.execution_time),
        row("gate errors", cost.gate_error_penalty),
        row("decoherence", cost.decoherence_penalty),
        ["= effective", cost.effective_text, row("", whole)[2]],
        ["readout", seconds(cost.readout_time), ""],
        [f"usage, {cost.provenance.shots} shots", seconds(cost.usage_time), ""],
        *_usage_rows(cost),
    ]


def _usage_rows(cost: QuantumCost) -> list[list[str]]:
    if cost.provenance.model != "hardware" or cost.usage_interval is None:
        return []
    return [["  90 % of such jobs", " to ".join(map(seconds, cost.usage_interval)), ""]]


def _success_rows(cost: QuantumCost) -> list[list[str]]:
    readout = significant(cost.readout_success_probability)
    rows = [["gates and idling", cost.success_text + _interval_text(cost.success_interval)], ["readout", readout]]
    if isfinite(cost.counts_fidelity):
        rows.append(["fidelity of counts", significant(cost.counts_fidelity)])
    if cost.measured_fidelity_interval is None:
        return rows
    measured = f"{cost.measured_fidelity:.2f}{_interval_text(cost.measured_fidelity_interval)}"
    return [*rows, ["right result measured", measured]]


def _interval_text(interval: tuple[float, float] | None) -> str:
    return f", 90 %: {interval[0]:.2f} to {interval[1]:.2f}" if interval else ""


def _explained(cost: QuantumCost) -> list[str]:
    """The formulas with this circuit's numbers, and where the cost model derives them."""
    time, p, source = seconds(cost.execution_time), cost.success_text, cost.provenance
    noise = 7 if source.model == "paper" else 3
    return [
        f"execution {time} = logical {seconds(cost.logical_time)} + routing {seconds(cost.routing_time)}: "
        "until the last gate ends (docs/cost_model.md, section 2)",
        f"p = {p}: what errors and decoherence leave of a shot (section {noise})",
        f"effective {cost.effective_text} = {time} / {p}: a shot is repeated until it is valid (section 3)",
        f"usage {seconds(cost.usage_time)}: the start of a job, then {source.shots:,} shots, "
        "each with its delay, gates and readout (section 9)",
    ]


def _count_rows(cost: QuantumCost) -> list[list[str]]:
    return [
        ["logical", str(cost.logical.one_qubit), str(cost.logical.two_qubit)],
        ["physical", str(cost.physical.one_qubit), str(cost.physical.two_qubit)],
    ]
