"""Predicted against measured training-step times of CNNs that the device profile was not fitted to.

    python benchmarks/costs_classical.py

All are measured in one process of one thread; the profile is fitted to the first 80 and judged by the last 50.
Figure: mean relative error <= 15 %.
"""

from recording import record

from hybhanas_jupyter.costs.checks import Check, Point
from hybhanas_jupyter.costs.profile import DeviceProfile, measured_steps
from hybhanas_jupyter.costs.work import Work
from hybhanas_jupyter.formatting import text_table

FITTED, HELD_OUT = 80, 50


def check(model, profile, steps):
    """Predicted beside measured seconds of the held-out steps."""
    points = []
    for step in steps:
        work = Work.from_dict(step["work"])
        predicted = profile.step_time(work) if model == "calibrated" else work.flops / profile.throughput
        points.append(Point(model, predicted, step["seconds"]))
    return Check("training step in s", "measured steps", tuple(points))


def main():
    steps = measured_steps(FITTED + HELD_OUT, seed=1)
    profile = DeviceProfile.fit(steps[: 1 + FITTED])  # the reference CNN comes first
    found = {model: check(model, profile, steps[1 + FITTED :]) for model in ("paper", "calibrated")}
    rows = [
        [model, f"{100 * c.mean_relative_error:.1f} %", f"{100 * c.max_relative_error:.0f} %", f"{c.spearman:.3f}"]
        for model, c in found.items()
    ]
    figures = [
        {"model": model, **{k: v for k, v in c.to_dict().items() if k != "points"}} for model, c in found.items()
    ]
    record(figures, **{"held-out CNNs": HELD_OUT})
    print(text_table(["model", "mean relative error", "largest", "Spearman"], rows))


if __name__ == "__main__":
    main()
