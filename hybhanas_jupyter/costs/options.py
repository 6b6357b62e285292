"""How a circuit is costed (made once from a call, a magic's line or a configuration), and what a cost keeps of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from numbers import Integral

from hybhanas_jupyter.errors import CircuitError, check_name, shown

MODELS = ("calibrated", "hardware", "paper")
AUTO, EXACT, MEAN_FIELD = METHODS = ("auto", "exact", "mean field")
PRODUCT = "product"  # of mean dampings: of circuits that measure on their way
_HIGHEST = 10**18  # products of three such numbers still are floats


@dataclass(frozen=True)
class CostOptions:
    """Options that every cost of a circuit takes, checked when they are made.

    - `shots`: shots of the circuit, at least 1; only usage and training depend on them
    - `optimization_level`: the transpiler's, 0 to 3
    - `seed`: the transpiler's, at least 0
    - `model`: "calibrated" (every gate's own calibration), "hardware" (what real devices showed of such calibrations,
      with intervals) or "paper" (the paper's device averages)
    - `method`: how the calibrated model follows the state: "exact" (its exact local values; bound angles, up to 16
      qubits, or more of a Clifford circuit), "mean field", or "auto": exact where that is possible

    Raises `CircuitError` for a number out of range and `UnknownNameError` for an unknown model.
    """

    shots: int = 1000
    optimization_level: int = 2
    seed: int = 0
    model: str = "calibrated"
    method: str = AUTO

    def __post_init__(self) -> None:
        check_name("model", self.model, MODELS)
        check_name("method", self.method, METHODS)
        check_whole("shots", self.shots, 1)
        check_whole("seed", self.seed, 0)
        if self.optimization_level not in (0, 1, 2, 3):
            raise CircuitError(f"optimization_level is {shown(self.optimization_level)}: it must be 0, 1, 2 or 3.")


@dataclass(frozen=True)
class Provenance:
    """Inputs of a cost; `calibration` is the fingerprint of the calibration, `warnings` are one line each.

    `device_warnings` are those of the device, whatever runs on it; `clock` names the clock behind `usage_time`,
    `method` how the state was followed, as "exact".
    """

    device: str
    calibration_date: datetime | None
    calibration: str
    optimization_level: int
    seed: int
    model: str
    shots: int
    packages: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    clock: str = ""
    device_warnings: tuple[str, ...] = ()
    method: str = ""

    @property
    def own_warnings(self) -> tuple[str, ...]:
        """The warnings of this circuit: those that another circuit on the device need not have."""
        return tuple(text for text in self.warnings if text not in self.device_warnings)

    @property
    def folded(self) -> dict[str, list[str]]:
        """The folded lists of a report: warnings, and where the cost comes from."""
        date = f"{self.calibration_date:%Y-%m-%d %H:%M}" if self.calibration_date else "unknown date"
        return {
            f"Warnings ({len(self.own_warnings)})": list(self.own_warnings),
            "Provenance": [
                f"device {self.device}, calibrated {date}, fingerprint {self.calibration[:12]}",
                *self.device_warnings,
                f"{self.model} model, optimization level {self.optimization_level}, seed {self.seed}",
                *([f"state followed by: {self.method}"] if self.method else []),
                f"usage by the clock {self.clock!r}",
                ", ".join(f"{name} {version}" for name, version in self.packages),
            ],
        }


@cache
def package_versions() -> tuple[tuple[str, str], ...]:
    """Versions of the packages that a quantum cost depends on."""
    return tuple((name, version(name)) for name in ("hybhanas_jupyter", "qiskit", "qiskit-ibm-runtime"))


def check_whole(name: str, value: int, lowest: int) -> None:
    """Raise a one-line `CircuitError` unless `value` is a whole number from `lowest` to 10^18."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < lowest:
        raise CircuitError(f"{name} is {shown(value)}: it must be a whole number of at least {lowest}.")
    if value > _HIGHEST:
        raise CircuitError(f"{name} is {Decimal(int(value)):.0e}: it must be at most 1e18.")
