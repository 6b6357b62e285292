"""Real IBM devices, through the user's saved account or environment; no token is ever read or kept here."""

from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware.device import Device
from hybhanas_jupyter.hardware.reading import read_backend

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService

POLL_SECONDS = 600.0  # devices are recalibrated about once a day; asking for it costs a request

_HOW_TO = (
    "Save one once with QiskitRuntimeService.save_account(...), outside of notebooks that you share, "
    "or use a device that needs none: see hyb.devices()."
)


@dataclass
class _Known:
    device: Device
    backend: Any
    polled: float


class Account:
    """An account's devices, read once and again after a recalibration.

    The provider is asked for the date of the calibration at most every `POLL_SECONDS`.
    """

    def __init__(self, service: "QiskitRuntimeService | None" = None) -> None:
        self._service = service
        self._known: dict[str, _Known] = {}
        self._lock = Lock()

    def device(self, name: str) -> Device:
        """The device with its latest calibration. Raises `DeviceError` without account, network or such a device."""
        with self._lock:
            known = self._known.get(name)
            if known is None:
                backend = self._backend(name)
                known = self._known[name] = _Known(_read(backend), backend, monotonic())
            elif monotonic() - known.polled >= POLL_SECONDS:
                self._refresh(known)
            return known.device

    def _backend(self, name: str) -> Any:
        from qiskit.exceptions import QiskitError

        try:
            if self._service is None:
                from qiskit_ibm_runtime import QiskitRuntimeService

                self._service = QiskitRuntimeService()
            return self._service.backend(name)
        # Neither message nor cause goes on: they may hold what the account was opened with.
        except (QiskitError, ValueError) as error:
            kind = type(error).__name__
        except OSError as error:
            kind = f"no connection, {type(error).__name__}"
        if self._service is None:
            raise DeviceError(f"Device {name!r} needs an IBM Quantum account ({kind}). {_HOW_TO}")
        raise DeviceError(f"The account's service has no device {name!r} ({kind}). See service.backends().")

    @staticmethod
    def _refresh(known: _Known) -> None:
        known.polled = monotonic()
        properties = known.backend.properties(refresh=True)
        if properties is not None and properties.last_update_date != known.device.calibration.date:
            if hasattr(known.backend, "refresh"):
                known.backend.refresh()
            known.device = _read(known.backend)


def _read(backend: Any) -> Device:
    return Device.from_calibration(read_backend(backend))
