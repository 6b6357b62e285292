"""What `%qdevices` shows: each device's size, native gates, median errors and durations, date and faults."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite, nan
from statistics import median
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.formatting import Report, Reported, seconds, significant

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration
    from hybhanas_jupyter.hardware.devices import DeviceSummary

_KINDS = ("one_qubit", "two_qubit", "readout")


@dataclass(frozen=True)
class Medians:
    """Medians over a device's working gates of one kind: error, and duration in seconds; NaN where none is known."""

    error: float
    duration: float


@dataclass(frozen=True)
class DeviceDetails:
    """One row of `%qdevices`; virtual gates (duration 0) and faulty ones (error 1) are left out of the medians."""

    name: str
    n_qubits: int
    two_qubit_gates: tuple[str, ...]
    one_qubit: Medians
    two_qubit: Medians
    readout: Medians
    calibration_date: datetime | None
    faulty_couplers: int

    @classmethod
    def of(cls, calibration: "Calibration") -> "DeviceDetails":
        """Summarise a calibration."""
        kinds: dict[str, list[GateCalibration]] = {kind: [] for kind in _KINDS}
        for gate in calibration.gates:
            kinds["readout" if gate.name == "measure" else _KINDS[min(len(gate.qubits), 2) - 1]].append(gate)
        return cls(
            name=calibration.name,
            n_qubits=calibration.n_qubits,
            two_qubit_gates=tuple(dict.fromkeys(gate.name for gate in kinds["two_qubit"])),
            calibration_date=calibration.date,
            faulty_couplers=len(calibration.faulty_couplers),
            **{kind: _medians(gates) for kind, gates in kinds.items()},
        )


@dataclass(frozen=True, repr=False)
class DeviceDetailsTable(Reported):
    """The devices that match a pattern; prints as a table."""

    rows: tuple[DeviceDetails, ...]
    unusable: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """{"devices": one dict for each device, "unusable": why others cannot be costed}."""
        return {"devices": self._records(), "unusable": list(self.unusable)}

    def _records(self) -> list[dict[str, Any]]:
        return [_record(row) for row in self.rows]

    def _report(self) -> Report:
        headers = ["device", "qubits", "2q gates", "1q error", "2q error", "readout error"]
        headers += ["1q time", "2q time", "readout time", "calibrated", "faulty couplers"]
        rows = [_cells(row) for row in self.rows]
        return Report("", [(headers, rows)], folded={f"Cannot be costed ({len(self.unusable)})": self.unusable})


def device_details(summaries: "Iterable[DeviceSummary]") -> DeviceDetailsTable:
    """Read the calibrations of these devices: about 0.1 s each, once a session."""
    from hybhanas_jupyter.hardware.devices import device

    rows, unusable = [], []
    for summary in summaries:
        try:
            with warnings.catch_warnings(action="ignore"):
                rows.append(DeviceDetails.of(device(summary.name).calibration))
        except DeviceError as error:
            unusable.append(str(error))
    return DeviceDetailsTable(tuple(rows), tuple(unusable))


def _medians(gates: "Sequence[GateCalibration]") -> Medians:
    real = [gate for gate in gates if gate.duration != 0 and gate.error != 1]
    return Medians(_median(gate.error for gate in real), _median(gate.duration for gate in real))


def _median(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return median(known) if known else nan


def _record(row: DeviceDetails) -> dict[str, Any]:
    flat = {f"{kind}_{name}": value for kind in _KINDS for name, value in asdict(getattr(row, kind)).items()}
    return {**{k: v for k, v in asdict(row).items() if k not in _KINDS}, **flat}


def _cells(row: DeviceDetails) -> list[str]:
    kinds = [getattr(row, kind) for kind in _KINDS]
    return [
        row.name,
        str(row.n_qubits),
        " ".join(row.two_qubit_gates),
        *(significant(kind.error) if isfinite(kind.error) else "-" for kind in kinds),
        *(seconds(kind.duration) if isfinite(kind.duration) else "-" for kind in kinds),
        f"{row.calibration_date:%Y-%m-%d}" if row.calibration_date else "unknown",
        str(row.faulty_couplers),
    ]
