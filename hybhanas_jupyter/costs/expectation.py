"""What noise leaves of expectation values, and what it takes to read them to a given precision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.circuits.readers import to_circuit
from hybhanas_jupyter.costs.clocks import Clock
from hybhanas_jupyter.costs.compilation import acts_on_results, is_physical
from hybhanas_jupyter.costs.hardware_model import interval_width, success_interval
from hybhanas_jupyter.costs.noisy_values import Flips, affine_maps, random_angles
from hybhanas_jupyter.costs.observables import Letters, Observable, One, read_observables
from hybhanas_jupyter.costs.options import CostOptions
from hybhanas_jupyter.costs.own_runs import clock_of
from hybhanas_jupyter.costs.quantum import QuantumCost, quantum_cost_of
from hybhanas_jupyter.costs.timeline import Timeline
from hybhanas_jupyter.errors import CircuitError, shown
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant
from hybhanas_jupyter.hardware.devices import Device, device

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from hybhanas_jupyter.hardware.devices import Backend

Array = npt.NDArray[np.float64]
_COLUMNS = ("damping", "offset", "readout_damping", "readout_offset", "shots", "time")
PRECISION = 0.02  # of an expectation value, where nothing else is asked for
_BRANCHES = {"if_else", "switch_case", "while_loop"}
_SHOWN = 24  # rows of the report's table


@dataclass(frozen=True, repr=False, eq=False)
class ExpectationCost(Reported):
    """What the device makes of expectation values; all arrays are over `observables`, in their order.

    - `damping`, `offset`: noisy = damping x ideal + offset, of the state before readout.
    - `readout_damping`, `readout_offset`: read = readout_damping x noisy + readout_offset.
    - `shots`: to reach `precision`, one standard deviation of the mitigated value; whole numbers, inf where nothing is
      left. At most 1 / (precision x damping x readout_damping)^2 for a Pauli string.
    - `time`: seconds of these shots on the usage clock, the start of a job left out: shots x `seconds_per_shot`.
    - `ideal`: the ideal values; NaN where the circuit has free parameters or its light cone is too large.
    - `methods`: "exact" (of a circuit with free parameters: the best fit to random angles) or "mean field".
    - `groups`: bases in which the terms of a sum are read.
    - `cost`: the circuit's `QuantumCost`.
    """

    cost: QuantumCost
    observables: tuple[str, ...]
    precision: float
    clock: Clock
    damping: Array
    offset: Array
    readout_damping: Array
    readout_offset: Array
    shots: Array
    ideal: Array
    groups: tuple[int, ...]
    methods: tuple[str, ...]

    @property
    def seconds_per_shot(self) -> float:
        """What the clock counts between two shots, execution and readout."""
        return self.clock.per_execution + self.cost.execution_time + self.cost.readout_time

    @property
    def time(self) -> Array:
        """Seconds on the device to read each observable by itself to `precision`."""
        return self.shots * self.seconds_per_shot

    @property
    def expectation_time(self) -> float:
        """Seconds for one expectation value at `precision`: mean of `time`."""
        return float(np.mean(self.time))

    @property
    def standard_error(self) -> Array:
        """One standard deviation of the mitigated values at the shots of `cost.provenance`."""
        return self.precision * np.sqrt(self.shots / self.cost.provenance.shots)

    def noisy(self, ideal: Any = None, readout: bool = True) -> Array:
        """The values that the device gives for `ideal` ones, (..., observables); None: for the circuit's own.

        `readout=False` leaves the readout out. Raises `CircuitError` where the circuit's own values are not known.
        """
        values = self.ideal if ideal is None else np.asarray(ideal, float)
        if ideal is None and np.isnan(values).any():
            raise CircuitError("The ideal values are not known (free parameters, or a large circuit): give them.")
        state = self.damping * values + self.offset
        return self.readout_damping * state + self.readout_offset if readout else state

    def read_interval(self, ideal: Any = None) -> Array:
        """(low, high), (..., observables, 2), that holds 90 % of the values that real devices read for `ideal` ones.

        Of the damping, as the hardware model has it of success. Raises what `noisy` raises.
        """
        read = self.noisy(ideal)
        width = interval_width(self.cost.provenance.calibration_date)
        left = abs(self.damping * self.readout_damping)
        ends = np.array([success_interval(min(value, 1.0), width) for value in left.tolist()])
        still = self.noisy(np.zeros(len(left)))
        scaled = (read - still)[..., None] * (ends / np.maximum(left, 1e-300)[:, None])
        return np.sort(still[:, None] + scaled, axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """All arrays as lists, precision and seconds, and the circuit's cost."""
        names = ("precision", "seconds_per_shot", "expectation_time")
        arrays = {name: getattr(self, name).tolist() for name in (*_COLUMNS, "ideal", "standard_error")}
        plain = {name: getattr(self, name) for name in names}
        lists = {name: list(getattr(self, name)) for name in ("observables", "groups", "methods")}
        return {**plain, **lists, **arrays, "cost": self.cost.to_dict()}

    def _records(self) -> list[dict[str, Any]]:
        names = (*_COLUMNS, "ideal", "standard_error", "groups", "methods")
        columns = [getattr(self, name) for name in names]
        return [
            {"observable": label, **{name: column[row] for name, column in zip(names, columns, strict=True)}}
            for row, label in enumerate(self.observables)
        ]

    def _report(self) -> Report:
        per_value = f"{seconds(self.expectation_time)} per value to +-{significant(self.precision)}"
        title = f"Expectation values on {self.cost.provenance.device}, {per_value}"
        rest = len(self.observables) - _SHOWN
        more = {f"{rest} more": [" ".join(row) for row in _rows(self)[_SHOWN:]]} if rest > 0 else {}
        shot = self.cost._report()
        where = [*shot.folded["Provenance"], _methods_text(self.methods), _WEAK]
        tables = [(_HEADERS, _rows(self)[:_SHOWN]), _clock_table(self), *shot.tables]
        return replace(shot, title=title, tables=tables, folded={**more, **shot.folded, "Provenance": where})


