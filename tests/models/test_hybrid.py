import copy
import pickle

import pytest
import torch

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.cnn import Dropout
from hybhanas_jupyter.errors import ArchitectureError, DataError
from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution
from hybhanas_jupyter.models.hybrid import HybridNet

LAYERS = (
    Convolution(4, pooling="max", activation="SiLU", dropout=0.3),
    Convolution(6, kernel=2, stride=2, padding=1, pooling="avg", activation="Tanh"),
)


def images(count=5, size=12):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layers", [(), LAYERS[:1], LAYERS])
def test_maps_images_to_logits_and_trains_every_parameter(layers):
    net = HybridNet((1, 12, 12), 3, layers, Ansatz(3, 2))
    logits = net(images())
    assert logits.shape == (5, 3)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_seed_decides_the_weights_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    first, same, other = (HybridNet((1, 12, 12), 3, LAYERS, Ansatz(3, 2), seed=s).train() for s in (1, 1, 2))
    outputs = [net(images()) for net in (first, same, other)]
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
    assert torch.equal(before, torch.get_rng_state())


def test_dropout_acts_in_training_only():
    net = HybridNet((1, 12, 12), 3, LAYERS, Ansatz(3, 2))
    assert not torch.equal(net(images()), net(images()))
    net.eval()
    assert torch.equal(net(images()), net(images()))


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_dropout_keeps_its_share_and_the_mean(probability, memory_format):
    x = torch.full((20, 10, 25, 21), 3.0).contiguous(memory_format=memory_format)
    y = Dropout(probability, torch.Generator().manual_seed(0))(x)
    kept = y != 0
    assert torch.allclose(y[kept], torch.tensor(3 / (1 - probability)))
    deviation = (probability * (1 - probability) / x.numel()) ** 0.5
    assert abs(kept.double().mean() - (1 - probability)) <= 4 * deviation
    neighbours = (kept[..., 1:] & kept[..., :-1]).double().mean()
    assert abs(neighbours - (1 - probability) ** 2) <= 8 * deviation


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_compute_the_same(clone):
    net = HybridNet((1, 12, 12), 3, LAYERS, Ansatz(3, 2), dtype=torch.float64)
    assert torch.equal(clone(net)(images().double()), net(images().double()))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_convolution_then_activation_then_pooling(activation, pooling):
    net = HybridNet((1, 12, 12), 3, (Convolution(4, pooling=pooling, activation=activation),), Ansatz(2, 1))
    functional = torch.nn.functional
    expected = getattr(torch.nn, activation)()(functional.conv2d(images(), net.cnn[0].weight, net.cnn[0].bias))
    if pooling != "none":
        expected = {"max": functional.max_pool2d, "avg": functional.avg_pool2d}[pooling](expected, 2)
    assert torch.equal(net.cnn(images()), expected)


def test_images_of_another_shape_are_refused():
    net = HybridNet((1, 12, 12), 3, LAYERS, Ansatz(3, 2))
    with pytest.raises(
        DataError, match=r"Images of shape \(5, 1, 11, 11\): the network takes \(batch, \*\(1, 12, 12\)\)"
    ):
        net(images(size=11))


def test_vanishing_feature_map_and_too_many_layers_are_refused():
    with pytest.raises(ArchitectureError, match="leaves nothing"):
        HybridNet((1, 8, 8), 3, (Convolution(4, kernel=9),), Ansatz(3, 2))
    with pytest.raises(ArchitectureError, match="4 convolutions: a network has 0 to 3"):
        HybridNet((1, 8, 8), 3, (Convolution(4, kernel=1),) * 4, Ansatz(3, 2))
