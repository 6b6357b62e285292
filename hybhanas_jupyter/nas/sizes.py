"""Counts of an architecture that need no network: parameters, and whether it can be built."""

from math import prod

from hybhanas_jupyter.errors import ArchitectureError
from hybhanas_jupyter.models.convolution import feature_shape
from hybhanas_jupyter.nas.architecture import Architecture


def buildable(architecture: Architecture, input_shape: tuple[int, int, int]) -> bool:
    """Whether a feature map is left after the convolutions."""
    try:
        feature_shape(input_shape, architecture.convolutions)
    except ArchitectureError:
        return False
    return True


def parameter_count(architecture: Architecture, input_shape: tuple[int, int, int], n_classes: int) -> int:
    """Trainable parameters of the whole network: weights and biases of all layers and the angles of the ansatz."""
    qubits = architecture.ansatz.n_qubits
    channels = [input_shape[0], *(layer.channels for layer in architecture.convolutions)]
    convolutions = sum(
        (inputs * layer.kernel**2 + 1) * layer.channels
        for inputs, layer in zip(channels[:-1], architecture.convolutions, strict=True)
    )
    features = prod(feature_shape(input_shape, architecture.convolutions))
    return convolutions + (features + 1) * qubits + architecture.ansatz.num_weights + (qubits + 1) * n_classes
