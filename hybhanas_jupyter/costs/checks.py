"""Our predictions against Qiskit's scheduler, Aer's noise, measured training steps and real devices (public entry).

Each returns a `Check`: it prints its figures, `figure()` draws it, `points` are the single comparisons.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES, Ansatz
from hybhanas_jupyter.costs.hardware_runs import HardwareCheck, hardware_check
from hybhanas_jupyter.costs.profile import DeviceProfile, device_profile, measured_steps
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.errors import DataError, check_name
from hybhanas_jupyter.formatting import Report, Reported, significant
from hybhanas_jupyter.hardware.devices import device

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from qiskit import QuantumCircuit

_SHOWN = 10
_SAME_PACE = 1.15  # the error that a fitted profile may have
_SCHEDULER_DEVICES = ("fake_kyiv", "fake_torino")
_RELIABILITY_DEVICES = ("fake_kyiv", "fake_torino", "fake_brisbane", "fake_fez", "fake_algiers")


@dataclass(frozen=True)
class Point:
    """One comparison: what was predicted, and what the independent reference says."""

    label: str
    predicted: float
    reference: float


@dataclass(frozen=True, repr=False)
class Check(Reported):
    """Predictions beside references of the same quantity; times are in seconds."""

    quantity: str
    reference: str
    points: tuple[Point, ...]
    notes: tuple[str, ...] = ()

    @property
    def mean_error(self) -> float:
        """Mean of |predicted - reference|."""
        return fmean(abs(point.predicted - point.reference) for point in self.points)

    @property
    def max_relative_error(self) -> float:
        """Largest |predicted / reference - 1|."""
        return max(abs(point.predicted / point.reference - 1) for point in self.points)

    @property
    def mean_relative_error(self) -> float:
        """Mean of |predicted / reference - 1|."""
        return fmean(abs(point.predicted / point.reference - 1) for point in self.points)

    @property
    def spearman(self) -> float:
        """Rank correlation; NaN for fewer than two points."""
        from scipy.stats import spearmanr

        if len(self.points) < 2:
            return float("nan")
        return float(spearmanr([p.predicted for p in self.points], [p.reference for p in self.points]).statistic)

    def to_dict(self) -> dict[str, Any]:
        """The figures, and every point as (label, predicted, reference)."""
        names = ("mean_error", "mean_relative_error", "max_relative_error", "spearman")
        points = [(point.label, point.predicted, point.reference) for point in self.points]
        return {"quantity": self.quantity, **{name: getattr(self, name) for name in names}, "points": points}

    def figure(self) -> "Figure":
        """Predicted over reference with the diagonal; drawn without pyplot."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.5, 4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        reference = [point.reference for point in self.points]
        axes.axline((0, 0), slope=1, color="0.6", linewidth=1, label="equal")
        axes.scatter(reference, [point.predicted for point in self.points], s=18, color="#0072b2", label="predicted")
        axes.set(xlabel=f"{self.quantity}, {self.reference}", ylabel=f"{self.quantity}, predicted")
        axes.legend()
        return figure

    def _report(self) -> Report:
        rows = [
            ["comparisons", str(len(self.points))],
            ["mean absolute error", f"{self.mean_error:.3g}"],
            ["mean relative error", f"{self.mean_relative_error:.3g}"],
            ["largest relative error", f"{self.max_relative_error:.3g}"],
            ["Spearman rank correlation", f"{self.spearman:.4f}"],
        ]
        worst = sorted(self.points, key=lambda point: -abs(point.predicted / point.reference - 1))[:_SHOWN]
        points = [f"{p.label}: {significant(p.predicted, 4)}, reference {significant(p.reference, 4)}" for p in worst]
        return Report(
            title=f"Predicted {self.quantity} against {self.reference}",
            tables=[(["check", "figure"], rows)],
            folded={"Furthest off": points, "Notes": list(self.notes)},
        )


def scheduler(
    devices: Sequence[str] = _SCHEDULER_DEVICES, *, circuits: int = 20, seed: int = 0, model: str = "calibrated"
) -> Check:
    """Our makespan against Qiskit's `estimate_duration`: random circuits, 2-5 qubits, depth 50-600 (paper Fig. 5).

    `model="paper"` shows how far the paper's averages are above the scheduler. `circuits` is per device.
    """
    from qiskit.circuit.random import random_circuit

    rng = np.random.default_rng(seed)
    points = []
    for name in devices:
        for _ in range(circuits):
            n_qubits, depth = int(rng.integers(2, 6)), int(rng.integers(50, 601))
            circuit = random_circuit(n_qubits, depth, max_operands=2, seed=int(rng.integers(2**31)))
            cost = quantum_cost(circuit, name, optimization_level=1, model=model)
            expected = cost.physical_circuit.estimate_duration(device(name).target, unit="s")
            points.append(Point(f"{name}, {n_qubits} qubits, depth {depth}", cost.execution_time, expected))
    return Check("makespan in s", "Qiskit's scheduler", tuple(points))


