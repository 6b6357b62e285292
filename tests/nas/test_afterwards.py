"""What one does with a finished run: other devices, export, verification under noise, tables."""

import importlib.util
import json

import numpy as np
import pytest
import torch
from qiskit import ClassicalRegister
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.errors import ConfigError, DataError, FileError, StoreError, UnknownNameError
from hybhanas_jupyter.hardware.devices import device
from hybhanas_jupyter.models.hybrid import HybridNet
from hybhanas_jupyter.models.quantum_layer import QuantumLayer
from hybhanas_jupyter.nas import verify as verification
from hybhanas_jupyter.nas.foreground import search
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.space import SearchSpace
from hybhanas_jupyter.nas.verify import NoisyLayer
from tests.nas import real


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = real.config(
        per_class=40,
        training={"epochs": 6},
        space=SearchSpace(qubits=(2, 4), depth=(1, 2), rotations=("RY", "RY-RZ", "RX-RZ"), entanglers=("CZ",)),
    )
    return search(config, store=tmp_path_factory.mktemp("store") / "runs.db", progress=False)


def accuracy(net, data):
    net.eval()
    with torch.no_grad():
        return float((net(torch.from_numpy(data.x_validation)).argmax(1).numpy() == data.y_validation).mean())


def test_every_trained_network_comes_back_with_its_accuracy(run):
    """Also where the training was that of an equivalent, simpler circuit, whose missing angles are zero."""
    data = run.config.load_data()
    shared = [e for e in run.evaluations if e.shared_with is not None]
    simplified = [e for e in run.evaluations if e.architecture.trained_as != e.architecture]
    assert shared
    assert simplified
    for evaluation in run.evaluations:
        assert accuracy(run.network(evaluation), data) == pytest.approx(evaluation.accuracy, abs=1e-3)


def test_export_is_a_network_and_code_that_need_this_package_no_more(run, tmp_path):
    evaluation = next(e for e in run.front if e.architecture.ansatz.depth == 2)
    folder = run.export(evaluation.number, tmp_path / "best")
    assert accuracy(HybridNet.load(folder), run.config.load_data()) == pytest.approx(evaluation.accuracy, abs=1e-3)
    assert json.loads((folder / "costs.json").read_text())["quantum_time"] == evaluation.quantum_time
    assert "hybhanas" not in (folder / "circuit.py").read_text()

    spec = importlib.util.spec_from_file_location("circuit", folder / "circuit.py")
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    n = evaluation.architecture.ansatz.n_qubits
    x = np.linspace(-2, 2, n)
    with torch.no_grad():
        ours = run.network(evaluation).quantum(torch.tensor(x[None], dtype=torch.float32))[0].numpy()
    state = Statevector(code.qiskit_circuit(x))
    qiskit = [state.expectation_value(SparsePauliOp.from_sparse_list([("Z", [q], 1)], n)).real for q in range(n)]
    np.testing.assert_allclose(ours, qiskit, atol=1e-5)
    np.testing.assert_allclose(ours, [float(z) for z in code.pennylane_qnode()(x)], atol=1e-5)


def test_export_keeps_the_files_of_others_and_replaces_an_earlier_one(run, tmp_path):
    first, second = (e for e in run.evaluations[:2])
    (tmp_path / "notes.txt").write_text("mine")
    run.export(first, tmp_path)
    run.export(second, tmp_path)
    assert json.loads((tmp_path / "costs.json").read_text())["number"] == second.number
    assert (tmp_path / "notes.txt").read_text() == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "circuit.py").write_text("mine")
    with pytest.raises(FileError, match=r"holds circuit\.py already"):
        run.export(first, other)
    assert [path.name for path in other.iterdir()] == ["circuit.py"]
    with pytest.raises(FileError, match="No folder is given"):
        run.export(first, "")


def test_export_of_what_is_not_there_is_one_line(run, tmp_path):
    with pytest.raises(StoreError, match="no candidate 99"):
        run.export(99, tmp_path)


def test_recost_is_costing_on_the_other_device(run):
    other = run.recost("fake_torino")
    assert other.device == "fake_torino"
    for before, after in zip(run.evaluations, other.after.evaluations, strict=True):
        assert (after.architecture, after.accuracy) == (before.architecture, before.accuracy)
        expected = quantum_cost(after.architecture.ansatz.to_circuit(), "fake_torino").success_probability
        assert after.success_probability == expected != before.success_probability
    assert set(other.rank_correlation) == {"quantum_time", "usage_time", "success_probability", "two_qubit_gates"}
    assert all(-1 <= value <= 1 for value in other.rank_correlation.values())
    assert {e.number for e in other.kept} <= {e.number for e in run.front}
    assert "fake_torino" in repr(other)
    assert "<table" in other._repr_html_()


def test_recost_on_its_own_device_changes_nothing(run):
    same = run.recost("fake_kyiv")
    assert [e.number for e in same.after.front] == [e.number for e in run.front]
    assert [e.quantum_time for e in same.after.evaluations] == [e.quantum_time for e in run.evaluations]
    assert all(value == pytest.approx(1) for value in same.rank_correlation.values())


def test_recost_on_an_unknown_or_too_small_device_is_one_line(run):
    with pytest.raises(UnknownNameError, match="Did you mean"):
        run.recost("fake_torin")
    with pytest.raises(ConfigError, match="fake_armonk has 1"):
        run.recost("fake_armonk")


def test_verification_runs_the_networks_that_were_trained(run):
    verified = run.verify(samples=80, shots=10)
    recorded = [row.evaluation.accuracy for row in verified.rows]
    assert [row.ideal_accuracy for row in verified.rows] == pytest.approx(recorded, abs=1e-3)


