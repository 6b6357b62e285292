import random

import pytest

from hybhanas_jupyter.errors import ArchitectureError
from hybhanas_jupyter.models.hybrid import HybridNet
from hybhanas_jupyter.nas.architecture import buildable, parameter_count
from hybhanas_jupyter.nas.space import SearchSpace, VariableCNN

SPACE = SearchSpace(cnn=VariableCNN(kernels=(2, 3, 5), strides=(1, 3), pooling=("none", "max")))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28)])
def test_counts_and_buildability_are_those_of_the_real_network(shape):
    built = 0
    for seed in range(60):
        architecture = SPACE.sample(random.Random(seed))
        try:
            net = HybridNet(shape, 7, architecture.convolutions, architecture.ansatz)
        except ArchitectureError:
            assert not buildable(architecture, shape)
            continue
        built += 1
        assert buildable(architecture, shape)
        assert parameter_count(architecture, shape, 7) == sum(p.numel() for p in net.parameters())
    assert built > 20
