"""Where a cost comes from: everything that is needed to compute it again."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version


@dataclass(frozen=True)
class Provenance:
    """Inputs of a cost; `calibration` is the fingerprint of the calibration, `warnings` are one line each."""

    device: str
    calibration_date: datetime | None
    calibration: str
    optimization_level: int
    seed: int
    model: str
    shots: int
    packages: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


@cache
def package_versions() -> tuple[tuple[str, str], ...]:
    """Versions of the packages that a quantum cost depends on."""
    return tuple((name, version(name)) for name in ("hybhanas_jupyter", "qiskit", "qiskit-ibm-runtime"))
