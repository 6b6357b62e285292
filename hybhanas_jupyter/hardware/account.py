"""Real IBM devices, through the user's saved account or environment; no token is ever read or kept here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import DeviceError, shown
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService

POLL_SECONDS = 600.0  # devices are recalibrated about once a day; asking for it costs a request

_HOW_TO = (
    "Save one once with QiskitRuntimeService.save_account(...), outside of notebooks that you share, "
    "or use a device that needs none: see hyb.devices()."
)


@dataclass
class _Known:
    calibration: Calibration
    backend: Any
    polled: float


class Account:
    """The calibrations of an account's devices, read once and again after a recalibration.

    The provider is asked for the date of the calibration at most every `POLL_SECONDS`.
    """

    def __init__(self, service: "QiskitRuntimeService | None" = None) -> None:
        self._service = service
        self._known: dict[str, _Known] = {}
        self._lock = Lock()

    def calibration(self, name: str) -> Calibration:
        """The device's latest calibration. Raises `DeviceError` without account, network or such a device."""
        with self._lock:
            known = self._known.get(name)
            if known is None:
                backend = self._backend(name)
                known = self._known[name] = _Known(Calibration.from_backend(backend), backend, monotonic())
            elif monotonic() - known.polled >= POLL_SECONDS:
                self._refresh(known)
            return known.calibration

    def _backend(self, name: str) -> Any:
        refusal = f"The account's service has no device {shown(name)}"
        return _ask(self._service, lambda service: service.backend(name), f"Device {shown(name)}", refusal)

    @staticmethod
    def _refresh(known: _Known) -> None:
        known.polled = monotonic()
        properties = known.backend.properties(refresh=True)
        if properties is not None and properties.last_update_date != known.calibration.date:
            if hasattr(known.backend, "refresh"):
                known.backend.refresh()
            known.calibration = Calibration.from_backend(known.backend)


def device_names(service: "QiskitRuntimeService | None" = None) -> tuple[str, ...]:
    """The names of the account's devices, from the provider, which takes seconds.

    Raises `DeviceError` without account or network.
    """
    backends = _ask(
        service,
        lambda service: service.backends(),
        "The list of real devices",
        "The account's service does not list its devices",
    )
    return tuple(sorted(backend.name for backend in backends))


def _ask(service: Any, question: Callable[[Any], Any], what: str, refusal: str) -> Any:
    """The answer of `service`, by default that of the saved account; raises `DeviceError` in one line."""
    from qiskit.exceptions import QiskitError

    try:
        if service is None:
            service = _saved_service()
        return question(service)
    # Neither message nor cause goes on: they may hold what the account was opened with.
    except (QiskitError, ValueError) as error:
        kind = type(error).__name__
    except OSError as error:
        kind = f"no connection, {type(error).__name__}"
    if service is None:
        raise DeviceError(f"{what} needs an IBM Quantum account ({kind}). {_HOW_TO}")
    raise DeviceError(f"{refusal} ({kind}). See service.backends().")


@cache
def _saved_service() -> "QiskitRuntimeService":
    from qiskit_ibm_runtime import QiskitRuntimeService

    return QiskitRuntimeService()
