"""The trained networks of a front under the device's noise, by Aer, beside their ideal accuracy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.data import Source
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.nas import report
from hybhanas_jupyter.nas.datainfo import DataInfo
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.noise import NoisyLayer
from hybhanas_jupyter.nas.trained import network, provenance

if TYPE_CHECKING:
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.nas.results import Run


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
        return report.verification_report(self)


def verify(run: "Run", source: Source | None, *, noise: bool, samples: int, shots: int, seed: int) -> Verification:
    """Evaluate the front's networks with their physical circuits in Aer, `shots` a validation image.

    `noise` takes gate, readout and idle errors from the run's calibration; without it only the shots are random.
    Raises `ConfigError` for more `samples` than there are, `DataError` if the data are not the run's.
    """
    kept, data = provenance(run), run.config.load_data(source)
    kept.data.check(DataInfo.of(data))
    available = len(data.x_validation)
    if not 1 <= samples <= available:
        raise ConfigError(f"samples is {samples}: it must be from 1 to {available}, the validation images.")
    chosen = np.sort(np.random.default_rng(seed).permutation(available)[:samples])
    images, labels = data.x_validation[chosen], data.y_validation[chosen]

    def accuracies(evaluation: Evaluation) -> Verified:
        net = network(run, evaluation).eval()
        layer = NoisyLayer.of(net.quantum, kept.device, noise=noise, optimization_level=run.config.optimization_level)
        ideal, noisy = _logits(net, layer, images, shots, seed)
        return Verified(evaluation, *(float((z.argmax(1) == labels).mean()) for z in (ideal, noisy)))

    rows = tuple(accuracies(evaluation) for evaluation in run.front)
    return Verification(kept.device.name, samples, shots, noise, rows)


def _logits(
    net: "HybridNet", layer: NoisyLayer, images: np.ndarray, shots: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Exact ones, and those that follow from the layer's shots; (samples, classes)."""
    import torch

    with torch.no_grad():
        angles = net.angles(torch.from_numpy(images))
        ideal = net.classifier(net.quantum(angles))
        values = layer.expectations(angles.double().numpy(), shots=shots, seed=seed)
        noisy = net.classifier(torch.from_numpy(values).to(ideal))
    return ideal.numpy(), noisy.numpy()
