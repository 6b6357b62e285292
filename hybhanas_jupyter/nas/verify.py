"""The networks of a front by Aer, under the device's noise or none, beside their ideal accuracy: a heavy import."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.data import Source
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.hardware.noise import NoisyCircuit
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.store import Archive

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    from hybhanas_jupyter.hardware.devices import Device
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.models.quantum_layer import QuantumLayer


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

    def expectations(self, angles: np.ndarray, *, shots: int, seed: int) -> np.ndarray:
        """<Z> of every logical qubit, (samples, qubits), for `angles` (samples, qubits) in radians."""
        # One circuit with many values, not many circuits: its noise is worked out once.
        values = {p: angles[:, p.index].tolist() for p in self.circuit.parameters}
        job = self.simulator.run([self.circuit], parameter_binds=[values], shots=shots, seed_simulator=seed)
        counts = job.result().get_counts()
        return np.array([_mean_z(c, angles.shape[1]) for c in (counts if isinstance(counts, list) else [counts])])


@dataclass(frozen=True)
class Verified:
    """One candidate on the same validation images: exact expectation values, and those of the device's shots."""

    evaluation: Evaluation
    ideal_accuracy: float
    noisy_accuracy: float


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
                "ideal_accuracy": row.ideal_accuracy,
                "noisy_accuracy": row.noisy_accuracy,
            }
            for row in self.rows
        ]

    def _report(self) -> Report:
        return _verification_report(self)


def verify(
    archive: Archive,
    config: SearchConfig,
    front: Sequence[Evaluation],
    source: Source | None,
    *,
    noise: bool,
    samples: int,
    shots: int,
    seed: int,
) -> Verification:
    """Evaluate the networks of `front` with their physical circuits in Aer, `shots` a validation image.

    `noise` takes gate, readout and idle errors from the run's calibration; without it only the shots are random.
    Raises `ConfigError` for more `samples` than there are, `DataError` if the data are not the run's.
    """
    kept, data = archive.provenance(), config.load_data(source)
    kept.data.check(DataInfo.of(data))
    available = len(data.x_validation)
    if not 1 <= samples <= available:
        raise ConfigError(f"samples is {samples}: it must be from 1 to {available}, the validation images.")
    chosen = np.sort(np.random.default_rng(seed).permutation(available)[:samples])
    images, labels = data.x_validation[chosen], data.y_validation[chosen]

    def accuracies(evaluation: Evaluation) -> Verified:
        net = archive.network(evaluation).eval()
        layer = NoisyLayer.of(net.quantum, kept.device, noise=noise, optimization_level=config.optimization_level)
        ideal, noisy = _logits(net, layer, images, shots, seed)
        return Verified(evaluation, *(float((z.argmax(1) == labels).mean()) for z in (ideal, noisy)))

    rows = tuple(accuracies(evaluation) for evaluation in front)
    return Verification(kept.device.name, samples, shots, noise, rows)


def _verification_report(verification: Verification) -> Report:
    """Ideal and noisy accuracy of every candidate."""
    kind = "noise" if verification.noise else "shots only"
    title = (
        f"{verification.device}, {kind}: {verification.samples} validation images, {verification.shots} shots for each"
    )
    rows = [
        [row.evaluation.architecture.label, f"{row.ideal_accuracy:.1%}", f"{row.noisy_accuracy:.1%}"]
        for row in verification.rows
    ]
    return Report(title, [(["Architecture", "Ideal accuracy", "Accuracy by shots"], rows)])


def _logits(
    net: "HybridNet", layer: NoisyLayer, images: np.ndarray, shots: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Exact logits, and those that follow from the layer's shots; (samples, classes)."""
    import torch

    with torch.no_grad():
        angles = net.angles(torch.from_numpy(images))
        ideal = net.classifier(net.quantum(angles))
        values = layer.expectations(angles.double().numpy(), shots=shots, seed=seed)
        noisy = net.classifier(torch.from_numpy(values).to(ideal))
    return ideal.numpy(), noisy.numpy()


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