def test_without_noise_and_with_many_shots_the_accuracy_is_the_ideal_one(run):
    ideal = run.verify(noise=False, samples=60, shots=20_000)
    assert len(ideal.rows) == len(run.front)
    for row in ideal.rows:
        assert row.noisy_accuracy == pytest.approx(row.ideal_accuracy, abs=0.05)


def test_predicted_and_aers_accuracy_stand_side_by_side(run):
    data = run.config.load_data()
    verified = run.verify(samples=80, shots=1000, data=data)
    errors = [abs(row.predicted_accuracy - row.noisy_accuracy) for row in verified.rows]
    assert np.mean(errors) < 0.04  # three images of 80
    for row in verified.rows:
        low, high = row.interval
        assert 0 <= low < row.noisy_accuracy < high <= 1 + 1e-9
        assert row.fit_error == 0
    assert list(verified.to_dataframe()["predicted_accuracy"]) == [row.predicted_accuracy for row in verified.rows]
    assert "Predicted" in repr(verified)


def test_the_interval_holds_the_rates_that_the_count_does_not_contradict(run):
    """Wilson's score interval: its ends are the rates from which the count is 1.96 standard deviations off."""
    row = run.verify(noise=False, samples=50, shots=10).rows[0]
    for rate in row.interval:
        assert abs(row.noisy_accuracy - rate) == pytest.approx(1.96 * np.sqrt(rate * (1 - rate) / 50), abs=1e-6)


def test_some_images_stand_for_all_of_a_large_circuit(monkeypatch):
    """The map from a few images gives what running all of them gives, but for the shots."""
    layer = QuantumLayer(4, 4, ("RY",), "CNOT", "full")
    angles = np.random.default_rng(0).uniform(-2, 2, (40, 4))
    with torch.no_grad():
        ideal = layer(torch.from_numpy(angles)).double().numpy()
    noisy = NoisyLayer.of(layer, device("fake_kyiv"), noise=True, optimization_level=2)
    whole, _ = noisy.values(angles, ideal, shots=20_000, seed=0)
    monkeypatch.setattr(verification, "_EFFORT", 0)
    mapped, error = noisy.values(angles, ideal, shots=10**9, seed=0)
    assert 0 < error < 0.02
    assert abs(mapped - whole).mean() < 0.3 * abs(ideal - whole).mean()


def test_noise_takes_what_the_calibration_says():
    """All angles zero: <Z> is 1 without noise; with it, what Aer makes of the whole device by itself."""
    from qiskit import transpile
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeKyiv

    layer = QuantumLayer(3, 2, ("RY",), "CZ", "full")
    with torch.no_grad():
        layer.weights.zero_()
    x = np.zeros((1, 3))
    clean = NoisyLayer.of(layer, device("fake_kyiv"), noise=False, optimization_level=2)
    np.testing.assert_array_equal(clean.expectations(x, shots=100, seed=0), 1.0)
    noisy = NoisyLayer.of(layer, device("fake_kyiv"), noise=True, optimization_level=2)
    ours = noisy.expectations(x, shots=20_000, seed=0)[0]

    cost = quantum_cost(layer.ansatz, "fake_kyiv")
    values = dict.fromkeys(cost.physical_circuit.parameters, 0.0)
    circuit = cost.physical_circuit.assign_parameters(values)
    circuit.add_register(ClassicalRegister(3))
    circuit.measure(cost.measured_qubits, range(3))
    backend = AerSimulator.from_backend(FakeKyiv())
    scheduled = transpile(circuit, FakeKyiv(), optimization_level=0, scheduling_method="alap")
    counts = backend.run(scheduled, shots=20_000, seed_simulator=1).result().get_counts()
    theirs = [1 - 2 * sum(n for bits, n in counts.items() if bits[-1 - q] == "1") / 20_000 for q in range(3)]
    np.testing.assert_allclose(ours, theirs, atol=0.03)
    assert (ours < 0.999).all()


def test_verification_reports_both_accuracies_and_is_reproducible(run):
    first, second = (run.verify(samples=20, shots=200) for _ in range(2))
    assert [row.noisy_accuracy for row in first.rows] == [row.noisy_accuracy for row in second.rows]
    assert all(0 <= row.noisy_accuracy <= 1 for row in first.rows)
    assert "fake_kyiv, noise: 20 validation images, 200 shots" in repr(first)
    accuracies = ["ideal_accuracy", "predicted_accuracy", "noisy_accuracy", "fit_error"]
    interval = ["interval_low", "interval_high"]
    assert list(first.to_dataframe().columns) == ["number", "architecture", *accuracies, *interval]


def test_verification_refuses_other_data_and_too_many_samples(run):
    with pytest.raises(ConfigError, match="from 1 to 80"):
        run.verify(samples=81)
    with pytest.raises(DataError, match="other data"):
        run.verify(data=(np.zeros((400, 8, 8)), np.arange(400) % 10))


def test_tables_hold_every_evaluation_and_name_the_knee(run):
    frame = run.to_dataframe()
    assert list(frame["number"]) == [e.number for e in run.evaluations]
    assert frame["on_front"].sum() == len(run.front)
    parts = frame[["shot_logical_time", "shot_routing_time", "shot_gate_error_penalty", "shot_decoherence_penalty"]]
    np.testing.assert_allclose(parts.sum(axis=1), frame["shot_effective_time"], rtol=1e-9)
    assert repr(run).count("knee") == 1
    assert all(e.architecture.label in repr(run) for e in run.front)
    assert Search.load(run.store).run.to_dict()["front"] == run.to_dict()["front"]
    json.dumps(run.to_dict(), allow_nan=False)
