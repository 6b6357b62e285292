"""The networks of a front by Aer, beside what was predicted of them and their ideal accuracy: a heavy import."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.data import Dataset, Source
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.hardware.noise import NoisyCircuit
from hybhanas_jupyter.nas.analysis import wilson
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.on_device import DeviceReading, OnDevice, Readout, accuracy
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.store import Archive

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    from hybhanas_jupyter.hardware.devices import Device
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.models.quantum_layer import QuantumLayer


_EFFORT = 5e8  # coefficients x gates that Aer follows for a candidate: seconds
_LEAST_IMAGES = 16  # of a large circuit
_MANY_SHOTS = 20_000  # where values are to be fitted


@dataclass(frozen=True)
class NoisyLayer:
    """A circuit of the parameters x (radians) on the qubits that take part only, measured, and what simulates it."""

    circuit: "QuantumCircuit"
    simulator: "AerSimulator"

    @classmethod
    def of(cls, layer: "QuantumLayer", device: "Device", *, noise: bool, optimization_level: int) -> "NoisyLayer":
        """The layer's circuit as it is costed on `device`, with gate, readout and idle errors if `noise`."""
        from qiskit_aer import AerSimulator

        from hybhanas_jupyter.costs.quantum import quantum_cost

        cost = quantum_cost(layer.ansatz, device, optimization_level=optimization_level)
        weights = layer.weights.detach().double().flatten().tolist()
        circuit = cost.physical_circuit
        circuit = circuit.assign_parameters({p: weights[p.index] for p in circuit.parameters if p.vector.name == "w"})
        run = NoisyCircuit.of(circuit, device)
        measured = [run.qubits.index(qubit) for qubit in cost.measured_qubits]
        physical = _measured(run.noisy if noise else run.ideal, measured)
        return cls(physical, AerSimulator(noise_model=run.noise_model if noise else None))

    def values(self, angles: np.ndarray, ideal: np.ndarray, *, shots: int, seed: int) -> tuple[np.ndarray, float]:
        """What is read instead of `ideal` <Z> (samples, qubits), and the mean error of the map that was used for it.

        A small circuit is run with the angles (samples, qubits) of all samples, a large one with some of them.
        """
        effort = 4.0**self.circuit.num_qubits * len(self.circuit.data)
        few = max(int(_EFFORT / effort), _LEAST_IMAGES)
        if few >= len(angles):
            return self.expectations(angles, shots=shots, seed=seed), 0.0
        some = np.linspace(0, len(angles) - 1, few).astype(int)
        noisy = self.expectations(angles[some], shots=_MANY_SHOTS, seed=seed)
        damping, offset = np.array([_line(x, y) for x, y in zip(ideal[some].T, noisy.T, strict=True)]).T
        error = float(np.mean(np.abs(damping * ideal[some] + offset - noisy)))
        return DeviceReading(damping, offset, shots).of(ideal, np.random.default_rng(seed)), error

    def expectations(self, angles: np.ndarray, *, shots: int, seed: int) -> np.ndarray:
        """<Z> of every logical qubit, (samples, qubits), for `angles` (samples, qubits) in radians."""
        # One circuit with many values, not many circuits: its noise is worked out once.
        values = {p: angles[:, p.index].tolist() for p in self.circuit.parameters}
        job = self.simulator.run([self.circuit], parameter_binds=[values], shots=shots, seed_simulator=seed)
        counts = job.result().get_counts()
        return np.array([_mean_z(c, angles.shape[1]) for c in (counts if isinstance(counts, list) else [counts])])


