import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeKyiv, FakeProviderForBackendV2

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.errors import DeviceError, UnknownNameError
from hybhanas_jupyter.hardware import devices as hardware
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.devices import Device, device, devices, fake_calibration


def test_all_fake_backends_are_listed_with_their_facts():
    table = devices()
    assert [row.name for row in table] == sorted(backend.name for backend in FakeProviderForBackendV2().backends())
    kyiv = next(row for row in table if row.name == "fake_kyiv")
    backend = FakeKyiv()
    assert (kyiv.n_qubits, kyiv.processor) == (127, "Eagle 3")
    assert kyiv.calibration_date == backend.properties().last_update_date


def test_pattern_and_views():
    table = devices("fake_t*")
    assert {row.name for row in table} == {"fake_torino", "fake_toronto"}
    assert "fake_torino" in repr(table)
    assert "<td" in table._repr_html_()
    assert len(devices("nothing")) == 0
    assert len(table[:1]) == 1


def test_device_by_name_backend_and_itself():
    named, direct = device("fake_kyiv"), device(FakeKyiv())
    assert named.calibration == direct.calibration
    assert device(named) is named
    assert device("fake_kyiv") is named
    assert isinstance(direct, Device)
    assert "127 qubits" in repr(named)


def test_any_calibrated_backend_is_a_device():
    backend = GenericBackendV2(5, seed=1)
    found = device(backend)
    assert found.n_qubits == 5
    gate, qubits = "cx", next(iter(backend.target["cx"]))
    assert found.calibration.gate_data[gate, qubits].duration == backend.target[gate][qubits].duration


def test_saved_calibration_target_and_calibration_are_devices(tmp_path):
    kyiv = device("fake_kyiv")
    kyiv.calibration.save(tmp_path / "kyiv.json")
    for source in (tmp_path / "kyiv.json", str(tmp_path / "kyiv.json"), kyiv.calibration):
        assert device(source).calibration == kyiv.calibration
    target = GenericBackendV2(3, seed=2).target
    assert device(target).calibration.gate_data["cx", (0, 1)].error == target["cx"][0, 1].error


def test_costs_on_a_saved_calibration_are_the_same(tmp_path):
    device("fake_kyiv").calibration.save(tmp_path / "kyiv.json")
    saved, fake = (quantum_cost(Ansatz(3, 1), name) for name in (tmp_path / "kyiv.json", "fake_kyiv"))
    assert saved.to_dict() == fake.to_dict()


@pytest.mark.parametrize(
    ("backend", "error", "message"),
    [
        ("fake_kyv", UnknownNameError, "Did you mean 'fake_kyiv'"),
        (AerSimulator(), DeviceError, "no gate durations"),
        (3, DeviceError, "3 is no device"),
    ],
)
def test_what_is_no_device_is_named(backend, error, message):
    with pytest.raises(error, match=message):
        device(backend)


@pytest.fixture
def snapshots(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "snapshot_folder", lambda: tmp_path / "snapshots")
    fake_calibration.cache_clear()
    yield tmp_path / "snapshots"
    fake_calibration.cache_clear()


def read_twice(name):
    """As the first kernel reads it, and as the next one."""
    first = fake_calibration(name)
    fake_calibration.cache_clear()
    return first, fake_calibration(name)


def test_kept_calibrations_are_those_that_qiskit_gives(snapshots):
    for backend in FakeProviderForBackendV2().backends():
        fresh = Calibration.from_backend(backend)
        first, second = read_twice(backend.name)
        assert first == second == fresh
        assert first.fingerprint == second.fingerprint == fresh.fingerprint
    assert len(list(snapshots.iterdir())) == len(devices())


@pytest.mark.parametrize("damage", ["", "{}", '{"schema_version": 2}'])
def test_damaged_kept_calibrations_are_made_anew(snapshots, damage):
    kept = fake_calibration("fake_manila")
    (snapshots / "fake_manila.json").write_text(damage)
    fake_calibration.cache_clear()
    assert fake_calibration("fake_manila") == kept
    assert device(snapshots / "fake_manila.json").calibration == kept


def test_a_folder_that_cannot_be_written_is_no_obstacle(snapshots):
    snapshots.write_text("a file where the folder should be")
    assert fake_calibration("fake_manila").n_qubits == 5


@pytest.mark.filterwarnings("error")
def test_a_device_whose_makers_warn_of_it_is_read_in_silence(monkeypatch, tmp_path):
    monkeypatch.setattr(hardware, "snapshot_folder", lambda: tmp_path)
    assert fake_calibration.__wrapped__("fake_nighthawk").n_qubits == 120
