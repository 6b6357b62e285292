"""The classical part of what is trained, and one step of its training: `models` trains it, `costs` measures it."""

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hybhanas_jupyter.errors import DataError, nothing_left_by_imports

BASE_INPUTS = 128  # of a projection that learns at the full rate
_POOL_SIZE = 2
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


class ClassicalNet(nn.Module):
    """Convolutions, a projection to `n_qubits` angles, nothing in the quantum layer's place, and a linear classifier.

    - `input_shape`: (channels, height, width) of an image
    - `convolutions`: of each its channels, kernel, stride, padding, pooling, activation and dropout
    - `features`: elements that the convolutions leave of an image

    Maps (batch, channels, height, width) to logits (batch, n_classes). Weights are not set before `reset_parameters`,
    and every random number, also of dropout, comes from `generator`. Source: paper section 3.1.1.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        n_classes: int,
        convolutions: Sequence[Mapping[str, Any]],
        features: int,
        n_qubits: int,
        *,
        dtype: torch.dtype,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.input_shape, self.n_classes = tuple(input_shape), n_classes
        self.cnn = _cnn(self.input_shape[0], convolutions, dtype, generator)
        self.projection = _unset(nn.Linear, features, n_qubits, dtype)
        self.quantum: nn.Module = nn.Identity()
        self.classifier = _unset(nn.Linear, n_qubits, n_classes, dtype)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (batch, n_classes) of images (batch, channels, height, width)."""
        logits: Tensor = self.classifier(self.quantum(self.angles(images)))
        return logits

    def angles(self, images: Tensor) -> Tensor:
        """What the quantum layer embeds, (batch, n_qubits) radians, of images (batch, channels, height, width)."""
        if images.shape[1:] != self.input_shape:
            raise DataError(f"Images of shape {tuple(images.shape)}: the network takes (batch, *{self.input_shape}).")
        features = self.cnn(images).permute(0, 2, 3, 1)  # the order in memory: nothing is copied
        angles: Tensor = self.projection(features.flatten(1))
        return angles

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Set the classical layers' weights as torch does, but from `generator`, and lay them out channels last."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                bound = 1 / sqrt(module.weight[0].numel())
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
        # Convolutions of few channels are faster so. torch's stubs do not know the keyword.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Adam, all at `learning_rate`, but the weights of a projection of more than `BASE_INPUTS` inputs lower.

        Adam moves every weight by about its rate, whatever the gradient: with 10,000 inputs each step turns the angles
        by radians, and nothing is learned. So the rate falls with the number of inputs, as maximal update
        parametrisation has it for Adam (Yang et al., arXiv:2203.03466, table 3).
        """
        wide = self.get_parameter("projection.weight")
        others = [parameter for parameter in self.parameters() if parameter is not wide]
        lower = learning_rate * min(1, BASE_INPUTS / wide.shape[1])
        groups: list[dict[str, Any]] = [{"params": others}, {"params": [wide], "lr": lower}]
        with nothing_left_by_imports():
            return torch.optim.Adam(groups, lr=learning_rate, fused=True)


def training_step(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> float:
    """The loss of a batch, mean cross entropy, and one step against its gradient unless it is not finite."""
    loss = cross_entropy(net(x), y)
    value = loss.item()
    if isfinite(value):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return value


def _unset(layer: type[nn.Module], inputs: int, outputs: int, dtype: torch.dtype, **options: Any) -> nn.Module:
    """A layer without values yet: torch's own initialisation would draw from the global generator."""
    with nothing_left_by_imports():
        return nn.utils.skip_init(layer, inputs, outputs, dtype=dtype, **options)


def _cnn(
    channels: int, convolutions: Sequence[Mapping[str, Any]], dtype: torch.dtype, generator: torch.Generator
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for genes in convolutions:
        geometry = {"kernel_size": genes["kernel"], "stride": genes["stride"], "padding": genes["padding"]}
        layers.append(_unset(nn.Conv2d, channels, genes["channels"], dtype, **geometry))
        layers += _activation_and_pooling(genes["activation"], genes["pooling"])
        if genes["dropout"]:
            layers.append(Dropout(genes["dropout"], generator))
        channels = genes["channels"]
    return nn.Sequential(*layers)


def _activation_and_pooling(activation: str, pooling: str) -> list[nn.Module]:
    layers = [getattr(nn, activation)()]
    if pooling == "none":
        return layers
    layers.append(_POOLINGS[pooling](_POOL_SIZE))
    # The maximum of a rising function is the function of the maximum, and that is a quarter of the work.
    return layers[::-1] if pooling == "max" and activation in _RISING else layers
