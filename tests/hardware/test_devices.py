import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeKyiv, FakeProviderForBackendV2

from hybhanas_jupyter.errors import DeviceError, UnknownNameError
from hybhanas_jupyter.hardware.devices import Device, device, devices


def test_all_fake_backends_are_listed_with_their_facts():
    table = devices()
    assert [row.name for row in table] == sorted(backend.name for backend in FakeProviderForBackendV2().backends())
    kyiv = next(row for row in table if row.name == "fake_kyiv")
    backend = FakeKyiv()
    assert (kyiv.num_qubits, kyiv.processor) == (127, "Eagle 3")
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
    assert found.num_qubits == 5
    gate, qubits = "cx", next(iter(backend.target["cx"]))
    assert found.calibration.gate_data[gate, qubits].duration == backend.target[gate][qubits].duration


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