_WEAK = "coherent errors, crosstalk and correlated readout are not in the calibration, and not in these figures"
_HEADERS = ["observable", "damping", "offset", "with readout", "offset", "ideal", "read", "shots", "time"]


def _rows(cost: ExpectationCost) -> list[list[str]]:
    read = cost.noisy(cost.ideal)
    whole = zip(cost.damping * cost.readout_damping, cost.noisy(np.zeros(len(read))), strict=True)
    return [
        [label, _value(f), _value(b), _value(fr), _value(br), _value(x), _value(y), _count(n), seconds(t)]
        for label, f, b, (fr, br), x, y, n, t in zip(
            cost.observables, cost.damping, cost.offset, whole, cost.ideal, read, cost.shots, cost.time, strict=True
        )
    ]


def _value(value: float) -> str:
    return f"{value:.4f}" if isfinite(value) else ""


def _count(value: float) -> str:
    return f"{value:,.0f}" if value < 1e9 else f"{value:.2g}"


def _clock_table(cost: ExpectationCost) -> tuple[list[str], list[list[str]]]:
    return ["usage clock", "time"], [
        ["a shot", seconds(cost.seconds_per_shot)],
        ["an expectation value, mean", seconds(cost.expectation_time)],
    ]


def _methods_text(methods: Sequence[str]) -> str:
    counts = {name: methods.count(name) for name in dict.fromkeys(methods)}
    return "noise followed by: " + ", ".join(f"{name} ({count})" for name, count in counts.items())


