"""The classical genes of a candidate: its convolutions, and whether a feature map is left after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hybhanas_jupyter.errors import ArchitectureError, check_name, shown

POOLINGS = ("none", "max", "avg")
ACTIVATIONS = ("ReLU", "SiLU", "Tanh")
POOL_SIZE = 2


@dataclass(frozen=True)
class Convolution:
    """One block of the CNN: convolution, activation, 2 x 2 pooling, dropout.

    Raises `UnknownNameError` for an unknown pooling or activation, `ArchitectureError` for a number out of its bounds.
    Source: paper section 3.1.1.
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: int = 0
    pooling: str = "none"
    activation: str = "ReLU"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for field, smallest in (("channels", 1), ("kernel", 1), ("stride", 1), ("padding", 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < smallest:
                raise ArchitectureError(f"{field} is {shown(value)}: it must be a whole number of at least {smallest}.")
        check_name("pooling", self.pooling, POOLINGS)
        check_name("activation", self.activation, ACTIVATIONS)
        if not 0 <= self.dropout < 1:
            raise ArchitectureError(f"dropout is {shown(self.dropout)}: it must be at least 0 and below 1.")

    def output_size(self, size: int) -> int:
        """Pixels left of `size` along one axis; 0 or less if nothing is left."""
        convolved = (size + 2 * self.padding - self.kernel) // self.stride + 1
        return convolved if self.pooling == "none" else convolved // POOL_SIZE


def feature_shape(input_shape: Sequence[int], convolutions: Sequence[Convolution]) -> tuple[int, int, int]:
    """(channels, height, width) after `convolutions` on an input of (channels, height, width).

    Raises `ArchitectureError` if the feature map vanishes; the message names the layer and its input.
    """
    channels, height, width = input_shape
    for number, layer in enumerate(convolutions, start=1):
        reduced = layer.output_size(height), layer.output_size(width)
        if min(reduced) < 1:
            raise ArchitectureError(
                f"Convolution {number} (kernel {layer.kernel}, stride {layer.stride}, padding {layer.padding}, pooling "
                f"{layer.pooling}) leaves nothing of its {height} x {width} input. Use fewer or smaller convolutions."
            )
        channels, (height, width) = layer.channels, reduced
    return channels, height, width


def classical_parameters(
    convolutions: Sequence[Convolution], input_shape: Sequence[int], n_qubits: int, n_classes: int
) -> int:
    """Weights and biases of the convolutions, the projection and the classifier; raises as `feature_shape`."""
    channels = [input_shape[0], *(layer.channels for layer in convolutions)]
    kernels = sum(
        (inputs * layer.kernel**2 + 1) * layer.channels
        for inputs, layer in zip(channels[:-1], convolutions, strict=True)
    )
    features = prod(feature_shape(input_shape, convolutions))
    return kernels + (features + 1) * n_qubits + (n_qubits + 1) * n_classes
