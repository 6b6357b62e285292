from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_ibm_runtime import QiskitRuntimeService

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware import account
from hybhanas_jupyter.hardware.devices import device, devices

SECRET = "secret-token-of-the-user"
MORNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Properties:
    last_update_date: datetime


class RecalibratedBackend(GenericBackendV2):
    """A device whose calibration changes when `date` does; counts how often it is asked."""

    def __init__(self):
        super().__init__(3, seed=1)
        self.date, self.asked = MORNING, 0

    def properties(self, refresh=False):
        self.asked += refresh
        return Properties(self.date)


class Service:
    def __init__(self, backend):
        self._backend, self.opened = backend, 0

    def backend(self, name):
        self.opened += 1
        return self._backend


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(account, "monotonic", lambda: now[0])
    return now


def test_qiskits_local_service_can_be_passed_in():
    service = QiskitRuntimeService(channel="local")
    found = device("fake_kyiv", service=service)
    assert found.calibration == device("fake_kyiv").calibration
    with pytest.raises(DeviceError, match="no device 'ibm_nowhere'"):
        device("ibm_nowhere", service=service)


def test_recalibration_is_noticed_but_not_asked_for_too_often(clock):
    backend = RecalibratedBackend()
    service = Service(backend)
    first = device("ibm_test", service=service)
    backend.date += timedelta(hours=5)
    clock[0] = account.POLL_SECONDS - 1
    assert device("ibm_test", service=service) is first
    assert backend.asked == 0
    clock[0] = account.POLL_SECONDS
    second = device("ibm_test", service=service)
    assert second.calibration.date == backend.date != first.calibration.date
    assert second.calibration.fingerprint != first.calibration.fingerprint
    assert device("ibm_test", service=service) is second
    clock[0] = 2 * account.POLL_SECONDS
    assert device("ibm_test", service=service) is second
    assert (backend.asked, service.opened) == (2, 1)


def test_the_devices_of_an_account_by_name():
    assert account.device_names(QiskitRuntimeService(channel="local")) == tuple(row.name for row in devices())


@pytest.mark.parametrize("ask", [lambda: account.Account().calibration("ibm_brisbane"), account.device_names])
@pytest.mark.parametrize(
    "error", [ValueError(f"bad token {SECRET}"), OSError(SECRET), ConnectionError(f"https://x/?token={SECRET}")]
)
def test_without_account_one_line_says_how_to_save_one_and_keeps_the_token(monkeypatch, error, ask):
    def refuse():
        raise error

    monkeypatch.setattr("qiskit_ibm_runtime.QiskitRuntimeService", refuse)
    with pytest.raises(DeviceError, match="needs an IBM Quantum account") as caught:
        ask()
    message = str(caught.value)
    assert "save_account" in message
    assert "hyb.devices()" in message
    assert "\n" not in message
    assert SECRET not in message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
