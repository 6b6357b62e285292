"""What a search may optimise or limit."""

from dataclasses import dataclass


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
