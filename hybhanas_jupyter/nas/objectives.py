"""What a search may optimise or limit."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.evaluation import Evaluation


@dataclass(frozen=True)
class Objective:
    """A measured property of a candidate: `unit` is "s" for times, empty for counts and fractions."""

    name: str
    label: str
    unit: str = ""
    maximise: bool = False

    @property
    def weight(self) -> float:
        """DEAP's convention: 1 to maximise, -1 to minimise."""
        return 1.0 if self.maximise else -1.0


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("accuracy", "Validation accuracy", maximise=True),
        Objective("total_time", "Total training time", "s"),
        Objective("quantum_time", "Quantum training time", "s"),
        Objective("classical_time", "Classical training time", "s"),
        Objective("usage_time", "Provider usage time", "s"),
        Objective("parameters", "Parameters"),
        Objective("quantum_parameters", "Quantum parameters"),
        Objective("success_probability", "Success probability", maximise=True),
        Objective("two_qubit_gates", "Two-qubit gates"),
    )
}


@dataclass(frozen=True)
class Goal:
    """What is optimised and what is limited, as in `SearchConfig`."""

    objectives: tuple[str, ...]
    constraints: Mapping[str, float]

    def violation(self, evaluation: "Evaluation") -> float:
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

    def explain(self, evaluation: "Evaluation") -> str:
        """The broken constraints and infinite objectives in words."""
        broken = [
            f"{name} is {evaluation.value(name):.4g}, limit {self.constraints[name]:g}"
            for name in self._excesses(evaluation)
        ]
        infinite = [f"{name} is infinite" for name in self.objectives if math.isinf(evaluation.value(name))]
        return "; ".join(broken + infinite)

    def _excesses(self, evaluation: "Evaluation") -> dict[str, float]:
        excesses = {}
        for name, limit in self.constraints.items():
            excess = (limit - evaluation.value(name)) * OBJECTIVES[name].weight
            if excess > 0:  # not so for NaN
                excesses[name] = excess / (abs(limit) or 1.0)
        return excesses
