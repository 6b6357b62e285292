import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from hybhanas_jupyter.errors import ArchitectureError, UnknownNameError
from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution, feature_shape

convolutions = st.lists(
    st.builds(
        Convolution,
        channels=st.integers(1, 4),
        kernel=st.integers(1, 7),
        stride=st.integers(1, 3),
        padding=st.integers(0, 2),
        pooling=st.sampled_from(POOLINGS),
        activation=st.sampled_from(ACTIVATIONS),
    ),
    max_size=3,
)


def torch_shape(input_shape, layers):
    x = torch.zeros(1, *input_shape)
    for c in layers:
        x = nn.functional.conv2d(x, torch.zeros(c.channels, x.shape[1], c.kernel, c.kernel), None, c.stride, c.padding)
        x = x if c.pooling == "none" else nn.functional.max_pool2d(x, 2)
    return tuple(x.shape[1:])


@given(convolutions, st.integers(1, 3), st.integers(1, 16), st.integers(1, 16))
def test_shape_is_the_one_torch_computes(layers, channels, height, width):
    shape = (channels, height, width)
    try:
        expected = torch_shape(shape, layers)
    except RuntimeError:
        with pytest.raises(ArchitectureError, match="leaves nothing of its"):
            feature_shape(shape, layers)
    else:
        assert feature_shape(shape, layers) == expected


def test_message_names_the_layer_and_its_input():
    with pytest.raises(ArchitectureError, match=r"Convolution 2 \(kernel 5, .* leaves nothing of its 3 x 3 input"):
        feature_shape((1, 8, 8), [Convolution(4, pooling="max"), Convolution(4, kernel=5)])


@pytest.mark.parametrize(
    ("genes", "error", "message"),
    [
        ({"channels": 0}, ArchitectureError, "channels is 0"),
        ({"kernel": 2.0}, ArchitectureError, "kernel is 2.0"),
        ({"stride": 0}, ArchitectureError, "stride is 0"),
        ({"padding": -1}, ArchitectureError, "padding is -1"),
        ({"dropout": 1.0}, ArchitectureError, "dropout is 1.0"),
        ({"pooling": "mean"}, UnknownNameError, "Allowed: avg, max, none"),
        ({"activation": "GELUX"}, UnknownNameError, "Allowed: ReLU, SiLU, Tanh"),
    ],
)
def test_bad_genes(genes, error, message):
    with pytest.raises(error, match=message):
        Convolution(**{"channels": 4} | genes)