def expectation_cost(
    circuit: Any,
    backend: "Backend",
    observables: "One | Sequence[One]" = "Z",
    *,
    precision: float = PRECISION,
    shots: int = 1000,
    optimization_level: int = 2,
    seed: int = 0,
    model: str = "calibrated",
    arguments: Sequence[Any] = (),
) -> ExpectationCost:
    """What the noise of `backend` leaves of the expectation values of `circuit`, and the seconds to read them.

    - `circuit`, `backend`, `optimization_level`, `seed`, `arguments`: as in `quantum_cost`, which costs the circuit;
      `model` and `shots` only concern its clocks. Measurements of the circuit do not matter.
    - `observables`: Pauli strings in Qiskit's order (the last letter is qubit 0's), `SparsePauliOp`s (each is one
      observable, a sum), or a list of both, on the circuit's qubits; "Z": Z on every qubit. Of a circuit that is
      physical for the device they are on the device's qubits.
    - `precision`: one standard deviation of the mitigated value, (read - offsets) / dampings.

    Angles that are symbolic are averaged over. Raises `CircuitError` for observables that do not fit the circuit, and
    what `quantum_cost` raises. Source: docs/cost_model.md, "Expectation values".
    """
    options = CostOptions(shots, optimization_level, seed, model)
    return expectation_cost_of(to_circuit(circuit, arguments), device(backend), options, observables, precision)


def expectation_cost_of(
    circuit: "QuantumCircuit",
    device: Device,
    options: CostOptions,
    observables: "One | Sequence[One]" = "Z",
    precision: float = PRECISION,
    *,
    exact: bool = True,
) -> ExpectationCost:
    """`expectation_cost` of a circuit and a device that are known, with options that are checked.

    Without `exact` by the mean field alone: milliseconds for any circuit.
    """
    if not isinstance(precision, int | float) or not 0 < precision < inf:
        raise CircuitError(f"precision is {shown(precision)}: it must be a positive number, such as {PRECISION}.")
    branches = _BRANCHES & circuit.count_ops().keys()
    if branches:
        way = "it has no one expectation value; cost each branch by itself"
        raise CircuitError(f"Circuit {shown(circuit.name)} contains {', '.join(sorted(branches))}: {way}.")
    logical, calibration = _unmeasured(circuit), device.calibration
    given = read_observables(observables, logical.num_qubits)
    cost = quantum_cost_of(logical, device, options)
    if acts_on_results(cost.physical_circuit):
        way = "expectation values are of what is read at the end only"
        raise CircuitError(f"Circuit {shown(circuit.name)} measures or resets on its way: {way}.")
    places = range(calibration.n_qubits) if is_physical(logical, calibration) else cost.measured_qubits
    wanted = [observable.on(dict(enumerate(places))) for observable in given]
    flips = {qubit: calibration.readout_flips(qubit) for observable in wanted for qubit in observable.qubits}
    parameters = list(cost.physical_circuit.parameters)
    timeline = Timeline(cost.physical_circuit, calibration)
    angles = random_angles(parameters, options.seed)
    maps, damping = affine_maps(timeline, wanted, flips, angles, None if exact else 0.0)
    return ExpectationCost(
        cost=cost,
        observables=tuple(observable.label for observable in given),
        precision=float(precision),
        clock=clock_of(calibration),
        damping=np.array([m.damping for m in maps]),
        offset=np.array([m.offset for m in maps]),
        readout_damping=np.array([m.readout_damping for m in maps]),
        readout_offset=np.array([m.readout_offset for m in maps]),
        shots=np.array([_shots(o, m.damping, damping, flips, precision) for o, m in zip(wanted, maps, strict=True)]),
        ideal=np.array([m.values.ideal[0] if m.values and not parameters else np.nan for m in maps]),
        groups=tuple(len(observable.groups()) for observable in wanted),
        methods=tuple(m.method for m in maps),
    )


def _shots(
    observable: Observable, damping: float, dampings: dict[Letters, float], flips: Flips, precision: float
) -> float:
    """Shots to read the observable, as many in every group as keeps the total least; terms count as uncorrelated."""
    groups = observable.groups()
    single = len(observable.strings) == 1

    def deviation(letters: Letters, coefficient: float) -> float:
        left = (damping if single else dampings[letters]) * prod(1 - sum(flips[qubit]) for qubit, _ in letters)
        return coefficient / left if left else np.inf

    spreads = [np.sqrt(sum(deviation(t.letters, t.coefficient) ** 2 for t in group)) for group in groups]
    return float(np.ceil((sum(spreads) / precision) ** 2 - 1e-9))


def _unmeasured(circuit: "QuantumCircuit") -> "QuantumCircuit":
    return circuit.remove_final_measurements(inplace=False) if "measure" in circuit.count_ops() else circuit
