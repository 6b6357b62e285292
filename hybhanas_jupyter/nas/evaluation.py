"""What is known of one candidate, and what a search may optimise or limit in it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from hybhanas_jupyter.circuits.dependence import dependence
from hybhanas_jupyter.formatting import plain, seconds, significant
from hybhanas_jupyter.nas.architecture import Architecture

OUTCOME = ("status", "reason", "accuracy", "history", "measures")  # fields of an Evaluation that training fills
_FRACTION = (0.0, 1.0)


@dataclass(frozen=True)
class Objective:
    """A measured property of a candidate: which way, between which bounds and on which scale it is compared.

    - `name`: an attribute of `Evaluation`, or a key of its `measures` or its `cost`
    - `label`: its name for people
    - `unit`: "s" for times, empty for counts and fractions
    - `maximise`: whether more is better
    - `bounds`: lowest and highest possible value, the better one finite; what lies from 0 to 1 is shown as percentage
    - `scale`: how distances are measured, "linear", or "log" for what spans many decades
    """

    name: str
    label: str
    unit: str = ""
    maximise: bool = False
    bounds: tuple[float, float] = (0.0, math.inf)
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        if not math.isfinite(self.loss(0.0)):
            raise ValueError(f"Objective {self.name!r}: the better one of its bounds {self.bounds} must be finite.")

    @property
    def weight(self) -> float:
        """DEAP's convention: 1 to maximise, -1 to minimise."""
        return 1.0 if self.maximise else -1.0

    @property
    def worst_loss(self) -> float:
        """The largest possible `loss`."""
        return self.bounds[1] - self.bounds[0]

    def loss(self, value: float) -> float:
        """How far `value` is from the best possible one, at least 0."""
        return self.bounds[1] - value if self.maximise else value - self.bounds[0]

    def unscaled(self, loss: float) -> float:
        """The value whose loss on this objective's `scale` is `loss`: the inverse of what distances are measured by."""
        linear = math.expm1(loss) if self.scale == "log" else loss
        return self.bounds[1] - linear if self.maximise else self.bounds[0] + linear

    def allows(self, limit: float) -> bool:
        """Whether a constraint may ask for `limit`: a value that can be reached and need not be."""
        low, high = self.bounds
        return low <= limit <= high if math.isfinite(high) else limit > low

    @property
    def range(self) -> str:
        """What `allows` allows, in words."""
        low, high = self.bounds
        return f"from {low:g} to {high:g}" if math.isfinite(high) else f"above {low:g}"

    def text(self, value: float) -> str:
        """A value with its unit: 53.0 min, 87.5%, 1,234; a dash for one that is not known."""
        if math.isnan(value):
            return "-"
        if self.unit == "s":
            return seconds(value)
        if self.bounds == _FRACTION:
            return f"{value:.1%}" if value == 0 or value >= 0.001 else f"{value:.1e}"
        return f"{value:,.0f}" if value % 1 == 0 else significant(value)


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("accuracy", "Validation accuracy", maximise=True, bounds=_FRACTION),
        Objective("device_accuracy", "Accuracy on the device", maximise=True, bounds=_FRACTION),
        Objective("recalibrated_accuracy", "Accuracy on the device, recalibrated", maximise=True, bounds=_FRACTION),
        Objective("total_time", "Total training time", "s", scale="log"),
        Objective("quantum_time", "Quantum training time", "s", scale="log"),
        Objective("classical_time", "Classical training time", "s", scale="log"),
        Objective("usage_time", "Provider usage time", "s", scale="log"),
        Objective("price", "Price of a training", scale="log"),
        Objective("expectation_time", "Time of an expectation value", "s", scale="log"),
        Objective("parameters", "Parameters"),
        Objective("quantum_parameters", "Quantum parameters"),
        Objective("success_probability", "Success probability", maximise=True, bounds=_FRACTION),
        Objective("two_qubit_gates", "Two-qubit gates"),
        Objective("read_weights", "Quantum weights that are read", maximise=True, bounds=_FRACTION),
        Objective("entangled_outputs", "Outputs with entanglement", maximise=True, bounds=_FRACTION),
    )
}


