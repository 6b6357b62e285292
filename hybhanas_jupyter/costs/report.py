"""What costs show of themselves."""

from dataclasses import replace
from math import isfinite, log
from typing import TYPE_CHECKING

from hybhanas_jupyter.formatting import Report, seconds, significant

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.provenance import Provenance
    from hybhanas_jupyter.costs.quantum import QuantumCost
    from hybhanas_jupyter.costs.training import TrainingCost

Rows = list[list[str]]


def quantum_report(cost: "QuantumCost") -> Report:
    """Parts, success probability, gate counts, warnings and provenance of a quantum cost."""
    return Report(
        title=f"Quantum cost on {cost.provenance.device}, effective {effective_text(cost)} per valid shot",
        bars={"": parts(cost)},
        tables=[
            (["one shot", "time", "share"], _time_rows(cost)),
            (["success probability", "p"], _success_rows(cost)),
            (["native gates", "one-qubit", "two-qubit"], _count_rows(cost)),
        ],
        folded=_folded(cost.provenance),
    )


def parts(cost: "QuantumCost") -> dict[str, float]:
    """The parts of the effective time in seconds, as the stacked bar shows them."""
    return {
        "logical": cost.logical_time,
        "routing": cost.routing_time,
        "gate errors": cost.gate_error_penalty,
        "decoherence": cost.decoherence_penalty,
    }


def training_report(training: "TrainingCost") -> Report:
    """Executions and both clocks of a training run, with every assumption."""
    shot = quantum_report(training.cost)
    run = f"{training.samples} samples x {training.epochs} epochs x {training.shots} shots"
    title = f"Training on {training.cost.provenance.device}: {run}"
    return replace(shot, title=title, tables=[_training_table(training), *shot.tables])


def _folded(source: "Provenance") -> dict[str, list[str]]:
    date = f"{source.calibration_date:%Y-%m-%d %H:%M}" if source.calibration_date else "unknown date"
    packages = ", ".join(f"{name} {version}" for name, version in source.packages)
    return {
        f"Warnings ({len(source.warnings)})": list(source.warnings),
        "Provenance": [
            f"device {source.device}, calibrated {date}, fingerprint {source.calibration[:12]}",
            f"{source.model} model, optimization level {source.optimization_level}, seed {source.seed}",
            packages,
        ],
    }


def _training_table(training: "TrainingCost") -> tuple[list[str], Rows]:
    return ["whole run", "value"], [
        ["evaluations per sample", str(training.evaluations_per_sample)],
        ["circuits per evaluation", str(training.measurement_groups)],
        ["executions", f"{training.executions:,}"],
        ["quantum time", seconds(training.quantum_time)],
        ["jobs", f"{training.jobs:,}"],
        ["usage time", seconds(training.usage_time)],
        ["batch size", str(training.batch_size)],
        ["circuits per job", str(training.circuits_per_job)],
        ["start of a job", seconds(training.seconds_per_job)],
        ["delay between shots", seconds(training.repetition_delay)],
    ]


def _time_rows(cost: "QuantumCost") -> Rows:
    whole = cost.effective_time

    def row(label: str, time: float) -> list[str]:
        share = f"{100 * time / whole:.1f} %" if whole and isfinite(whole) else ""
        return [label, seconds(time), share]

    return [
        row("logical gates", cost.logical_time),
        row("routing", cost.routing_time),
        row("= execution", cost.execution_time),
        row("gate errors", cost.gate_error_penalty),
        row("decoherence", cost.decoherence_penalty),
        ["= effective", effective_text(cost), row("", whole)[2]],
        ["readout", seconds(cost.readout_time), ""],
        [f"usage, {cost.provenance.shots} shots", seconds(cost.usage_time), ""],
    ]


def effective_text(cost: "QuantumCost") -> str:
    """The effective time with its unit; as a power of ten where it overflows."""
    if isfinite(cost.effective_time) or not isfinite(cost.log_effective_time):
        return seconds(cost.effective_time)
    return f"1e{cost.log_effective_time / log(10):.0f} s"


def success_text(cost: "QuantumCost") -> str:
    """The success probability; as a power of ten below 1e-6, where it may underflow."""
    exponent = cost.log_success_probability / log(10)
    tiny = isfinite(exponent) and exponent < -6
    return f"1e{exponent:.1f}" if tiny else significant(cost.success_probability)


def _success_rows(cost: "QuantumCost") -> Rows:
    return [["gates and idling", success_text(cost)], ["readout", significant(cost.readout_success_probability)]]


def _count_rows(cost: "QuantumCost") -> Rows:
    return [
        ["logical", str(cost.logical.one_qubit), str(cost.logical.two_qubit)],
        ["physical", str(cost.physical.one_qubit), str(cost.physical.two_qubit)],
    ]
