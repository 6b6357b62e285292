"""The result of one candidate."""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.objectives import OBJECTIVES


@dataclass(frozen=True)
class Evaluation:
    """What is known of one candidate: times in seconds of a whole training run, `cost` in seconds of one shot.

    `status` is "ok", "failed" (see `reason`) or "infeasible" (breaks a constraint that is known before training, so it
    was not trained). A value that is not known is NaN. `seconds` is the wall time of the training in this search;
    `shared_with` the evaluation whose training this one shares, because both always give the same outputs.
    """

    number: int
    generation: int
    architecture: Architecture
    status: str
    reason: str = ""
    accuracy: float = math.nan
    quantum_time: float = math.nan
    classical_time: float = math.nan
    usage_time: float = math.nan
    parameters: int = 0
    quantum_parameters: int = 0
    success_probability: float = math.nan
    two_qubit_gates: int = 0
    cost: dict[str, float] = field(default_factory=dict)
    history: tuple[dict[str, float], ...] = ()
    seconds: float = 0.0
    shared_with: int | None = None

    @property
    def total_time(self) -> float:
        """Eq. (1): quantum plus classical training time."""
        return self.quantum_time + self.classical_time

    def value(self, objective: str) -> float:
        """The value of an objective by its name in `OBJECTIVES`."""
        return float(getattr(self, OBJECTIVES[objective].name))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for strict JSON: what is not finite becomes text ("nan", "inf")."""
        plain: dict[str, Any] = _textual(asdict(self))
        return plain

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Evaluation":
        """The inverse of `to_dict`; also takes what JSON made of it."""
        return cls(
            **{
                **values,
                **{item.name: float(values[item.name]) for item in fields(cls) if item.type is float},
                "architecture": Architecture.from_dict(values["architecture"]),
                "cost": {name: float(value) for name, value in values["cost"].items()},
                "history": tuple({name: float(value) for name, value in epoch.items()} for epoch in values["history"]),
            }
        )


def _textual(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _textual(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_textual(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
