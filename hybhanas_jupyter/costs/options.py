"""How a circuit is costed: made once from a call, a magic's line or a configuration, and then passed whole."""

from dataclasses import dataclass
from numbers import Integral

from hybhanas_jupyter.errors import CircuitError, check_name

MODELS = ("calibrated", "paper")
_HIGHEST = 10**18  # products of three such numbers still are floats


@dataclass(frozen=True)
class CostOptions:
    """Options that every cost of a circuit takes, checked when they are made.

    - `shots`: shots of the circuit, at least 1; only usage and training depend on them
    - `optimization_level`: the transpiler's, 0 to 3
    - `seed`: the transpiler's, at least 0
    - `model`: "calibrated" (every gate's own calibration) or "paper" (the paper's device averages)

    Raises `CircuitError` for a number out of range and `UnknownNameError` for an unknown model.
    """

    shots: int = 1000
    optimization_level: int = 2
    seed: int = 0
    model: str = "calibrated"

    def __post_init__(self) -> None:
        check_name("model", self.model, MODELS)
        check_whole("shots", self.shots, 1)
        check_whole("seed", self.seed, 0)
        if self.optimization_level not in (0, 1, 2, 3):
            raise CircuitError(f"optimization_level is {self.optimization_level!r}: it must be 0, 1, 2 or 3.")


def check_whole(name: str, value: int, lowest: int) -> None:
    """Raise a one-line `CircuitError` unless `value` is a whole number from `lowest` to 10^18."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < lowest:
        raise CircuitError(f"{name} is {value!r}: it must be a whole number of at least {lowest}.")
    if value > _HIGHEST:
        raise CircuitError(f"{name} is {float(value):.0e}: it must be at most 1e18.")
