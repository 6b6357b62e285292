"""Devices by name, backend, target or calibration."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from hybhanas_jupyter.errors import DeviceError, check_name
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.hardware.account import Account
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.device import Device, day_text
from hybhanas_jupyter.hardware.fakes import fake_calibration, fake_classes
from hybhanas_jupyter.hardware.reading import read_backend

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target
    from qiskit_ibm_runtime import QiskitRuntimeService

    Backend: TypeAlias = str | Path | BackendV2 | Target | Calibration | Device


@dataclass(frozen=True)
class DeviceSummary:
    """One row of `devices()`."""

    name: str
    num_qubits: int
    processor: str
    calibration_date: datetime | None


class DeviceTable(Reported, Sequence[DeviceSummary]):
    """The devices whose names match a pattern; a sequence that prints as a table."""

    def __init__(self, rows: Sequence[DeviceSummary]) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> DeviceSummary: ...
    @overload
    def __getitem__(self, index: slice) -> "DeviceTable": ...
    def __getitem__(self, index: int | slice) -> "DeviceSummary | DeviceTable":
        return DeviceTable(self._rows[index]) if isinstance(index, slice) else self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[DeviceSummary]:
        return iter(self._rows)

    def to_dict(self) -> dict[str, Any]:
        """The rows by device name."""
        return {record.pop("name"): record for record in self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self._rows]

    def _report(self) -> Report:
        rows = [[d.name, d.num_qubits, d.processor, day_text(d.calibration_date)] for d in self._rows]
        return Report("", [(["device", "qubits", "processor", "calibrated"], rows)])


def devices(pattern: str = "*") -> DeviceTable:
    """The devices that need no account, by name; `pattern` is a shell pattern such as "fake_t*"."""
    return DeviceTable([row for row in _fake_summaries() if fnmatchcase(row.name, pattern)])


def device(backend: "Backend", *, service: "QiskitRuntimeService | None" = None) -> Device:
    """The device of this name, saved calibration (a path that ends in .json), backend, target or calibration.

    Names are those of `devices()`; names that start with "ibm_" are looked up in the user's IBM account, and all names
    in `service` if one is given. An account's device is read again after a recalibration, see `account.POLL_SECONDS`.

    Raises `UnknownNameError` for an unknown name, `DeviceError` for a missing account or calibration.
    """
    from qiskit.transpiler import Target

    if isinstance(backend, Device):
        return backend
    if isinstance(backend, (str, Path)):
        return _named(str(backend), service)
    if isinstance(backend, Calibration):
        return Device.from_calibration(backend)
    if isinstance(backend, Target):
        return Device.from_calibration(Calibration.from_target(backend, backend.description or "target", dt=backend.dt))
    if not hasattr(backend, "target"):
        raise DeviceError(
            f"{backend!r} is no device: give a name from hyb.devices(), a BackendV2, Target or Calibration."
        )
    return Device.from_calibration(read_backend(backend))


def _named(name: str, service: "QiskitRuntimeService | None") -> Device:
    if service is not None or name.startswith("ibm_"):
        return _account(service).device(name)
    if name.endswith(".json"):
        return Device.from_calibration(Calibration.load(name))
    return _fake_device(check_name("device", name, fake_classes(), see="hyb.devices()"))


@lru_cache(maxsize=4)
def _account(service: "QiskitRuntimeService | None") -> Account:
    return Account(service)


@cache
def _fake_device(name: str) -> Device:
    return Device.from_calibration(fake_calibration(name))


@cache
def _fake_summaries() -> tuple[DeviceSummary, ...]:
    calibrations = [fake_calibration(name) for name in sorted(fake_classes())]
    return tuple(DeviceSummary(c.name, c.num_qubits, c.processor, c.date) for c in calibrations)
