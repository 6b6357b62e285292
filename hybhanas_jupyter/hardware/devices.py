"""Devices by name: Qiskit's fake backends, or any BackendV2 that carries a calibration."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from hybhanas_jupyter.errors import DeviceError, check_name
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target


@dataclass(frozen=True)
class Device:
    """A quantum computer as costing sees it: its calibration, and the target the transpiler may use.

    `target` holds the working part only: faulty couplers and the couplers of faulty qubits are gone.
    """

    calibration: Calibration
    target: "Target"

    @classmethod
    def from_calibration(cls, calibration: Calibration) -> "Device":
        """The device that `calibration` describes."""
        return cls(calibration, calibration.to_target())

    @property
    def name(self) -> str:
        """The provider's name of the device."""
        return self.calibration.name

    @property
    def num_qubits(self) -> int:
        """All qubits of the device, faulty ones included."""
        return self.calibration.num_qubits

    def __repr__(self) -> str:
        return f"Device({self.name!r}, {self.num_qubits} qubits, calibrated {_day(self.calibration.date)})"


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
        rows = [[d.name, d.num_qubits, d.processor, _day(d.calibration_date)] for d in self._rows]
        return Report("", [(["device", "qubits", "processor", "calibrated"], rows)])


def devices(pattern: str = "*") -> DeviceTable:
    """The devices that need no account, by name; `pattern` is a shell pattern such as "fake_t*"."""
    return DeviceTable([row for row in _fake_summaries() if fnmatchcase(row.name, pattern)])


def device(backend: "str | BackendV2 | Device") -> Device:
    """The device of this name or backend.

    Raises `UnknownNameError` for an unknown name and `DeviceError` for a backend without a calibration.
    """
    if isinstance(backend, Device):
        return backend
    if isinstance(backend, str):
        return _fake_device(check_name("device", backend, _fake_classes(), see="hyb.devices()"))
    if not hasattr(backend, "target"):
        raise DeviceError(f"{backend!r} is no device: give a name from hyb.devices(), a Qiskit BackendV2 or a Device.")
    return Device.from_calibration(_read(backend))


@cache
def _fake_classes() -> "dict[str, Any]":
    """The classes, not instances: making all 68 takes a second, and some warn when made."""
    from qiskit_ibm_runtime import fake_provider
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    classes = [c for c in vars(fake_provider).values() if isinstance(c, type) and issubclass(c, FakeBackendV2)]
    return {vars(c)["backend_name"]: c for c in classes}


@cache
def _fake_device(name: str) -> Device:
    return Device.from_calibration(_read(_fake_classes()[name]()))


@cache
def _fake_summaries() -> tuple[DeviceSummary, ...]:
    return tuple(_fake_summary(name, backend) for name, backend in sorted(_fake_classes().items()))


def _fake_summary(name: str, backend: Any) -> DeviceSummary:
    """Read from the snapshot's files, since building all targets takes 3 s."""
    folder = Path(backend.dirname)
    facts = json.loads((folder / backend.conf_filename).read_text(encoding="utf-8"))
    properties = json.loads((folder / backend.props_filename).read_text(encoding="utf-8"))
    date = datetime.fromisoformat(properties["last_update_date"])
    return DeviceSummary(name, facts["n_qubits"], _processor(facts.get("processor_type")), date)


def _read(backend: Any) -> Calibration:
    properties = backend.properties() if hasattr(backend, "properties") else None
    return Calibration.from_target(
        backend.target,
        backend.name or type(backend).__name__,
        processor=_processor(getattr(backend, "processor_type", None)),
        date=properties.last_update_date if properties else None,
        dt=backend.target.dt,
        rep_delay=getattr(backend, "default_rep_delay", None),
    )


def _processor(facts: dict[str, Any] | None) -> str:
    return " ".join(str(facts[key]) for key in ("family", "revision") if facts.get(key)) if facts else ""


def _day(date: datetime | None) -> str:
    return f"{date:%Y-%m-%d}" if date else "unknown"
