"""What training a circuit costs on a device: executions by the shift rule, times the clocks of one shot."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from math import nan
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.readers import Arguments, to_circuit
from hybhanas_jupyter.circuits.shift_rules import shift_evaluations
from hybhanas_jupyter.costs.clocks import Clock
from hybhanas_jupyter.costs.compilation import acts_on_results
from hybhanas_jupyter.costs.expectation import PRECISION, ExpectationCost, expectation_cost_of
from hybhanas_jupyter.costs.options import CostOptions, check_whole
from hybhanas_jupyter.costs.own_runs import clock_of
from hybhanas_jupyter.costs.quantum import QuantumCost, quantum_cost_of
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant
from hybhanas_jupyter.hardware.devices import Device, device

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from hybhanas_jupyter.hardware.devices import Backend

_PARTS = ("cost", "clock", "expectation")
_DERIVED = ("circuits", "executions", "jobs", "quantum_time", "usage_time", "expectation_time")
_CIRCUITS_PER_JOB = 300  # as on IBM's devices


@dataclass(frozen=True, repr=False)
class TrainingCost(Reported):
    """Executions and seconds of a whole training run, with everything that was assumed.

    `evaluations_per_sample` is the forward pass and all shift evaluations; `jobs` are what the usage `clock` starts.
    `expectation` says what noise leaves of what is read: Z on every qubit, mitigated to a precision; None where nobody
    asked.
    """

    cost: QuantumCost
    samples: int
    epochs: int
    batch_size: int
    shots: int
    circuits_per_job: int
    clock: Clock
    evaluations_per_sample: int
    measurement_groups: int
    expectation: ExpectationCost | None = field(default=None, compare=False)

    @property
    def expectation_time(self) -> float:
        """Seconds on the usage clock for one expectation value at its precision; NaN where nobody asked."""
        return self.expectation.expectation_time if self.expectation else nan

    @property
    def circuits(self) -> int:
        """Bound circuits that are run: samples x epochs x evaluations x groups."""
        return self.samples * self.epochs * self.circuits_per_sample

    @property
    def circuits_per_sample(self) -> int:
        """One circuit for every evaluation and group of commuting observables."""
        return self.evaluations_per_sample * self.measurement_groups

    @property
    def executions(self) -> int:
        """Shots of the whole run: circuits x shots."""
        return self.circuits * self.shots

    @property
    def jobs(self) -> int:
        """Every training step waits for its own jobs; one step holds batch_size samples."""
        full, rest = divmod(self.samples, self.batch_size)
        return self.epochs * (full * self._jobs_of(self.batch_size) + self._jobs_of(rest))

    def _jobs_of(self, samples: int) -> int:
        return -(-samples * self.circuits_per_sample // self.circuits_per_job)

    @property
    def quantum_time(self) -> float:
        """Seconds of the paper's clock: executions x effective time."""
        return self.executions * self.cost.effective_time

    @property
    def usage_time(self) -> float:
        """Seconds of a provider's `clock` for all jobs."""
        shot_time = self.cost.execution_time + self.cost.readout_time
        return self.clock.seconds(circuits=self.circuits, shots=self.shots, shot_time=shot_time, jobs=self.jobs)

    def to_dict(self) -> dict[str, Any]:
        """All fields and derived figures by name; of the circuit's cost only the times."""
        assumed = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _PARTS}
        derived = {name: getattr(self, name) for name in _DERIVED}
        return {**assumed, **derived, "clock": self.clock.to_dict(), "cost": self.cost.to_dict()}

    def _report(self) -> Report:
        run = f"{self.samples} samples x {self.epochs} epochs x {self.shots} shots"
        shot = self.cost._report()
        title = f"Training on {self.cost.provenance.device}: {run}"
        return replace(shot, title=title, tables=[_table(self), *shot.tables])