def reliability(
    devices: Sequence[str] = _RELIABILITY_DEVICES, *, circuits: int = 20, seed: int = 0, kind: str = "ansaetze"
) -> Check:
    """Our expected fidelity against Aer's noisy density matrix, relaxation while idling included.

    - `kind`: "ansaetze" with 2-6 qubits, 1-6 layers, all gates and topologies, at random angles; or "algorithms" of
      Qiskit's library on 3-6 qubits (adders, multipliers, Fourier transforms, Clifford, quantum volume, random)
    - `circuits`: per device; one takes about half a second
    """
    from hybhanas_jupyter.hardware.noise import noisy_fidelity

    rng = np.random.default_rng(seed)
    drawn = {"ansaetze": _ansaetze, "algorithms": _algorithms}[check_name("kind", kind, ("ansaetze", "algorithms"))]
    points = []
    for name, label, circuit in drawn(rng, devices, circuits):
        cost = quantum_cost(circuit, name)
        physical = cost.physical_circuit
        bound = physical.assign_parameters(rng.uniform(-np.pi, np.pi, physical.num_parameters))
        points.append(Point(f"{name}, {label}", cost.expected_fidelity, noisy_fidelity(bound, device(name))))
    return Check("state fidelity", "Aer's noisy simulation", tuple(points))


def hardware(folder: str | Path | None = None, *, optimization_level: int = 2, seed: int = 0) -> HardwareCheck:
    """The hardware model and the usage clocks against what real devices did, each device left out of its fit.

    `folder` holds recorded runs, which this package does not: `ibm_runs.jsonl` and `circuits/`, from metriq-data, and
    for IQM's clocks `iqm_*_jobs.csv`, from FiQCI's resource-estimator. Takes about two minutes. Raises `DataError`
    without them.
    """
    if folder is None:
        raise DataError("Which recorded runs? Give the folder of ibm_runs.jsonl: this package holds none.")
    return hardware_check(folder, optimization_level=optimization_level, seed=seed)


def classical(
    profile: DeviceProfile | None = None, *, networks: int = 40, seed: int = 1, model: str = "calibrated"
) -> Check:
    """Our step time against measured training steps of CNNs that the profile was not fitted to.

    Half of them are made as a search makes them, half of torch's own layers; memory is kept, as in a search.
    `model="paper"` uses FLOPs over the reference CNN's throughput. Measures for about 15 s, on one core.
    """
    from hybhanas_jupyter.costs.work import Work

    profile = profile or device_profile()
    reference, *steps = measured_steps(networks, seed)
    points = []
    for number, step in enumerate(steps, start=1):
        work = Work.from_dict(step["work"])
        predicted = profile.step_time(work) if model == "calibrated" else work.flops / profile.throughput
        label = f"CNN {number} ({step['kind']}), {work.parameters:,} parameters"
        points.append(Point(label, predicted, step["seconds"]))
    notes = _pace_notes(reference["work"]["flops"] / reference["seconds"] / profile.throughput)
    return Check("training step in s", "measured steps", tuple(points), notes)


def _pace_notes(pace: float) -> tuple[str, ...]:
    """A note unless the machine is as fast as when it was profiled."""
    if abs(log(pace)) < log(_SAME_PACE):
        return ()
    advice = "stop what else runs, or measure anew with device_profile(refresh=True)"
    return (f"this machine trains the reference CNN at {pace:.2f} times the profile's speed: {advice}",)


_Drawn = Iterator[tuple[str, str, Any]]  # device, label, circuit


def _ansaetze(rng: np.random.Generator, devices: Sequence[str], circuits: int) -> _Drawn:
    for name in devices:
        for _ in range(circuits):
            rotations = rng.permutation(ROTATIONS)[: rng.integers(1, 4)].tolist()
            entangler, topology = str(rng.choice(ENTANGLERS)), str(rng.choice(TOPOLOGIES))
            ansatz = Ansatz(int(rng.integers(2, 7)), int(rng.integers(1, 7)), tuple(rotations), entangler, topology)
            yield name, f"{ansatz.n_qubits} qubits x {ansatz.depth}, {entangler} {topology}", ansatz


def _algorithms(rng: np.random.Generator, devices: Sequence[str], circuits: int) -> _Drawn:
    for number, name in enumerate(name for name in devices for _ in range(circuits)):
        n_qubits, seed = int(rng.integers(3, 7)), int(rng.integers(2**31))
        families = _families(n_qubits, seed)
        family = list(families)[number % len(families)]
        circuit = families[family]()
        yield name, f"{family} on {circuit.num_qubits} qubits", circuit


def _families(n_qubits: int, seed: int) -> "dict[str, Callable[[], QuantumCircuit]]":
    from qiskit import QuantumCircuit
    from qiskit.circuit import library
    from qiskit.circuit.random import random_circuit
    from qiskit.quantum_info import random_clifford

    def on(gate: Any) -> "QuantumCircuit":
        circuit = QuantumCircuit(gate.num_qubits)
        circuit.x(0)
        circuit.append(gate, range(gate.num_qubits))
        return circuit

    return {
        "adder": lambda: on(library.FullAdderGate((n_qubits - 1) // 2)),
        "Fourier transform": lambda: on(library.QFTGate(n_qubits)),
        "multiplier": lambda: on(library.MultiplierGate(1)),
        "Clifford": lambda: on(random_clifford(n_qubits, seed=seed)),
        "quantum volume": lambda: library.quantum_volume(n_qubits, 3, seed=seed),
        "random": lambda: random_circuit(n_qubits, 8, max_operands=2, seed=seed),
    }
