"""What a network reaches without its quantum layer: the same, with a function of one variable instead (heavy import).

Stands alone as a public entry, `Run.baselines`; imports torch. Source: docs/cost_model.md, section 8.
"""

from dataclasses import asdict, dataclass
from math import nan
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.models.convolution import feature_shape
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig

if TYPE_CHECKING:
    from hybhanas_jupyter.cnn import ClassicalNet

FUNCTIONS = ("identity", "tanh", "cos")  # cos is what the embedding and the readout alone do


@dataclass(frozen=True)
class Baseline:
    """Validation accuracies, one for each seed, of the network with `function` in the quantum layer's place."""

    function: str
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean accuracy."""
        return fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Standard deviation over the seeds; NaN for one seed."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else nan


@dataclass(frozen=True, repr=False)
class Baselines(Reported):
    """Classical networks beside a candidate; `quantum` is the candidate's own architecture, trained alike."""

    architecture: str
    rows: tuple[Baseline, ...]

    @property
    def best(self) -> Baseline:
        """The best network without a quantum layer."""
        return max((row for row in self.rows if row.function in FUNCTIONS), key=lambda row: row.mean)

    def to_dict(self) -> dict[str, Any]:
        """The architecture, and accuracies, mean and deviation of every row."""
        return {"architecture": self.architecture, "rows": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [{**asdict(row), "mean": row.mean, "deviation": row.deviation} for row in self.rows]

    def _report(self) -> Report:
        rows = [
            [row.function, f"{row.mean:.1%}", f"{row.deviation:.1%}", str(len(row.accuracies)), _seconds(row)]
            for row in self.rows
        ]
        headers = ["In the quantum layer's place", "Validation accuracy", "Deviation", "Seeds", "Quantum seconds"]
        return Report(f"Classical baselines of {self.architecture}", [(headers, rows)])


def _seconds(row: Baseline) -> str:
    return "0" if row.function in FUNCTIONS else "as costed"


def baselines(config: SearchConfig, architecture: Architecture, data: Dataset, *, seeds: int) -> Baselines:
    """Train the network of `architecture` with each of `FUNCTIONS` and with its quantum layer, alike, `seeds` times.

    Raises `ConfigError` for fewer than one seed.
    """
    from hybhanas_jupyter.models.fit import fit

    if seeds < 1:
        raise ConfigError(f"seeds is {seeds}: it must be at least 1.")
    settings = config.training.fitting

    def accuracy(function: str, seed: int) -> float:
        return fit(network(architecture, data, function, seed), data, **settings, seed=seed).accuracy

    rows = tuple(
        Baseline(function, tuple(accuracy(function, seed) for seed in range(seeds)))
        for function in (*FUNCTIONS, "quantum")
    )
    return Baselines(architecture.label, rows)


def network(architecture: Architecture, data: Dataset, function: str, seed: int) -> "ClassicalNet":
    """The untrained network with `function` in the quantum layer's place; the layer itself for "quantum"."""
    import torch
    from torch import nn

    from hybhanas_jupyter.cnn import ClassicalNet
    from hybhanas_jupyter.models.hybrid import HybridNet

    layers, ansatz = architecture.convolutions, architecture.ansatz
    if function == "quantum":
        return HybridNet(data.input_shape, data.n_classes, layers, ansatz, seed=seed)

    class Cos(nn.Module):
        def forward(self, angles: torch.Tensor) -> torch.Tensor:
            return torch.cos(angles)

    channels, height, width = feature_shape(data.input_shape, layers)
    generator = torch.Generator().manual_seed(seed)
    net = ClassicalNet(
        data.input_shape,
        data.n_classes,
        [asdict(layer) for layer in layers],
        channels * height * width,
        ansatz.n_qubits,
        dtype=torch.float32,
        generator=generator,
    )
    net.quantum = {"identity": nn.Identity, "tanh": nn.Tanh, "cos": Cos}[function]()
    net.reset_parameters(generator)
    return net
