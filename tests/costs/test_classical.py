import copy
import math

import pennylane as qml
import pytest
import torch
from torch import nn

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.classical import classical_cost, hybrid_cost
from hybhanas_jupyter.costs.profile import DeviceProfile, LayerRate
from hybhanas_jupyter.costs.training_cost import training_cost
from hybhanas_jupyter.costs.work import step_work
from hybhanas_jupyter.errors import ArchitectureError, CircuitError, ConfigError, UnknownNameError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.hybrid import HybridNet

PROFILE = DeviceProfile(
    processor="test",
    torch="2",
    throughput=1e9,
    step=1e-3,
    layers={
        "Conv2d": LayerRate(calls=1e-4, flops=1e-10, bytes=0),
        "Linear": LayerRate(calls=1e-5, flops=0, bytes=1e-9),
        "ReLU": LayerRate(calls=1e-6, flops=0, bytes=0),
    },
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
    assert "QuantumLayer" not in shallow.layers


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
    blocked = 2 * (2 * 5 * 36 * 16 * 9)
    linear = 4 * (5 * 144 + 5 * 10 + 1450)
    step = 1e-3 + (1e-4 + 1e-10 * blocked) + (1e-5 + 1e-9 * linear) + 1e-6 + 1e-6
    assert calibrated.step_time == pytest.approx(step)
    assert calibrated.time == 7 * calibrated.step_time


def test_eq_1_adds_the_same_run():
    net = hybrid()
    cost = hybrid_cost(net, "fake_kyiv", samples=100, epochs=2, batch_size=32, profile=PROFILE)
    quantum = training_cost(Ansatz(4, 2), "fake_kyiv", samples=100, epochs=2, batch_size=32)
    assert cost.quantum_time == quantum.quantum_time
    assert cost.classical_time == classical_cost(net, (32, 1, 8, 8), steps=2 * 4, profile=PROFILE).time
    assert cost.total_time == cost.quantum_time + cost.classical_time == cost.to_dict()["total_time"]
    assert "= total" in repr(cost)
    assert "Conv2d" in cost._repr_html_()


def test_profile_is_recovered_from_exact_steps_and_saved(tmp_path):
    rng = torch.Generator().manual_seed(0)
    steps = []
    for _ in range(40):
        layers = {
            kind: dict(
                zip(("calls", "flops", "bytes"), torch.randint(1, 10**6, (3,), generator=rng).tolist(), strict=True)
            )
            for kind in ("Conv2d", "Linear")
        }
        work = step_work(cnn(), (1, 1, 8, 8))
        rates = {kind: PROFILE.layers[kind] for kind in layers}
        seconds = PROFILE.step + sum(
            getattr(rates[kind], quantity) * amount for kind, row in layers.items() for quantity, amount in row.items()
        )
        steps.append({"work": {"flops": work.flops, "parameters": 1, "layers": layers}, "seconds": seconds})
    fitted = DeviceProfile.fit(steps)
    assert fitted.step == pytest.approx(PROFILE.step, rel=1e-6)
    assert fitted.layers["Conv2d"].calls == pytest.approx(1e-4, rel=1e-6)
    assert fitted.throughput == pytest.approx(steps[0]["work"]["flops"] / steps[0]["seconds"])
    fitted.save(tmp_path / "profile.json")
    assert DeviceProfile.load(tmp_path / "profile.json") == fitted


def test_a_small_profile_can_be_measured():
    threads = torch.get_num_threads()
    profile = DeviceProfile.measure(networks=3)
    assert torch.get_num_threads() == threads
    assert profile.throughput > 1e6
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
