"""What a trained network reaches on the device: its validation accuracy with what noise leaves of its readout.

Worker processes make a `Readout` of a network, the search computes with it and never loads torch.
Source: docs/cost_model.md, section 8, "Accuracy on the device".
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.nas.architecture import Architecture

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.noisy_values import Affine
    from hybhanas_jupyter.costs.options import CostOptions
    from hybhanas_jupyter.hardware.devices import Device
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.models.quantum_layer import ReadNoise

Array = npt.NDArray[np.float64]
MEASURES = ("device_accuracy", "recalibrated_accuracy")
_TRAINING = 1000  # images that a classifier is fitted to again
_ANGLES = 8  # images whose circuits tell what the noise does
_WORK = 1e8  # multiplications; more and the mean field must do: tens of milliseconds a candidate
_RIDGE = 1e-3  # of the classifier's weights, as it is fitted again


@dataclass(frozen=True)
class Readout:
    """What a device can change in a trained network, as numbers.

    - `weights`: angles of its ansatz, (depth, rotations, qubits)
    - `angles`: what some training images embed, (images, qubits) radians
    - `training`, `validation`: exact expectation values of images, (images, qubits), with `labels`
    - `classifier`: weights (classes, qubits), and bias (classes,)
    """

    weights: Array
    angles: Array
    training: Array
    training_labels: npt.NDArray[np.int64]
    validation: Array
    validation_labels: npt.NDArray[np.int64]
    classifier: Array
    bias: Array

    @classmethod
    def of(cls, net: "HybridNet", data: Dataset) -> "Readout":
        """The readout of a trained network."""
        import torch

        network: Any = net

        def values(images: Any) -> tuple[Any, Any]:
            angles = torch.cat([network.angles(torch.from_numpy(part)) for part in _parts(images)])
            return angles, network.quantum(angles)

        net.eval()
        with torch.no_grad():
            angles, training = values(data.x_train[:_TRAINING])
            _, validation = values(data.x_validation)
        layers = network.quantum.weights, network.classifier.weight, network.classifier.bias
        numbers = (tensor.detach().double().numpy() for tensor in (*layers, angles[:_ANGLES], training, validation))
        weights, classifier, bias, some, seen, unseen = numbers
        labels = data.y_train[:_TRAINING], data.y_validation
        return cls(weights, some, seen, labels[0], unseen, labels[1], classifier, bias)


def _parts(images: Any) -> list[Any]:
    return np.array_split(images, -(-len(images) // 256))


@dataclass(frozen=True)
class DeviceReading:
    """What is read of <Z> of every qubit: damping x ideal + offset, (qubits,) each, with the noise of `shots`."""

    damping: Array
    offset: Array
    shots: int

    def noise(self, seed: int) -> "ReadNoise":
        """The same within a network that is trained."""
        from hybhanas_jupyter.models.quantum_layer import ReadNoise

        return ReadNoise(self.damping.tolist(), self.offset.tolist(), self.shots, seed=seed)

    def of(self, ideal: Array, rng: np.random.Generator) -> Array:
        """Values as they are read for `ideal` ones (images, qubits)."""
        mean = np.clip(self.damping * ideal + self.offset, -1, 1)
        return mean + rng.standard_normal(mean.shape) * np.sqrt((1 - mean**2) / self.shots)


class OnDevice:
    """Maps an architecture and its trained readout to accuracies on `device`; `seed` decides about the shots."""

    def __init__(self, device: "Device", options: "CostOptions", seed: int) -> None:
        self._device, self._options, self._seed = device, options, seed

    def __call__(self, architecture: Architecture, readout: Readout) -> dict[str, float]:
        """`device_accuracy`, and `recalibrated_accuracy` of a classifier that was fitted again to what is read."""
        digest = hashlib.sha256(f"{self._seed} {architecture.identity}".encode()).digest()
        reading, rng = self.reading(architecture.ansatz, readout), np.random.default_rng(list(digest))
        unseen, seen = (reading.of(values, rng) for values in (readout.validation, readout.training))
        fitted = fit_again(seen, readout, reading)
        labels = readout.validation_labels
        return {
            "device_accuracy": accuracy(unseen, readout.classifier, readout.bias, labels),
            "recalibrated_accuracy": accuracy(unseen, *fitted, labels),
        }

    def expected(self, ansatz: Ansatz) -> DeviceReading:
        """What the device makes of <Z> on every qubit before anything is trained: angles are averaged over."""
        from hybhanas_jupyter.circuits.readers import to_circuit
        from hybhanas_jupyter.costs.expectation import expectation_cost_of

        cost = expectation_cost_of(to_circuit(ansatz), self._device, self._options, exact=False)
        offset = cost.noisy(np.zeros(ansatz.n_qubits))
        return DeviceReading(cost.damping * cost.readout_damping, offset, self._options.shots)

    def reading(self, ansatz: Ansatz, readout: Readout) -> DeviceReading:
        """What the device makes of <Z> on every qubit, for the trained weights and images as they are."""
        maps = [_whole(one) for one in self._maps(ansatz, readout)]
        damping, offset = np.array(maps).T
        return DeviceReading(damping, offset, self._options.shots)

    def _maps(self, ansatz: Ansatz, readout: Readout) -> "list[Affine]":
        from hybhanas_jupyter.circuits.readers import to_circuit
        from hybhanas_jupyter.costs.noisy_values import affine_maps
        from hybhanas_jupyter.costs.observables import read_observables
        from hybhanas_jupyter.costs.quantum import quantum_cost_of
        from hybhanas_jupyter.costs.timeline import Timeline

        cost = quantum_cost_of(to_circuit(ansatz), self._device, self._options)
        calibration, places = self._device.calibration, cost.measured_qubits
        # A closing RZ, or more of the same, that the network was trained without: see `Architecture.trained_as`.
        weights = np.zeros((ansatz.depth, len(ansatz.rotations), ansatz.n_qubits))
        weights[:, : readout.weights.shape[1]] = readout.weights
        trained = [name for name in cost.physical_circuit.parameters if name.vector.name == "w"]
        circuit = cost.physical_circuit.assign_parameters({name: weights.flat[name.index] for name in trained})
        angles = {name: readout.angles[:, name.index] for name in circuit.parameters}
        observables = [o.on(dict(enumerate(places))) for o in read_observables("Z", ansatz.n_qubits)]
        flips = {qubit: calibration.readout_flips(qubit) for qubit in places}
        maps, _ = affine_maps(Timeline(circuit, calibration), observables, flips, angles, _WORK)
        return maps


def _whole(one: "Affine") -> tuple[float, float]:
    return one.damping * one.readout_damping, one.offset * one.readout_damping + one.readout_offset


def accuracy(read: Array, classifier: Array, bias: Array, labels: npt.NDArray[np.int64]) -> float:
    """Share of the images whose largest logit is their label's."""
    return float(np.mean((read @ classifier.T + bias).argmax(1) == labels))


def fit_again(read: Array, readout: Readout, reading: DeviceReading) -> tuple[Array, Array]:
    """Classifier and bias with the least cross entropy on training values as they are `read`."""
    from scipy.optimize import minimize

    labels, classes = readout.training_labels, len(readout.bias)
    inputs = np.column_stack([read, np.ones(len(read))])
    targets = np.eye(classes)[labels]

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(classes, -1)
        logits = inputs @ weights.T
        logits -= logits.max(1, keepdims=True)
        exponentials = np.exp(logits)
        totals = exponentials.sum(1, keepdims=True)
        value = float(np.mean(np.log(totals[:, 0]) - (logits * targets).sum(1))) + _RIDGE / 2 * float(flat @ flat)
        slope = (exponentials / totals - targets).T @ inputs / len(inputs)
        return value, slope.ravel() + _RIDGE * flat

    # Begin where the trained classifier would be if the noise were only this map.
    left = np.where(np.abs(reading.damping) > 0.05, reading.damping, 0.05)
    start = np.column_stack([readout.classifier / left, readout.bias - (readout.classifier / left) @ reading.offset])
    fitted = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 50}).x.reshape(classes, -1)
    return fitted[:, :-1], fitted[:, -1]
