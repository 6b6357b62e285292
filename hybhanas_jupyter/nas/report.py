"""A run as text, HTML and table rows: pure formatting."""

from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.formatting import html_table, seconds, significant, text_table
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.objectives import OBJECTIVES

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.results import Run


def row(evaluation: Evaluation) -> dict[str, Any]:
    """One flat record: identity, genes, objectives, and as shot_... the parts of one shot's quantum cost."""
    ansatz = evaluation.architecture.ansatz
    return {
        "number": evaluation.number,
        "generation": evaluation.generation,
        "architecture": evaluation.architecture.label,
        "status": evaluation.status,
        "reason": evaluation.reason,
        "qubits": ansatz.n_qubits,
        "depth": ansatz.depth,
        "rotations": "-".join(ansatz.rotations),
        "entangler": ansatz.entangler,
        "topology": ansatz.topology,
        **{name: evaluation.value(name) for name in OBJECTIVES},
        **{f"shot_{name}": value for name, value in evaluation.cost.items()},
        "seconds": evaluation.seconds,
    }


def front_text(run: "Run") -> str:
    """The front as an aligned table under one line about the run."""
    return f"{_headline(run)}\n{text_table(*_front_table(run))}" if run.front else _headline(run)


def front_html(run: "Run") -> str:
    """The same as `front_text` in HTML."""
    return f"<p>{_headline(run)}</p>{html_table(*_front_table(run))}"


def _headline(run: "Run") -> str:
    share = f", hypervolume {significant(run.hypervolumes[-1])}" if run.hypervolumes else ""
    return f"Run {run.id}: {len(run.evaluations)} evaluations, front of {len(run.front)}{share}"


def _front_table(run: "Run") -> tuple[list[str], list[list[object]]]:
    objectives = [OBJECTIVES[name] for name in run.config.objectives]
    knee = run.knee
    rows: list[list[object]] = [
        [
            evaluation.architecture.label,
            *(_quantity(evaluation.value(o.name), o.unit, o.maximise) for o in objectives),
            "knee" if evaluation == knee else "",
        ]
        for evaluation in run.front
    ]
    return ["architecture", *(objective.label for objective in objectives), ""], rows


def _quantity(value: float, unit: str, fraction: bool) -> str:
    if unit == "s":
        return seconds(value)
    return f"{value:.1%}" if fraction else f"{value:.0f}"
