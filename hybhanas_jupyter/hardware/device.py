"""A quantum computer as costing sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit.transpiler import Target


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
        return f"Device({self.name!r}, {self.num_qubits} qubits, calibrated {day_text(self.calibration.date)})"


def day_text(date: datetime | None) -> str:
    """The day of a calibration, as ISO 8601."""
    return f"{date:%Y-%m-%d}" if date else "unknown"
