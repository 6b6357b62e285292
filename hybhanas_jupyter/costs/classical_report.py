"""What classical and hybrid costs show of themselves."""

from typing import TYPE_CHECKING

from hybhanas_jupyter.formatting import Report, seconds

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.classical import ClassicalCost, HybridCost


def classical_report(cost: "ClassicalCost") -> Report:
    """Step and total time, FLOPs and parameters, and the work of every kind of layer."""
    shape = " x ".join(map(str, cost.input_shape))
    totals = [
        ["time", seconds(cost.time)],
        ["steps", f"{cost.steps:,}"],
        ["time of a step", seconds(cost.step_time)],
        ["FLOPs of a step", f"{cost.flops:,}"],
        ["classical parameters", f"{cost.work.parameters:,}"],
    ]
    layers = [
        [kind, f"{layer.calls}", f"{layer.flops:,}", f"{layer.bytes:,}"] for kind, layer in cost.work.layers.items()
    ]
    return Report(
        title=f"Classical cost of a training on batches of {shape}",
        tables=[(["classical part", "value"], totals), (["layers of a step", "calls", "FLOPs", "bytes"], layers)],
        folded={"Provenance": [f"{cost.model} model", f"{cost.profile.processor}, torch {cost.profile.torch}"]},
    )


def hybrid_report(cost: "HybridCost") -> Report:
    """Eq. (1) as a table and a bar, then both parts."""
    rows = [
        ["quantum", seconds(cost.quantum_time)],
        ["classical", seconds(cost.classical_time)],
        ["= total", seconds(cost.total_time)],
        ["usage clock", seconds(cost.quantum.usage_time)],
    ]
    quantum, classical = cost.quantum._report(), classical_report(cost.classical)
    return Report(
        title="Hybrid cost of a training run, Eq. (1)",
        bars={"": {"quantum": cost.quantum_time, "classical": cost.classical_time}},
        tables=[(["whole run", "time"], rows), *quantum.tables, *classical.tables],
        folded=quantum.folded,
    )
