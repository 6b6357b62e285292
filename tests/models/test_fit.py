import random
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.fit import Epoch, fit
from hybhanas_jupyter.models.hybrid import HybridNet


@pytest.fixture
def data():
    """Two classes of noisy 6 x 6 images: the bright half is on the left or on the right."""
    noise = np.random.default_rng(0)

    def part(count):
        y = np.arange(count) % 2
        x = noise.normal(0, 0.3, (count, 1, 6, 6))
        x[y == 0, :, :, :3] += 1
        x[y == 1, :, :, 3:] += 1
        return x.astype(np.float32), y

    x, y = part(101)
    x_validation, y_validation = part(40)
    return SimpleNamespace(x_train=x, y_train=y, x_validation=x_validation, y_validation=y_validation)


def network(seed=0):
    return HybridNet((1, 6, 6), 2, (Convolution(4, dropout=0.1),), Ansatz(3, 2), seed=seed)


def test_learns_and_reports_each_epoch(data):
    seen = []
    history = fit(network(), data, epochs=4, on_epoch=seen.append)
    assert history.status == "finished"
    assert history.accuracy > 0.9
    assert list(history.epochs) == seen
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    assert all(isinstance(e, Epoch) and e.seconds > 0 for e in seen)


def test_validation_metrics_are_those_of_the_trained_net(data):
    net = network()
    history = fit(net, data, epochs=2)
    with torch.no_grad():
        logits = net.eval()(torch.from_numpy(data.x_validation))
    y = torch.from_numpy(data.y_validation)
    assert history.accuracy == pytest.approx((logits.argmax(1) == y).double().mean().item())
    expected = -torch.log_softmax(logits, 1)[torch.arange(len(y)), y].mean().item()
    assert history.epochs[-1].validation_loss == pytest.approx(expected, rel=1e-5)


def losses(history):
    return [(e.train_loss, e.validation_loss) for e in history.epochs]


def test_seed_decides_the_result(data):
    assert losses(fit(network(), data, epochs=2, seed=3)) == losses(fit(network(), data, epochs=2, seed=3))
    assert losses(fit(network(), data, epochs=2, seed=3)) != losses(fit(network(), data, epochs=2, seed=4))


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_defaults_that_the_user_gave_torch_do_not_matter(data, engine):
    def train():
        net = HybridNet((1, 6, 6), 2, (Convolution(4, dropout=0.1),), Ansatz(3, 2), engine=engine)
        return losses(fit(net, data, epochs=2))

    expected = train()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            assert train() == expected
    finally:
        torch.set_default_dtype(torch.float32)


def test_early_stop(data):
    history = fit(network(), data, epochs=5, early_stop_accuracy=1.01, early_stop_epochs=3)
    assert (history.status, len(history.epochs)) == ("early-stopped", 3)
    assert "below 1.01 after epoch 3" in history.reason


def test_stop_flag_ends_between_two_steps(data):
    calls = iter([False] * 6 + [True])
    history = fit(network(), data, epochs=5, stop=lambda: next(calls))
    assert (history.status, len(history.epochs)) == ("stopped", 1)
    assert history.reason == "stopped at step 3 of epoch 2"


def test_loss_that_is_not_finite_fails(data):
    data.x_train[50] = np.nan
    history = fit(network(), data)
    assert (history.status, history.epochs, history.accuracy) == ("failed", (), 0.0)
    assert history.reason.startswith("the loss is nan at step")


def test_validation_loss_that_is_not_finite_fails(data):
    data.x_validation[3] = np.inf
    history = fit(network(), data)
    assert (history.status, history.epochs) == ("failed", ())
    assert history.reason == "the validation loss is nan after epoch 1"


@pytest.mark.parametrize("bad", [{"epochs": 0}, {"batch_size": -1}, {"learning_rate": float("nan")}])
def test_numbers_that_are_not_above_zero(data, bad):
    (name, value), *_ = bad.items()
    with pytest.raises(ConfigError, match=f"{name} is {value}: it must be above 0"):
        fit(network(), data, **bad)


def test_global_state_is_left_alone(data):
    before = torch.get_rng_state(), random.getstate()
    threads = torch.get_num_threads()
    fit(network(), data, epochs=1)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert torch.get_num_threads() == threads


def test_threads_of_others_are_left_alone_while_training(data):
    elsewhere = []

    def look(_):
        here = torch.get_num_threads()
        new = threading.Thread(target=lambda: elsewhere.append((here, torch.get_num_threads())))
        new.start()
        new.join()

    threads = torch.get_num_threads()
    fit(network(), data, epochs=1, on_epoch=look)
    assert elsewhere == [(1, threads)]


@pytest.mark.parametrize("side", [4, 32])
def test_a_step_moves_the_angles_whatever_the_number_of_inputs(side):
    """At one rate for every weight the 16,384 features of the larger image would turn the angles by radians."""
    noise = np.random.default_rng(0)
    x, y = noise.uniform(size=(32, 1, side, side)).astype(np.float32), np.arange(32) % 2
    one_batch = SimpleNamespace(x_train=x, y_train=y, x_validation=x, y_validation=y)
    net = HybridNet((1, side, side), 2, (Convolution(16, padding=1),), Ansatz(3, 2))
    before = net.angles(torch.from_numpy(x))
    fit(net, one_batch, epochs=1)
    moved = (net.angles(torch.from_numpy(x)) - before).abs().mean().item()
    assert 0.01 < moved < 1
