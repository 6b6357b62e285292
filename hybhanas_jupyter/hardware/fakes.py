"""Qiskit's fake backends: snapshots of real devices that need no account."""

from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pooch

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.reading import read_backend

_SOURCES = ("qiskit", "qiskit-ibm-runtime", "hybhanas_jupyter")  # what a kept snapshot depends on


@cache
def fake_classes() -> dict[str, Any]:
    """Their classes by name, not instances: making all of them takes a second, and some warn when made."""
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
    calibration = read_backend(fake_classes()[name]())
    with suppress(OSError):  # a folder that cannot be written only costs time
        path.parent.mkdir(parents=True, exist_ok=True)
        calibration.save(path)
    return calibration


@cache
def snapshot_folder() -> Path:
    """Where the calibrations that this very set of package versions reads are kept."""
    return Path(pooch.os_cache("hybhanas_jupyter")) / "snapshots" / "-".join(map(version, _SOURCES))
