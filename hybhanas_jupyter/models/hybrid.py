"""The hybrid network: CNN, projection to one angle per qubit, quantum layer, linear classifier."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import prod, sqrt
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import ArchitectureError, DataError, HybHanasError, StoreError
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.models.convolution import POOL_SIZE, Convolution, feature_shape
from hybhanas_jupyter.models.quantum_layer import QuantumLayer

WEIGHTS, CONFIG = "weights.safetensors", "config.json"  # the files of an exported network
MAX_CONVOLUTIONS = 3
BASE_INPUTS = 128  # of a projection that learns at the full rate
_RISING = ("ReLU", "Tanh")
_POOLINGS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class Dropout(nn.Module):
    """Dropout whose random numbers come from `generator`, not from torch's global one.

    16 random bits decide about one element: 3 times faster than torch's own dropout, and exact to 2e-5. The elements of
    x must lie densely in memory, in any order.
    """

    def __init__(self, probability: float, generator: torch.Generator) -> None:
        super().__init__()
        self.probability = probability
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """Zero each element with the given probability while training, and scale the others to keep the mean."""
        if not self.training:
            return x
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device="cpu")
        draws.random_(-(2**63), None, generator=self.generator)
        kept = draws.view(torch.int16)[: x.numel()] >= int(self.probability * 2**16) - 2**15
        scale = kept.as_strided(x.shape, x.stride()).to(x).div_(1 - self.probability)
        return x * scale


class HybridNet(nn.Module):
    """0-3 convolutions, a projection to `ansatz.n_qubits` angles, the quantum layer and a linear classifier.

    Maps (batch, channels, height, width), the last three being `input_shape`, to logits (batch, n_classes).
    Every random number, also of dropout, comes from generators of its own, seeded by `seed`.
    Raises `ArchitectureError` if the feature map vanishes or there are too many convolutions.
    Source: paper sections 3.1.1 and 3.1.2.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        n_classes: int,
        convolutions: Sequence[Convolution],
        ansatz: Ansatz,
        *,
        dtype: torch.dtype = torch.float32,
        engine: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(convolutions) > MAX_CONVOLUTIONS:
            raise ArchitectureError(f"{len(convolutions)} convolutions: a network has 0 to {MAX_CONVOLUTIONS}.")
        self.input_shape, self.n_classes = tuple(input_shape), n_classes
        self.convolutions = tuple(convolutions)
        features = prod(feature_shape(self.input_shape, self.convolutions))
        generator = torch.Generator().manual_seed(seed)
        self.cnn = _cnn(self.input_shape[0], self.convolutions, dtype, generator)
        self.projection = _unset(nn.Linear, features, ansatz.n_qubits, dtype)
        self.quantum = QuantumLayer(
            ansatz.n_qubits,
            ansatz.depth,
            ansatz.rotations,
            ansatz.entangler,
            ansatz.topology,
            dtype=dtype,
            engine=engine,
        )
        self.classifier = _unset(nn.Linear, ansatz.n_qubits, n_classes, dtype)
        self._reset_parameters(generator)
        # Convolutions of few channels are faster so. torch's stubs do not know the keyword.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """Logits (batch, n_classes) of images (batch, channels, height, width)."""
        return self.classifier(self.quantum(self.angles(images)))

    def angles(self, images: Tensor) -> Tensor:
        """What the quantum layer embeds, (batch, n_qubits) radians, of images (batch, channels, height, width)."""
        if images.shape[1:] != self.input_shape:
            raise DataError(f"Images of shape {tuple(images.shape)}: the network takes (batch, *{self.input_shape}).")
        features = self.cnn(images).permute(0, 2, 3, 1)  # the order in memory, see __init__: nothing is copied
        angles: Tensor = self.projection(features.flatten(1))
        return angles

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Adam's groups: all at `learning_rate`, but the weights of a projection of more than `BASE_INPUTS` lower.

        Adam moves every weight by about its rate, whatever the gradient: with 10,000 inputs each step turns the angles
        by radians, and nothing is learned. So the rate falls with the number of inputs, as maximal update
        parametrisation has it for Adam (Yang et al., arXiv:2203.03466, table 3).
        """
        wide = self.get_parameter("projection.weight")
        others = [parameter for parameter in self.parameters() if parameter is not wide]
        return [{"params": others}, {"params": [wide], "lr": learning_rate * min(1, BASE_INPUTS / wide.shape[1])}]

    def export(self, folder: str | Path) -> None:
        """Write `weights.safetensors` and `config.json` into `folder`, for `HybridNet.load`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "input_shape": self.input_shape,
            "n_classes": self.n_classes,
            "convolutions": [asdict(genes) for genes in self.convolutions],
            "ansatz": asdict(self.quantum.ansatz),
            "dtype": str(self.quantum.weights.dtype).removeprefix("torch."),
        }
        write_text(folder / CONFIG, json.dumps(config, indent=2))
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / WEIGHTS)

    @staticmethod
    def load(folder: str | Path) -> "HybridNet":
        """The network that `export` wrote into `folder`. Raises `StoreError` if there is none that can be read."""
        folder = Path(folder)
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            net = HybridNet(
                config["input_shape"],
                config["n_classes"],
                [Convolution(**genes) for genes in config["convolutions"]],
                Ansatz(**config["ansatz"]),
                dtype={"float32": torch.float32, "float64": torch.float64}[config["dtype"]],
            )
            net.load_state_dict(load_file(folder / WEIGHTS))
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError, HybHanasError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise StoreError(f"No network can be read from {str(folder)!r} ({reason}). Export it again.") from None
        return net

    def _reset_parameters(self, generator: torch.Generator) -> None:
        """As torch initialises these layers, but from `generator`."""
        self.quantum.reset_parameters(generator)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                bound = 1 / sqrt(module.weight[0].numel())
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)


def _unset(layer: type[nn.Module], inputs: int, outputs: int, dtype: torch.dtype, **options: Any) -> nn.Module:
    """A layer without values yet: torch's own initialisation would draw from the global generator."""
    return nn.utils.skip_init(layer, inputs, outputs, dtype=dtype, **options)


def _cnn(
    channels: int, convolutions: Sequence[Convolution], dtype: torch.dtype, generator: torch.Generator
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for genes in convolutions:
        geometry = {"kernel_size": genes.kernel, "stride": genes.stride, "padding": genes.padding}
        layers += [_unset(nn.Conv2d, channels, genes.channels, dtype, **geometry), *_activation_and_pooling(genes)]
        if genes.dropout:
            layers.append(Dropout(genes.dropout, generator))
        channels = genes.channels
    return nn.Sequential(*layers)


def _activation_and_pooling(genes: Convolution) -> list[nn.Module]:
    activation = getattr(nn, genes.activation)()
    if genes.pooling == "none":
        return [activation]
    pooling = _POOLINGS[genes.pooling](POOL_SIZE)
    # The maximum of a rising function is the function of the maximum, and that is a quarter of the work.
    if genes.pooling == "max" and genes.activation in _RISING:
        return [pooling, activation]
    return [activation, pooling]
