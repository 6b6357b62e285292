import copy
import math
import random
from dataclasses import asdict

import pennylane as qml
import pytest
import torch
from torch import nn

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.classical import classical_cost, hybrid_cost
from hybhanas_jupyter.costs.measuring import networks, search_net
from hybhanas_jupyter.costs.profile import DeviceProfile, OperationRate
from hybhanas_jupyter.costs.training_cost import training_cost
from hybhanas_jupyter.costs.work import OperationWork, Work, step_work
from hybhanas_jupyter.errors import ArchitectureError, CircuitError, ConfigError, UnknownNameError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.hybrid import HybridNet

PROFILE = DeviceProfile(
    processor="test",
    torch="2",
    throughput=1e9,
    step=1e-3,
    operations={
        "convolution": OperationRate(calls=1e-4, flops=1e-10, bytes=0),
        "convolution_backward": OperationRate(calls=2e-4, flops=2e-10, bytes=0),
        "matrix product": OperationRate(calls=1e-5, flops=0, bytes=1e-9),
        "elementwise": OperationRate(calls=1e-6, flops=0, bytes=0),
        "update": OperationRate(calls=0, flops=0, bytes=1e-8),
    },
    allocation=1e-9,
)


def cnn() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))


def hybrid(engine="torch", depth=2) -> HybridNet:
    return HybridNet((1, 8, 8), 10, [Convolution(4, dropout=0.1)], Ansatz(4, depth), engine=engine)


def test_flops_by_hand():
    # Forward, gradient of the weights, and for the second layer the gradient of its input.
    convolution = 2 * 5 * (4 * 6 * 6) * 9
    linear = 2 * 5 * 144 * 10
    assert step_work(cnn(), (5, 1, 8, 8)).flops == 2 * convolution + 3 * linear


def test_the_quantum_layer_is_left_out():
    shallow, deep = step_work(hybrid(), (5, 1, 8, 8)), step_work(hybrid(depth=9), (5, 1, 8, 8))
    assert shallow == deep
    parts = hybrid()
    parts.quantum = nn.Identity()
    assert shallow.flops == step_work(parts, (5, 1, 8, 8)).flops
    assert shallow.parameters == sum(p.numel() for p in parts.parameters())


def test_pennylanes_torch_layer_is_left_out_too():
    node = Ansatz(2, 1).to_qnode()

    @qml.qnode(qml.device("default.qubit", wires=2))
    def layer(inputs, weights):
        return node.func(inputs, weights)

    quantum = qml.qnn.TorchLayer(layer, {"weights": (1, 1, 2)})
    net = nn.Sequential(nn.Linear(3, 2), quantum, nn.Linear(2, 10))
    without = nn.Sequential(nn.Linear(3, 2), nn.Identity(), nn.Linear(2, 10))
    assert step_work(net, (4, 3)).flops == step_work(without, (4, 3)).flops
    assert step_work(net, (4, 3)).parameters == 8 + 30


def test_counting_changes_nothing():
    net = hybrid().eval()
    before, random_state = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    classical_cost(net, (4, 1, 8, 8), profile=PROFILE)
    assert not net.training
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert torch.equal(random_state, torch.get_rng_state())
    assert not any(layer._forward_hooks for layer in net.modules())


def test_times_of_both_models_by_hand():
    paper = classical_cost(cnn(), (5, 1, 8, 8), steps=7, model="paper", profile=PROFILE)
    assert paper.time == pytest.approx(7 * paper.flops / 1e9)
    calibrated = classical_cost(cnn(), (5, 1, 8, 8), steps=7, profile=PROFILE)
    blocked = 2 * 5 * 36 * 16 * 9  # one input channel, and 4 outputs in a block of 16
    convolutions = (1e-4 + 1e-10 * blocked) + (2e-4 + 2e-10 * blocked)
    x, weights, y = 5 * 144, 144 * 10, 5 * 10
    # Forward with its bias; the gradient of the weights; that of the input.
    products = 3 * 1e-5 + 1e-9 * 4 * ((10 + x + weights + y) + (x + y + weights) + (y + weights + x))
    update = 1e-8 * 7 * 4 * (4 * 9 + 4 + weights + 10)
    relu = 2 * 1e-6  # and its gradient; what is done to 50 logits is part of the step's constant
    assert calibrated.step_time == pytest.approx(1e-3 + convolutions + products + update + relu)
    assert calibrated.time == 7 * calibrated.step_time