@dataclass(frozen=True)
class Verified:
    """One candidate on the same validation images, `samples` of them.

    - `ideal_accuracy`: of exact expectation values
    - `predicted_accuracy`: of what `OnDevice` makes of them
    - `noisy_accuracy`: of Aer's shots
    - `fit_error`: mean difference of Aer's values to the map that stands for the images it did not simulate; 0 for none
    """

    evaluation: Evaluation
    samples: int
    ideal_accuracy: float
    predicted_accuracy: float
    noisy_accuracy: float
    fit_error: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where Aer's accuracy on all images lies with 95 % probability, by Wilson's score (low, high)."""
        return wilson(self.noisy_accuracy, self.samples)


@dataclass(frozen=True, repr=False)
class Verification(Reported):
    """The candidates of a front with their accuracies on `samples` validation images, `shots` for each."""

    device: str
    samples: int
    shots: int
    noise: bool
    rows: tuple[Verified, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for JSON."""
        names = ("device", "samples", "shots", "noise")
        return {**{name: getattr(self, name) for name in names}, "candidates": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [
            {
                "number": row.evaluation.number,
                "architecture": row.evaluation.architecture.label,
                **{name: getattr(row, name) for name in _ACCURACIES},
                "interval_low": row.interval[0],
                "interval_high": row.interval[1],
            }
            for row in self.rows
        ]

    def _report(self) -> Report:
        return _verification_report(self)


_ACCURACIES = ("ideal_accuracy", "predicted_accuracy", "noisy_accuracy", "fit_error")


def verify(
    archive: Archive,
    config: SearchConfig,
    front: Sequence[Evaluation],
    source: Dataset | Source | None,
    *,
    noise: bool,
    samples: int,
    shots: int,
    seed: int,
) -> Verification:
    """Evaluate the networks of `front` with their physical circuits in Aer, `shots` a validation image.

    `noise` takes gate, readout and idle errors from the run's calibration; without it only the shots are random. Of
    larger circuits Aer simulates some images, and the best map of exact to noisy values stands for the others.
    Raises `ConfigError` for more `samples` than there are, `DataError` if the data are not the run's.
    """
    kept, data = archive.provenance(), source if isinstance(source, Dataset) else config.load_data(source)
    kept.data.check(DataInfo.of(data))
    available = len(data.x_validation)
    if not 1 <= samples <= available:
        raise ConfigError(f"samples is {samples}: it must be from 1 to {available}, the validation images.")
    chosen = np.sort(np.random.default_rng(seed).permutation(available)[:samples])
    images, labels = data.x_validation[chosen], data.y_validation[chosen]

    options = replace(config.cost_options, shots=shots)

    def accuracies(evaluation: Evaluation) -> Verified:
        net, ansatz = archive.network(evaluation), evaluation.architecture.ansatz
        readout = Readout.of(net, data)
        reading = OnDevice(kept.device, options, seed).reading(ansatz, readout) if noise else _perfect(ansatz, shots)
        layer = NoisyLayer.of(net.quantum, kept.device, noise=noise, optimization_level=config.optimization_level)
        ideal = readout.validation[chosen]
        predicted = reading.of(ideal, np.random.default_rng(seed))
        noisy, error = layer.values(_angles(net, images), ideal, shots=shots, seed=seed)
        exact, guess, read = (
            accuracy(values, readout.classifier, readout.bias, labels) for values in (ideal, predicted, noisy)
        )
        return Verified(evaluation, samples, exact, guess, read, error)

    rows = tuple(accuracies(evaluation) for evaluation in front)
    return Verification(kept.device.name, samples, shots, noise, rows)


def _verification_report(verification: Verification) -> Report:
    """Ideal and noisy accuracy of every candidate."""
    kind = "noise" if verification.noise else "shots only"
    title = (
        f"{verification.device}, {kind}: {verification.samples} validation images, {verification.shots} shots for each"
    )
    rows = [
        [
            row.evaluation.architecture.label,
            f"{row.ideal_accuracy:.1%}",
            f"{row.predicted_accuracy:.1%}",
            f"{row.noisy_accuracy:.1%}",
            f"{row.interval[0]:.1%} to {row.interval[1]:.1%}",
        ]
        for row in verification.rows
    ]
    headers = ["Architecture", "Ideal accuracy", "Predicted", "By Aer's shots", "95 % interval of these images"]
    return Report(title, [(headers, rows)])


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the best line; a slope of 0 where x does not vary."""
    slope = float(np.cov(x, y, bias=True)[0, 1] / np.var(x)) if np.ptp(x) > 1e-6 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _perfect(ansatz: Ansatz, shots: int) -> DeviceReading:
    return DeviceReading(np.ones(ansatz.n_qubits), np.zeros(ansatz.n_qubits), shots)


def _angles(net: "HybridNet", images: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        angles: np.ndarray = net.angles(torch.from_numpy(images)).double().numpy()
    return angles


def _mean_z(counts: dict[str, int], qubits: int) -> list[float]:
    total = sum(counts.values())
    ones = [sum(n for bits, n in counts.items() if bits[-1 - qubit] == "1") for qubit in range(qubits)]
    return [1 - 2 * n / total for n in ones]


def _measured(circuit: "QuantumCircuit", qubits: list[int]) -> "QuantumCircuit":
    from qiskit import ClassicalRegister

    register = ClassicalRegister(len(qubits))
    circuit.add_register(register)
    circuit.measure(qubits, register)
    return circuit
