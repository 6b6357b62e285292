"""Predicted success against what real devices measured, each device left out of the fit that judges it.

    python benchmarks/hardware_success.py ../shared/data/hardware [optimization level]

The folder holds recorded runs of metriq-data (Unitary Foundation, commit 76b4640, CC BY 4.0): QML kernels and mirror
circuits on IBM's devices, and WIT, an expectation value, to which nothing is fitted. Beside ours: the calibrated model,
and the product of 1 - error, the usual ESP. Then what own runs add: some of a device's runs calibrate it, the others
judge.
"""

import sys

import numpy as np
from recording import record, table
from scipy.stats import spearmanr

from hybhanas_jupyter.costs.hardware_model import SuccessScale, success_interval
from hybhanas_jupyter.costs.hardware_runs import fit_losses, hardware_check

SOURCE = "metriq-data 76b4640, CC BY 4.0"
OWN = (2, 4, 8, 16)  # runs of a device that calibrate it
REPEATS = 20


def left_out(check):
    """One row for every benchmark and estimate."""
    rows = []
    for name, figures in check.figures.items():
        for estimate in ("hardware", "calibrated", "usual ESP"):
            found = {figure: figures[f"{estimate}: {figure}"] for figure in ("Spearman", "mean error", "bias")}
            held = {"coverage": figures["coverage"], "width": figures["width"]} if estimate == "hardware" else {}
            empty = {"coverage": None, "width": None}
            rows.append(
                {"benchmark": name, "runs": int(figures["runs"]), "estimate": estimate, **found, **empty, **held}
            )
    return rows


def own_runs(check, count, rng):
    """Errors of the others when `count` runs of each device calibrate it; devices with fewer than two more left out."""
    measured = np.array([run.measured for run in check.runs])
    devices = np.array([run.device if run.benchmark != "WIT" else "" for run in check.runs])
    kernels = np.array([run.benchmark == "QML Kernel" for run in check.runs])
    errors, held, widths, ranks = [], [], [], []
    for _ in range(REPEATS):
        predicted = np.full(len(measured), np.nan)
        for name in sorted(set(devices) - {""}):
            runs = rng.permutation(np.flatnonzero(devices == name))
            if len(runs) < count + 2:
                continue
            known, judged = runs[:count], runs[count:]
            scale = SuccessScale.fit(name, [check.predicted[i] for i in known], measured[known].tolist())
            predicted[judged] = [check.predicted[i] ** scale.factor for i in judged]
            for i in judged:
                low, high = success_interval(predicted[i], scale.width)
                held.append(low <= measured[i] <= high)
                widths.append(high - low)
        there = ~np.isnan(predicted)
        errors.extend(abs(predicted - measured)[there])
        ranks.append(spearmanr(predicted[there & kernels], measured[there & kernels]).statistic)
    figures = {"Spearman": float(np.mean(ranks)), "mean error": float(np.mean(errors)), "bias": None}
    held = {"coverage": float(np.mean(held)), "width": float(np.mean(widths))}
    return {"benchmark": "both", "runs": None, "estimate": f"hardware, {count} own runs", **figures, **held}


def main(folder, level=2):
    check = hardware_check(folder, optimization_level=level, clocks=False)
    rng = np.random.default_rng(0)
    rows = left_out(check) + [own_runs(check, count, rng) for count in OWN]
    scale, share = fit_losses([run for run in check.runs if run.benchmark != "WIT"])
    record(rows, source=SOURCE, optimization_level=level, scale=scale, share=share)
    print(table(rows))
    print(f"constants of all: scale {scale:.3f}, share {share:.3f}")
    print(check)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
