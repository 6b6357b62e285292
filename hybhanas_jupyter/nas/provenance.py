"""What the results of a run depend on besides its configuration, kept with it so that it can go on unchanged."""

import logging
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.tasks import cpu_capability

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.profile import DeviceProfile
    from hybhanas_jupyter.hardware.devices import Device


import hashlib

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import DataError, DeviceError

_log = logging.getLogger(__name__)
_PACKAGES = ("hybhanas_jupyter", "deap", "numpy", "qiskit", "qiskit-ibm-runtime", "scikit-learn", "torch")


@dataclass(frozen=True)
class DataInfo:
    """`samples` training images of `input_shape` (channels, height, width); `sha256` of all images and labels."""

    name: str
    samples: int
    input_shape: tuple[int, int, int]
    n_classes: int
    sha256: str

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """The summary of `data`."""
        digest = hashlib.sha256()
        test = (data.x_test, data.y_test) if len(data.x_test) else ()
        for array in (data.x_train, data.y_train, data.x_validation, data.y_validation, *test):
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(array.tobytes())
        return cls(data.name, data.samples, data.input_shape, data.n_classes, digest.hexdigest())

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From what JSON made of `dataclasses.asdict`."""
        return cls(**{**values, "input_shape": tuple(values["input_shape"])})

    def check(self, data: "DataInfo") -> None:
        """Raise `DataError` if `data` describes another data set."""
        if data != self:
            raise DataError(
                f"The run was made on other data ({self.name!r}, {self.samples} training images). Give the same: "
                "data=(X, y)."
            )


@dataclass(frozen=True)
class RunProvenance:
    """What a run depends on besides its configuration.

    The data, the device as it was calibrated, this machine's profile if classical time counts, the versions, and in
    `cpu` what torch computes with in the process that leads the run; empty where it was not kept.
    """

    data: DataInfo
    device: "Device"
    profile: "DeviceProfile | None"
    versions: dict[str, str]
    cpu: str = ""

    @classmethod
    def of(cls, config: SearchConfig, data: DataInfo, kept: dict[str, Any], backend: "Device | None" = None) -> Self:
        """The provenance of a run when it began, from what `to_dict` gave, else as it is now.

        Raises `DataError` if `data`, `DeviceError` if `backend` is not what the run began with.
        """
        if not kept:
            return cls.now(config, data, backend)
        provenance = cls.from_dict(kept)
        provenance.data.check(data)
        if backend is not None and backend.calibration != provenance.device.calibration:
            raise DeviceError(
                f"The run began on {provenance.device!r}, not on {backend!r}. It goes on with the calibration that it "
                "keeps: leave out backend=..., or begin a new search."
            )
        now = cpu_capability()
        if provenance.cpu and provenance.cpu != now:
            _log.warning(
                "The run began with the CPU instructions %s and goes on with %s: its last digits, and its front, may "
                "differ from those of a run in one go.",
                provenance.cpu,
                now,
            )
        return provenance

    @classmethod
    def now(cls, config: SearchConfig, data: DataInfo, backend: "Device | None" = None) -> Self:
        """The provenance of a run that begins.

        Measures the profile (30 s, once a machine) if an objective or constraint needs it.
        """
        from hybhanas_jupyter.costs.profile import device_profile
        from hybhanas_jupyter.hardware.devices import device

        profile = device_profile() if config.counts_classical_time else None
        versions = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
        return cls(data, backend or device(config.backend), profile, versions, cpu_capability())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "data": asdict(self.data),
            "calibration": self.device.calibration.model_dump(mode="json"),
            "profile": self.profile and self.profile.model_dump(mode="json"),
            "versions": self.versions,
            "cpu": self.cpu,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; also takes what JSON made of it."""
        from hybhanas_jupyter.costs.profile import DeviceProfile
        from hybhanas_jupyter.hardware.calibration import Calibration
        from hybhanas_jupyter.hardware.devices import Device

        return cls(
            DataInfo.from_dict(values["data"]),
            Device.from_calibration(Calibration.model_validate(values["calibration"])),
            values["profile"] and DeviceProfile.model_validate(values["profile"]),
            values["versions"],
            values.get("cpu", ""),
        )
