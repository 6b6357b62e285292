"""Accuracy on the device: maps against density matrices, accuracies against what they are made of."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from qiskit.quantum_info import DensityMatrix, SparsePauliOp
from torch.nn.functional import cross_entropy

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.options import CostOptions
from hybhanas_jupyter.costs.quantum import quantum_cost_of
from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.hardware.noise import noisy_density
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.fit import fit
from hybhanas_jupyter.models.hybrid import HybridNet
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.on_device import DeviceReading, OnDevice, Readout, accuracy, fit_again
from hybhanas_jupyter.nas.tasks import Task, train

ARCHITECTURE = Architecture((Convolution(4, pooling="max"),), hyb.Ansatz(4, 3, ("RX", "RY"), "CNOT", "circular"))


@pytest.fixture(scope="module")
def trained():
    data = load_dataset("digits", per_class=40)
    net = HybridNet(data.input_shape, data.n_classes, ARCHITECTURE.convolutions, ARCHITECTURE.ansatz, seed=1)
    history = fit(net, data, epochs=3, seed=1)
    return net, data, history, Readout.of(net, data)


def test_the_readout_is_the_networks(trained):
    net, data, history, readout = trained
    assert accuracy(readout.validation, readout.classifier, readout.bias, readout.validation_labels) == history.accuracy
    with torch.no_grad():
        angles = net.angles(torch.from_numpy(data.x_train[:8]))
        assert torch.allclose(net.quantum(angles), torch.from_numpy(readout.training[:8]).float(), atol=1e-6)


def test_the_map_of_every_qubit_is_close_to_density_matrices(trained):
    *_, readout = trained
    device, options = hyb.device("fake_torino"), CostOptions()
    reading = OnDevice(device, options, 0).reading(ARCHITECTURE.ansatz, readout)
    cost = quantum_cost_of(ARCHITECTURE.ansatz.to_circuit(), device, options)
    errors, ideal_errors = [], []
    for image in range(4):
        values = {"w": readout.weights.ravel(), "x": readout.angles[image]}
        circuit = cost.physical_circuit.assign_parameters(
            {name: values[name.vector.name][name.index] for name in cost.physical_circuit.parameters}
        )
        density, _, qubits = noisy_density(circuit, device)
        for place, qubit in enumerate(cost.measured_qubits):
            state = DensityMatrix(density).expectation_value(SparsePauliOp("Z"), [qubits.index(qubit)]).real
            one, zero = device.calibration.readout_flips(qubit)
            read = (1 - one - zero) * state + zero - one
            ideal = readout.training[image, place]
            errors.append(abs(reading.damping[place] * ideal + reading.offset[place] - read))
            ideal_errors.append(abs(ideal - read))
    assert np.mean(errors) < 0.006 < np.mean(ideal_errors)


def test_without_noise_the_accuracy_is_the_trained_one(trained):
    *_, history, readout = trained
    perfect = DeviceReading(np.ones(4), np.zeros(4), 10**12)
    read = perfect.of(readout.validation, np.random.default_rng(0))
    assert accuracy(read, readout.classifier, readout.bias, readout.validation_labels) == history.accuracy


def test_shots_spread_as_those_of_a_binomial_variable():
    reading = DeviceReading(np.array([0.8]), np.array([0.1]), 400)
    read = reading.of(np.full((20_000, 1), 0.5), np.random.default_rng(0))
    mean = 0.8 * 0.5 + 0.1
    assert read.mean() == pytest.approx(mean, abs=0.001)
    assert read.std() == pytest.approx(np.sqrt((1 - mean**2) / 400), rel=0.02)


def test_a_classifier_that_is_fitted_again_undoes_a_harsh_map(trained):
    *_, readout = trained
    harsh = DeviceReading(np.full(4, 0.3), np.full(4, 0.4), 10**9)
    rng = np.random.default_rng(0)
    seen, unseen = harsh.of(readout.training, rng), harsh.of(readout.validation, rng)
    labels = readout.validation_labels
    weights, bias = fit_again(seen, readout, harsh)
    assert accuracy(unseen, weights, bias, labels) > accuracy(unseen, readout.classifier, readout.bias, labels) + 0.1
    logits = torch.from_numpy(seen @ weights.T + bias)
    before = torch.from_numpy(seen @ readout.classifier.T + readout.bias)
    targets = torch.from_numpy(readout.training_labels).long()
    assert cross_entropy(logits, targets) < cross_entropy(before, targets)


def test_the_same_seed_gives_the_same_accuracies(trained):
    *_, readout = trained
    device, options = hyb.device("fake_kyiv"), CostOptions(shots=100)
    first, again, other = (OnDevice(device, options, seed)(ARCHITECTURE, readout) for seed in (0, 0, 1))
    assert first == again
    assert first.keys() == {"device_accuracy", "recalibrated_accuracy"}
    assert first != other


def test_a_layer_that_is_trained_as_a_simpler_one_has_its_own_noise(trained):
    """An RZ-CZ layer gives cos x whatever its CZs, but more of them lose more on the device."""
    *_, readout = trained
    device = hyb.device("fake_kyiv")
    small, large = (Architecture((), hyb.Ansatz(4, 1, ("RZ",), "CZ", topology)) for topology in ("linear", "full"))
    assert small.trained_as == large.trained_as
    plain = replace(readout, weights=np.zeros((1, 1, 4)))
    few, many = (OnDevice(device, CostOptions(), 0).reading(a.ansatz, plain).damping for a in (small, large))
    assert many.mean() < few.mean()


def test_a_layer_that_leaves_out_what_it_has_is_marked_also_at_the_knee_and_can_be_excluded():
    def evaluation(number, accuracy, time, ansatz):
        return Evaluation(number, 1, Architecture((), ansatz), "ok", accuracy=accuracy, quantum_time=time)

    plain = evaluation(1, 0.95, 1.0, hyb.Ansatz(4, 2, ("RZ",), "CZ", "linear"))
    entangled = evaluation(2, 0.96, 90.0, hyb.Ansatz(4, 2, ("RY",), "CZ", "linear"))
    config = hyb.SearchConfig(objectives=("accuracy", "quantum_time"))
    run = hyb.Run("r", config, (evaluation(0, 0.1, 0.9, plain.architecture.ansatz), plain, entangled), (), 0)
    assert (plain.note, entangled.note) == ("only cos x", "")
    assert (plain.read_weights, plain.entangled_outputs) == (0.0, 0.0)
    assert (entangled.read_weights, entangled.entangled_outputs) == (1.0, 1.0)
    assert run.knee == plain
    assert "knee, only cos x" in repr(run)
    assert list(run.to_dataframe()["note"]) == ["only cos x", "only cos x", ""]
    strict = config.replace(constraints={"entangled_outputs": 0.5})
    assert [e.number for e in replace(run, config=strict).front] == [2]


def test_the_expected_map_is_near_that_of_the_trained_weights(trained):
    *_, readout = trained
    on_device = OnDevice(hyb.device("fake_kyiv"), CostOptions(), 0)
    expected, found = on_device.expected(ARCHITECTURE.ansatz), on_device.reading(ARCHITECTURE.ansatz, readout)
    assert abs(expected.damping - found.damping).mean() < 0.08 < abs(1 - found.damping).mean()


def test_a_network_trained_with_the_noise_reads_better_on_such_a_device(trained):
    """The classifier learns what the device gives."""
    _, data, *_ = trained
    lossy = DeviceReading(np.array([0.6, 0.4, 0.5, 0.6]), np.array([0.3, 0.2, -0.2, 0.1]), 1000)
    rng = np.random.default_rng(0)

    def reached(reading):
        readout = train(Task(ARCHITECTURE, {"epochs": 8}, 600.0, 1, reading), data).readout
        read = lossy.of(readout.validation, rng)
        return accuracy(read, readout.classifier, readout.bias, readout.validation_labels)

    assert reached(lossy) > reached(None) + 0.1