def training_cost(
    circuit: Any,
    backend: "Backend",
    *,
    samples: int,
    epochs: int,
    shots: int = 1000,
    batch_size: int = 32,
    circuits_per_job: int | None = None,
    optimization_level: int = 2,
    seed: int = 0,
    model: str = "calibrated",
    arguments: Arguments = (),
    data_parameters: Collection[str] = (),
    measurement_groups: int | None = None,
    precision: float = PRECISION,
) -> TrainingCost:
    """Cost of training `circuit` on `samples` samples for `epochs` epochs with the parameter-shift rule.

    Executions = shots x samples x epochs x (1 + shift evaluations) x measurement groups. See `quantum_cost` for the
    parameters that are not listed.

    - `batch_size`: samples of a training step, which waits for its jobs
    - `circuits_per_job`: by default as many as the device takes, 300 where it does not say
    - `data_parameters`: names of parameters that are not differentiated ("x" for a vector x); by default every symbolic
      one is, inputs too, as classical layers in front are trained through them
    - `measurement_groups`: circuits for observables that do not commute; by default those of a QNode, else 1
    - `precision`: of `expectation_time`, which is the one of Z on every qubit, see `expectation_cost`

    Raises `CircuitError` for a number below 1, else what `quantum_cost` raises.
    Source: paper section 2.4 (Algorithm 2, step 5), docs/cost_model.md, section 4.
    """
    options = CostOptions(shots, optimization_level, seed, model)
    logical, target = to_circuit(circuit, arguments), device(backend)
    cost = training_cost_of(
        logical,
        target,
        options,
        samples=samples,
        epochs=epochs,
        batch_size=batch_size,
        circuits_per_job=circuits_per_job,
        shifts=shift_evaluations(circuit, data_parameters, arguments),
        measurement_groups=measurement_groups,
    )
    if acts_on_results(cost.cost.physical_circuit):
        return cost  # nobody can read Z at the end of what is measured on its way
    return replace(cost, expectation=expectation_cost_of(logical, target, options, precision=precision))


def training_cost_of(
    circuit: "QuantumCircuit",
    device: Device,
    options: CostOptions,
    *,
    samples: int,
    epochs: int,
    batch_size: int = 32,
    circuits_per_job: int | None = None,
    shifts: int | None = None,
    measurement_groups: int | None = None,
) -> TrainingCost:
    """`training_cost` of a circuit and a device that are known, with options that are checked; no `expectation`.

    `shifts`: evaluations for the gradient of a sample; None: for all parameters of the circuit.
    """
    if circuits_per_job is None:
        circuits_per_job = device.calibration.max_circuits or _CIRCUITS_PER_JOB
    if measurement_groups is None:
        measurement_groups = (circuit.metadata or {}).get("measurement_groups", 1)
    whole: dict[str, Any] = {
        "samples": samples,
        "epochs": epochs,
        "batch_size": batch_size,
        "circuits_per_job": circuits_per_job,
        "measurement_groups": measurement_groups,
    }
    for name, value in whole.items():
        check_whole(name, value, 1)
    return TrainingCost(
        cost=quantum_cost_of(circuit, device, options),
        shots=options.shots,
        clock=clock_of(device.calibration),
        evaluations_per_sample=1 + (shift_evaluations(circuit) if shifts is None else shifts),
        **whole,
    )


def _table(training: TrainingCost) -> tuple[list[str], list[list[str]]]:
    return ["whole run", "value"], [
        ["evaluations per sample", str(training.evaluations_per_sample)],
        ["circuits per evaluation", str(training.measurement_groups)],
        ["executions", f"{training.executions:,}"],
        ["quantum time", seconds(training.quantum_time)],
        ["jobs", f"{training.jobs:,}"],
        ["usage time", seconds(training.usage_time)],
        *_expectation_row(training),
        ["batch size", str(training.batch_size)],
        ["circuits per job", str(training.circuits_per_job)],
        ["usage clock", training.clock.name],
        ["start of a job", seconds(training.clock.per_job)],
        ["between two shots", seconds(training.clock.per_execution)],
    ]


def _expectation_row(training: TrainingCost) -> list[list[str]]:
    if training.expectation is None:
        return []
    precision = significant(training.expectation.precision)
    return [[f"an expectation value to +-{precision}", seconds(training.expectation_time)]]
