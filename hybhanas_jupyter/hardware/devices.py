"""A quantum computer as costing sees it: by name, backend, target or calibration."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from hybhanas_jupyter.errors import DeviceError, check_name, shown
from hybhanas_jupyter.files import cache_folder
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.hardware.account import Account
from hybhanas_jupyter.hardware.calibration import Calibration, day_text
from hybhanas_jupyter.hardware.target import working_target

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target
    from qiskit_ibm_runtime import QiskitRuntimeService

    Backend: TypeAlias = "str | Path | BackendV2 | Target | Calibration | Device"

_SNAPSHOT_FACTS = "3"  # raised when more is read of a backend than before
_SNAPSHOT_SOURCES = ("qiskit", "qiskit-ibm-runtime", "hybhanas_jupyter")  # what a kept snapshot depends on


@dataclass(frozen=True)
class Device:
    """A calibration, and the target that the transpiler may use.

    `target` holds the working part only: faulty couplers and the couplers of faulty qubits are gone.
    """

    calibration: Calibration
    target: "Target"

    @classmethod
    def from_calibration(cls, calibration: Calibration) -> "Device":
        """The device that `calibration` describes."""
        return cls(calibration, working_target(calibration))

    @property
    def name(self) -> str:
        """The provider's name of the device."""
        return self.calibration.name

    @property
    def n_qubits(self) -> int:
        """All qubits of the device, faulty ones included."""
        return self.calibration.n_qubits

    def with_(
        self,
        *,
        durations: Mapping[str, float] | None = None,
        errors: Mapping[str, float] | None = None,
        t1: float | None = None,
        t2: float | None = None,
        rep_delay: float | None = None,
    ) -> "Device":
        """The device with values that its provider does not report, or other ones; the provenance names them.

        `durations` (seconds) and `errors` (average infidelity; of "measure" the readout's) by gate name for all of its
        qubits, `t1` and `t2` of all qubits and `rep_delay` between shots in seconds. `calibration.save(path)` keeps it.
        Raises `UnknownNameError` for a gate that the device does not have.
        """
        given = {"t1": t1, "t2": t2, "rep_delay": rep_delay}
        known = {name: value for name, value in given.items() if value is not None}
        return Device.from_calibration(self.calibration.with_(durations or {}, errors or {}, **known))

    def __repr__(self) -> str:
        return f"Device({self.name!r}, {self.n_qubits} qubits, calibrated {day_text(self.calibration.date)})"


@dataclass(frozen=True)
class DeviceSummary:
    """One row of `devices()`."""

    name: str
    n_qubits: int
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
        rows = [[d.name, d.n_qubits, d.processor, day_text(d.calibration_date)] for d in self._rows]
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
        return _built(backend)
    if isinstance(backend, Target):
        return _built(Calibration.from_target(backend, backend.description or "target", dt=backend.dt))
    if not hasattr(backend, "target"):
        raise DeviceError(
            f"{shown(backend)} is no device: give a name from hyb.devices(), a BackendV2, Target or Calibration."
        )
    return _built(Calibration.from_backend(backend))


def _named(name: str, service: "QiskitRuntimeService | None") -> Device:
    if service is not None or name.startswith("ibm_"):
        return _built(_account(service).calibration(name))
    if name.endswith(".json"):
        return _built(Calibration.load(name))
    return _built(fake_calibration(check_name("device", name, fake_classes(), see="hyb.devices()")))


@lru_cache(maxsize=4)
def _account(service: "QiskitRuntimeService | None") -> Account:
    return Account(service)


@lru_cache(maxsize=128)
def _built(calibration: Calibration) -> Device:
    """One device for equal calibrations: to build a target takes as long as a small transpilation."""
    return Device.from_calibration(calibration)


@cache
def _fake_summaries() -> tuple[DeviceSummary, ...]:
    calibrations = [fake_calibration(name) for name in sorted(fake_classes())]
    return tuple(DeviceSummary(c.name, c.n_qubits, c.processor, c.date) for c in calibrations)


@cache
def fake_classes() -> dict[str, Any]:
    """Qiskit's fake backends, snapshots of real devices, by name: making all of them takes a second, some warn then."""
    from qiskit_ibm_runtime import fake_provider
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    classes = [c for c in vars(fake_provider).values() if isinstance(c, type) and issubclass(c, FakeBackendV2)]
    return {vars(c)["backend_name"]: c for c in classes}


@cache
def fake_calibration(name: str) -> Calibration:
    """The calibration of the fake backend of this name.

    Kept in the user's cache folder, one JSON file each: Qiskit takes up to 0.2 s to build a backend's target, reading
    the file takes a millisecond.
    """
    path = snapshot_folder() / f"{name}.json"
    with suppress(DeviceError):  # not kept yet, or damaged
        return Calibration.load(path)
    with warnings.catch_warnings(action="ignore"):  # fake_nighthawk's makers warn that its errors are not typical
        calibration = Calibration.from_backend(fake_classes()[name]())
    with suppress(OSError):  # a folder that cannot be written only costs time
        path.parent.mkdir(parents=True, exist_ok=True)
        calibration.save(path)
    return calibration


@cache
def snapshot_folder() -> Path:
    """Where the calibrations that this very set of package versions reads are kept."""
    return cache_folder() / "snapshots" / "-".join([*map(version, _SNAPSHOT_SOURCES), _SNAPSHOT_FACTS])
