"""How long recorded jobs of real devices took, beside clocks that were fitted without them."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.costs.clocks import SECONDS_PER_JOB, Jobs, left_out_errors, vendor_clock
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.errors import DataError
from hybhanas_jupyter.formatting import Table
from hybhanas_jupyter.hardware.devices import device

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

RUNS = "ibm_runs.jsonl"
_IQM_FILES = {"Helmi": "iqm_helmi_jobs.csv", "Q50": "iqm_q50_jobs.csv"}
_NEAR = 0.2  # relative error
_FOLDS = 5
# Circuits of a job by the benchmark's definition (metriq-gym); 120 pairs of layers for EPLG.
_CIRCUITS: dict[str, int | str] = {
    "QML Kernel": 1,
    "WIT": 1,
    "Quantum Fourier Transform": 3,
    "EPLG": 240,
    "Mirror Circuits": "num_circuits",
    "CLOPS": "num_circuits",
    "Linear Ramp QAOA": "trials",
}


@dataclass(frozen=True)
class ClockCheck:
    """Seconds of recorded jobs, by a clock that was fitted without them, and by IBM's published form.

    `held` is the share of jobs within the 90 % interval of the clock that the package uses.
    """

    clock: str
    seconds: tuple[float, ...]
    predicted: tuple[float, ...]
    published: tuple[float, ...]
    held: float

    def figures(self) -> dict[str, float]:
        """Jobs, shares within 20 %, median and mean relative error, and what the interval holds."""
        ours, theirs = (abs(np.array(values) / self.seconds - 1) for values in (self.predicted, self.published))
        return {
            "jobs": float(len(self.seconds)),
            "within 20 %": float(np.mean(ours <= _NEAR)),
            "published within 20 %": float(np.mean(theirs <= _NEAR)),
            "median error": float(np.median(ours)),
            "mean error": float(np.mean(ours)),
            "held": self.held,
        }


def clock_table(checks: Sequence[ClockCheck]) -> Table:
    """A row for every clock."""
    rows = []
    for check in checks:
        figures = check.figures()
        shares = [f"{figures[name]:.0%}" for name in ("within 20 %", "published within 20 %", "median error", "held")]
        rows.append([f"{check.clock}, {figures['jobs']:.0f} jobs", *shares])
    return ["seconds of jobs", "within 20 %", "IBM's published form", "median error", "interval holds"], rows


def clock_checks(folder: str | Path) -> tuple[ClockCheck, ...]:
    """Clocks of IBM's devices, each device left out of the fit, and of IQM's, each fifth of the jobs left out."""
    checks = [_ibm_check(recorded(folder))]
    usual = device("fake_torino").calibration  # whose delay is IBM's usual one
    for name, file in _IQM_FILES.items():
        path = Path(folder) / file
        if path.is_file():
            jobs = _iqm_jobs(path)
            groups = np.arange(len(jobs)) % _FOLDS
            published = np.full(len(jobs), usual.repetition_delay)
            checks.append(_check(name, jobs, groups, usual.model_copy(update={"name": name}), published))
    return tuple(checks)


def recorded(folder: str | Path) -> list[dict[str, Any]]:
    """All recorded runs. Raises `DataError` where the folder holds none."""
    path = Path(folder) / RUNS
    if not path.is_file():
        raise DataError(
            f"{str(folder)!r} has no {RUNS}: give the folder of recorded runs (metriq-data's benchmarks of IBM's "
            "devices, with their circuits as OpenQASM 2). The package holds none."
        )
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _ibm_check(runs: Sequence[Mapping[str, Any]]) -> ClockCheck:
    rows, devices = [], []
    for run in runs:
        if run["runtime_seconds"] and run["benchmark"] in _CIRCUITS:
            rows.append(_ibm_job(run))
            devices.append(run["device"])
    jobs = Jobs(*np.array(rows).T)
    calibration = device("fake_torino").calibration
    return _check("IBM", jobs, np.array(devices), calibration, jobs.known)


def _ibm_job(run: Mapping[str, Any]) -> tuple[float, ...]:
    calibration = device(run["device"].replace("ibm_", "fake_")).calibration
    circuits = _CIRCUITS[run["benchmark"]]
    count = run["params"][circuits] if isinstance(circuits, str) else circuits
    shot = calibration.repetition_delay + (calibration.reset or 0.0) + calibration.usual_readout
    if run["benchmark"] == "Quantum Fourier Transform":  # the only one whose circuits are long beside the delay
        n = run["params"].get("num_qubits") or run["params"]["max_qubits"]
        shot += quantum_cost(_fourier(n), calibration, optimization_level=1).execution_time
    return run["runtime_seconds"], count, run["params"]["shots"], shot, 0.0


def _fourier(n_qubits: int) -> "QuantumCircuit":
    """A state with the Fourier transform, turned in it, and back: the benchmark's circuit (QED-C, method 1)."""
    from qiskit import QuantumCircuit

    there = QuantumCircuit(n_qubits)
    for i in reversed(range(n_qubits)):
        there.h(i)
        for j in range(i):
            there.cp(pi / 2 ** (i - j), j, i)
    circuit = QuantumCircuit(n_qubits)
    circuit.x(range(0, n_qubits, 2))
    circuit.compose(there, inplace=True)
    for i in range(n_qubits):
        circuit.rz(pi / 2**i, i)
    circuit.compose(there.inverse(), inplace=True)
    circuit.measure_all()
    return circuit


def _iqm_jobs(path: Path) -> Jobs:
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    count = "num_circuits" if "num_circuits" in rows[0] else "batches"
    try:
        seconds, circuits, shots, n_qubits, depth = (
            np.array([float(row[name]) for row in rows])
            for name in ("qpu_seconds", count, "shots", "num_qubits", "depth")
        )
    except (KeyError, ValueError) as error:
        raise DataError(f"{str(path)!r} is no file of IQM's jobs: {error}.") from None
    return Jobs(seconds, circuits, shots, np.zeros(len(rows)), (n_qubits - 1) * depth)


def _check(name: str, jobs: Jobs, groups: np.ndarray, calibration: Any, published: np.ndarray) -> ClockCheck:
    """`published` are the known seconds of a shot that IBM's form adds its 2 s to."""
    clock = vendor_clock(calibration)
    prior = (clock.per_job, clock.per_circuit, 0.0 if np.any(jobs.known) else clock.per_execution, clock.per_cell)
    predicted = jobs.seconds * np.exp(left_out_errors(jobs, prior, groups))
    per_execution = prior[2] or clock.per_execution - calibration.repetition_delay - (calibration.reset or 0.0)
    used = jobs.seconds * np.exp(jobs.log_errors(np.array([*prior[:2], per_execution, prior[3]])))
    ratios = jobs.seconds / used
    return ClockCheck(
        clock=name,
        seconds=tuple(jobs.seconds.tolist()),
        predicted=tuple(predicted.tolist()),
        published=tuple((SECONDS_PER_JOB + jobs.executions * published).tolist()),
        held=float(np.mean((ratios >= clock.spread[0]) & (ratios <= clock.spread[1]))),
    )
