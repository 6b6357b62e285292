"""What runs, other devices and verifications show of themselves: pure formatting."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.formatting import Report, Table, seconds, significant
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.objectives import OBJECTIVES

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.recost import Recost
    from hybhanas_jupyter.nas.results import Run
    from hybhanas_jupyter.nas.verify import Verification


def record(evaluation: Evaluation) -> dict[str, Any]:
    """One flat row: identity, genes, objectives, and as shot_... the parts of one shot's quantum cost."""
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


def run_report(run: "Run") -> Report:
    """The front with its knee, and why candidates failed."""
    share = f", hypervolume {significant(run.hypervolumes[-1])}" if run.hypervolumes else ""
    invalid = f", {run.invalid} not buildable" if run.invalid else ""
    count = f"{len(run.evaluations)} evaluations, {run.saved} saved{invalid}"
    title = f"Run {run.id}: {count}, front of {len(run.front)}{share}"
    reasons = Counter(e.reason for e in run.evaluations if e.status == "failed")
    failed = [f"{count} x {reason}" for reason, count in reasons.most_common()]
    return Report(title, [_front_table(run)] if run.front else [], folded={"Failed": failed})


def recost_report(recost: "Recost") -> Report:
    """The new front beside its old costs, and how far ranks agree."""
    old = {evaluation.number: evaluation for evaluation in recost.before.front}
    origin, title = recost.before.config.device, f"The run's architectures on {recost.device}"
    rows = [
        [
            e.architecture.label,
            f"{e.accuracy:.1%}",
            seconds(e.quantum_time),
            f"{e.success_probability:.1%}",
            "yes" if e.number in old else "new",
        ]
        for e in recost.after.front
    ]
    headers = ["Architecture", "Validation accuracy", "Quantum training time", "Success probability", f"On {origin}'s"]
    ranks = [[OBJECTIVES[name].label, f"{value:.3f}"] for name, value in recost.rank_correlation.items()]
    kept = f"{title}: {len(recost.kept)} of {len(old)} stay on the front"
    return Report(kept, [(headers, rows), (["Cost", "Rank correlation (Spearman)"], ranks)])


def verification_report(verification: "Verification") -> Report:
    """Ideal and noisy accuracy of every candidate."""
    kind = "noise" if verification.noise else "shots only"
    title = (
        f"{verification.device}, {kind}: {verification.samples} validation images, {verification.shots} shots for each"
    )
    rows = [
        [row.evaluation.architecture.label, f"{row.ideal_accuracy:.1%}", f"{row.noisy_accuracy:.1%}"]
        for row in verification.rows
    ]
    return Report(title, [(["Architecture", "Ideal accuracy", "Accuracy by shots"], rows)])


def _front_table(run: "Run") -> Table:
    objectives = [OBJECTIVES[name] for name in run.config.objectives]
    knee = run.knee
    rows = [
        [
            str(evaluation.number),
            evaluation.architecture.label,
            *(_quantity(evaluation.value(o.name), o.unit, o.maximise) for o in objectives),
            "knee" if evaluation == knee else "",
        ]
        for evaluation in run.front
    ]
    return ["No.", "Architecture", *(objective.label for objective in objectives), ""], rows


def _quantity(value: float, unit: str, fraction: bool) -> str:
    if unit == "s":
        return seconds(value)
    return f"{value:.1%}" if fraction else f"{value:.0f}"
