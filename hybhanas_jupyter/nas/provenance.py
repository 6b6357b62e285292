"""What the results of a run depend on besides its configuration."""

import hashlib
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import DataError

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Device

_PACKAGES = ("hybhanas_jupyter", "deap", "numpy", "qiskit", "qiskit-ibm-runtime", "torch")


def collect(data: Dataset, device: "Device") -> dict[str, Any]:
    """Data fingerprint, the device's whole calibration and package versions, as plain data."""
    return {
        "data": {"name": data.name, "sha256": fingerprint(data)},
        "calibration": device.calibration.model_dump(mode="json"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }


def check_data(kept: dict[str, Any], data: Dataset) -> None:
    """Raise `DataError` if `data` is not what the run began with."""
    if fingerprint(data) != kept["data"]["sha256"]:
        raise DataError(
            f"The run was made on other data ({kept['data']['name']!r}). Give the same data to go on: "
            "Search.load(store, run_id, data=...)."
        )


def fingerprint(data: Dataset) -> str:
    """SHA-256 of all images and labels."""
    digest = hashlib.sha256()
    for array in (data.x_train, data.y_train, data.x_validation, data.y_validation):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