def test_what_torch_runs_is_counted_not_class_names():
    class Own(nn.Conv2d):
        pass

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.linear = nn.Parameter(torch.rand(4, 1, 3, 3)), nn.Linear(144, 10)
            self.bias = nn.Parameter(torch.rand(4))

        def forward(self, x):
            x = nn.functional.relu(nn.functional.conv2d(x, self.weight, self.bias))
            return self.linear(x.flatten(1))

    own = nn.Sequential(Own(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    assert step_work(own, (5, 1, 8, 8)) == step_work(Functional(), (5, 1, 8, 8)) == step_work(cnn(), (5, 1, 8, 8))


def test_layouts_of_convolutions_have_rates_of_their_own():
    plain = step_work(cnn(), (5, 1, 8, 8)).operations
    last = step_work(cnn().to(memory_format=torch.channels_last), (5, 1, 8, 8)).operations
    assert {"convolution", "convolution_backward"} <= set(plain) - set(last)
    assert {"convolution, channels last", "convolution_backward, channels last"} <= set(last) - set(plain)


def test_returned_memory_costs_what_is_allocated_in_large_blocks():
    net = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.Flatten(), nn.Linear(32 * 28 * 28, 10))
    feature_map, weights = 4 * 8 * 32 * 28 * 28, 4 * 32 * 28 * 28 * 10
    assert step_work(net, (8, 1, 28, 28)).allocated == 2 * feature_map + weights  # with both gradients
    assert step_work(cnn(), (5, 1, 8, 8)).allocated == 0
    returned, kept = (classical_cost(net, (8, 1, 28, 28), profile=PROFILE, memory=m) for m in ("returned", "kept"))
    assert returned.step_time - kept.step_time == pytest.approx(1e-9 * (2 * feature_map + weights))
    assert "memory returned" in repr(returned)


def test_eq_1_adds_the_same_run():
    net, profile = hybrid(), PROFILE
    cost = hybrid_cost(net, "fake_kyiv", samples=100, epochs=2, batch_size=32, profile=profile)
    quantum = training_cost(Ansatz(4, 2), "fake_kyiv", samples=100, epochs=2, batch_size=32)
    step = profile.step_time(step_work(net, (32, 1, 8, 8)), "returned")
    assert cost.quantum_time == quantum.quantum_time
    assert cost.classical_time == pytest.approx(2 * 4 * step)  # epochs x batches of 32 in 100 samples
    assert cost.total_time == pytest.approx(quantum.quantum_time + 8 * step) == cost.to_dict()["total_time"]
    assert "= total" in repr(cost)
    assert "matrix product" in cost._repr_html_()


def exact_steps(count):
    """Steps that take exactly what `PROFILE` says, of random works."""
    rng = random.Random(0)
    for _ in range(count):
        operations = {kind: OperationWork(*(rng.randint(1, 10**6) for _ in range(3))) for kind in PROFILE.operations}
        work = Work(rng.randint(10**6, 10**9), 1, operations, rng.randint(0, 10**9))
        yield {"work": asdict(work), "seconds": PROFILE.step_time(work)}, PROFILE.step_time(work, "returned")


def test_profile_is_recovered_from_exact_steps_and_saved(tmp_path):
    steps, returned = zip(*exact_steps(60), strict=True)
    # The machine may have been slower while plain processes were measured.
    slower = [0.3 * step["seconds"] + seconds for step, seconds in zip(steps, returned, strict=True)]
    returning = [{**step, "seconds": seconds} for step, seconds in zip(steps, slower, strict=True)]
    fitted = DeviceProfile.fit(steps, returning[:12])
    assert fitted.step == pytest.approx(PROFILE.step, rel=1e-6)
    assert fitted.operations["convolution"].calls == pytest.approx(1e-4, rel=1e-6)
    assert fitted.operations["convolution_backward"].flops == pytest.approx(2e-10, rel=1e-6)
    assert fitted.allocation == pytest.approx(1e-9, rel=1e-6)
    assert fitted.throughput == pytest.approx(steps[0]["work"]["flops"] / steps[0]["seconds"])
    fitted.save(tmp_path / "profile.json")
    assert DeviceProfile.load(tmp_path / "profile.json") == fitted


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_what_is_measured_is_what_a_search_trains(shape):
    genes = [
        Convolution(16, 5, 1, 2, "max", "ReLU", 0.1),
        Convolution(8, 3, 2, 1, "avg", "Tanh"),
        Convolution(4, 3, 1, 1, "none", "SiLU", 0.1),
    ]
    trained = HybridNet(shape, 10, genes, Ansatz(6, 1), engine="torch")
    measured = search_net([asdict(layer) for layer in genes], 6, shape)
    assert step_work(measured, (32, *shape)) == step_work(trained, (32, *shape))


def test_networks_of_a_search_and_plain_ones_are_measured():
    assert [kind for kind, *_ in networks(4, seed=0)] == ["reference", "search", "plain", "search", "plain"]


def test_a_small_profile_can_be_measured():
    threads = torch.get_num_threads()
    profile = DeviceProfile.measure(networks=3)
    assert torch.get_num_threads() == threads
    assert profile.throughput > 1e6
    assert "memory kept" in profile.condition
    assert math.isfinite(classical_cost(cnn(), (5, 1, 8, 8), profile=profile).time)


def test_bad_input_is_named(tmp_path):
    with pytest.raises(ArchitectureError, match="takes no input of"):
        classical_cost(cnn(), (5, 3, 8, 8), profile=PROFILE)
    with pytest.raises(CircuitError, match="steps is 0"):
        classical_cost(cnn(), (5, 1, 8, 8), steps=0, profile=PROFILE)
    with pytest.raises(UnknownNameError, match="Unknown model"):
        classical_cost(cnn(), (5, 1, 8, 8), model="exact", profile=PROFILE)
    with pytest.raises(ArchitectureError, match="0 layers with an ansatz"):
        hybrid_cost(cnn(), "fake_kyiv", samples=1, epochs=1, profile=PROFILE)
    with pytest.raises(ArchitectureError, match="quantum layer itself"):
        classical_cost(hybrid().quantum, (5, 4), profile=PROFILE)
    (tmp_path / "bad.json").write_text('{"step": -1}')
    with pytest.raises(ConfigError, match="is not a device profile"):
        DeviceProfile.load(tmp_path / "bad.json")