@dataclass(frozen=True)
class Evaluation:
    """What is known of one candidate: times in seconds of a whole training run, `cost` in seconds of one shot.

    `status` is "ok", "failed" (see `reason`) or "infeasible" (breaks a constraint that is known before training, so it
    was not trained). A value that is not known is NaN. `seconds` is the wall time of the training in this search;
    `shared_with` the evaluation whose training this one shares, because both always give the same outputs. `measures`
    is what training measured besides the accuracy; `predicted` what a surrogate expected, as (mean, spread) by name.
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
    measures: dict[str, float] = field(default_factory=dict)
    predicted: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def total_time(self) -> float:
        """Eq. (1): quantum plus classical training time."""
        return self.quantum_time + self.classical_time

    @property
    def device_accuracy(self) -> float:
        """Validation accuracy with what noise and shots leave of the expectation values; NaN if not trained."""
        return self.measures.get("device_accuracy", math.nan)

    @property
    def recalibrated_accuracy(self) -> float:
        """The same with a classifier that was fitted again to what the device gives for training images."""
        return self.measures.get("recalibrated_accuracy", math.nan)

    @property
    def read_weights(self) -> float:
        """Share of the trained weights of the quantum layer that its outputs depend on."""
        found = dependence(self.architecture.ansatz)
        return found.read_weights / found.weights

    @property
    def entangled_outputs(self) -> float:
        """Share of the outputs of the quantum layer that an entangler has a part in."""
        found = dependence(self.architecture.ansatz)
        return found.entangled_outputs / found.outputs

    @property
    def note(self) -> str:
        """What its quantum layer leaves unused ("only cos x", "no entanglement"); empty for nothing."""
        return dependence(self.architecture.ansatz).note

    @property
    def expectation_time(self) -> float:
        """Seconds on the usage clock to read one expectation value, mean over the readout, see `ExpectationCost`."""
        return self.cost.get("expectation_time", math.nan)

    def value(self, objective: str) -> float:
        """The value of an objective by its name: an attribute, a measure or a part of the cost; NaN if not known."""
        if hasattr(self, objective):
            return float(getattr(self, objective))
        return {**self.cost, **self.measures}.get(objective, math.nan)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for strict JSON: what is not finite becomes text ("nan", "inf")."""
        return {name: plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Evaluation":
        """The inverse of `to_dict`; also takes what JSON made of it."""
        return cls(
            **{
                **values,
                **{item.name: float(values[item.name]) for item in fields(cls) if item.type is float},
                "architecture": Architecture.from_dict(values["architecture"]),
                "cost": {name: float(value) for name, value in values["cost"].items()},
                "measures": {name: float(value) for name, value in values.get("measures", {}).items()},
                "predicted": {name: (float(a), float(b)) for name, (a, b) in values.get("predicted", {}).items()},
                "history": tuple({name: float(value) for name, value in epoch.items()} for epoch in values["history"]),
            }
        )


@dataclass(frozen=True)
class GenerationRecord:
    """The state after a generation: from it the search goes on exactly as if it had not been interrupted.

    `population` are evaluation numbers, `random_state` that of `random.Random`, `counts` the children drawn again.
    """

    number: int
    population: tuple[int, ...]
    random_state: list[Any]
    hypervolume: float
    counts: dict[str, int]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From what JSON made of the fields."""
        plain = {"number": int(values["number"]), "hypervolume": float(values["hypervolume"])}
        counts = {name: int(count) for name, count in values["counts"].items()}
        return cls(**{**values, **plain, "population": tuple(map(int, values["population"])), "counts": counts})


@dataclass(frozen=True)
class Goal:
    """What is optimised and what is limited, as in `SearchConfig`."""

    objectives: tuple[str, ...]
    constraints: Mapping[str, float]

    def violation(self, evaluation: Evaluation) -> float:
        """Sum of the relative violations of the constraints, 0 if feasible.

        Infinite for a failed evaluation and for an infinite objective. Values that are not known yet do not count,
        except in an evaluation that is "ok".
        """
        values = [evaluation.value(name) for name in self.objectives]
        if evaluation.status == "failed" or any(map(math.isinf, values)):
            return math.inf
        if evaluation.status == "ok" and any(map(math.isnan, values)):
            return math.inf
        return sum(excess for excess in self._excesses(evaluation).values())

    def explain(self, evaluation: Evaluation) -> str:
        """The broken constraints and infinite objectives in words."""
        broken = [
            f"{name} is {evaluation.value(name):.4g}, limit {self.constraints[name]:g}"
            for name in self._excesses(evaluation)
        ]
        infinite = [f"{name} is infinite" for name in self.objectives if math.isinf(evaluation.value(name))]
        return "; ".join(broken + infinite)

    def _excesses(self, evaluation: Evaluation) -> dict[str, float]:
        excesses = {}
        for name, limit in self.constraints.items():
            excess = (limit - evaluation.value(name)) * OBJECTIVES[name].weight
            if excess > 0:  # not so for NaN
                excesses[name] = excess / (abs(limit) or 1.0)
        return excesses
