"""What a self-check shows of itself: a table, and a picture."""

from typing import TYPE_CHECKING

from hybhanas_jupyter.formatting import Report, significant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybhanas_jupyter.costs.checks import Check

_SHOWN = 10


def check_report(check: "Check") -> Report:
    """The figures of the check, and the points that are furthest off."""
    rows = [
        ["comparisons", str(len(check.points))],
        ["mean absolute error", f"{check.mean_error:.3g}"],
        ["mean relative error", f"{check.mean_relative_error:.3g}"],
        ["largest relative error", f"{check.max_relative_error:.3g}"],
        ["Spearman rank correlation", f"{check.spearman:.4f}"],
    ]
    worst = sorted(check.points, key=lambda point: -abs(point.predicted / point.reference - 1))[:_SHOWN]
    points = [f"{p.label}: {significant(p.predicted, 4)}, reference {significant(p.reference, 4)}" for p in worst]
    return Report(
        title=f"Predicted {check.quantity} against {check.reference}",
        tables=[(["check", "figure"], rows)],
        folded={"Furthest off": points, "Notes": list(check.notes)},
    )


def check_figure(check: "Check") -> "Figure":
    """Predicted over reference with the diagonal; drawn without pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    reference = [point.reference for point in check.points]
    axes.axline((0, 0), slope=1, color="0.6", linewidth=1, label="equal")
    axes.scatter(reference, [point.predicted for point in check.points], s=18, color="#0072b2", label="predicted")
    axes.set(xlabel=f"{check.quantity}, {check.reference}", ylabel=f"{check.quantity}, predicted")
    axes.legend()
    return figure
