"""Predicted against measured training-step times of CNNs that the device profile was not fitted to.

    python benchmarks/costs_classical.py

Half of the networks are made as a search makes them, half of torch's own layers. The profile is fitted to 100 and to 24
that were measured again in a plain process; others judge it: 60 where memory is kept, as in a search's workers, and 40
in a plain process. Runs for two minutes; CPU time of one thread, but what else runs still disturbs caches.
Figures: mean relative error <= 10 % on a search's networks in a worker, <= 15 % on plain ones in a plain process.
"""

from recording import record, table

from hybhanas_jupyter.costs.checks import Check, Point
from hybhanas_jupyter.costs.profile import DeviceProfile, measured_steps
from hybhanas_jupyter.costs.work import Work

JUDGES = {"kept": 60, "returned": 40}


def check(model, memory, profile, steps):
    """Predicted beside measured seconds."""
    points = []
    for step in steps:
        work = Work.from_dict(step["work"])
        calibrated = model == "calibrated"
        predicted = profile.step_time(work, memory) if calibrated else work.flops / profile.throughput
        points.append(Point(model, predicted, step["seconds"]))
    return Check("training step in s", "measured steps", tuple(points))


def main():
    profile = DeviceProfile.measure(seed=1)
    rows = []
    for memory, count in JUDGES.items():
        _, *steps = measured_steps(count, seed=2, memory=memory)
        for kind in ("search", "plain"):
            for model in ("paper", "calibrated"):
                found = check(model, memory, profile, [step for step in steps if step["kind"] == kind])
                figures = {key: value for key, value in found.to_dict().items() if key != "points"}
                rows.append({"model": model, "networks": kind, "memory": memory, "count": count // 2, **figures})
    record(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
