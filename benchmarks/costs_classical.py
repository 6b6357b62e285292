"""Predicted against measured training-step times of CNNs that the device profile was not fitted to.

    python benchmarks/costs_classical.py      # writes benchmarks/results/costs_classical.json

Both are measured here, in processes of their own, one after the other. Figure: mean relative error <= 15 %.
"""

import json
from pathlib import Path

from hybhanas_jupyter.costs import checks
from hybhanas_jupyter.costs.profile import DeviceProfile
from hybhanas_jupyter.formatting import text_table

RESULT = Path(__file__).parent / "results" / "costs_classical.json"
NETWORKS = 50


def main():
    profile = DeviceProfile.measure()
    found = {
        model: checks.classical(profile, networks=NETWORKS, seed=1, model=model) for model in ("paper", "calibrated")
    }
    rows = [
        [
            model,
            f"{100 * check.mean_relative_error:.1f} %",
            f"{100 * check.max_relative_error:.0f} %",
            f"{check.spearman:.3f}",
        ]
        for model, check in found.items()
    ]
    figures = {model: {k: v for k, v in check.to_dict().items() if k != "points"} for model, check in found.items()}
    RESULT.write_text(json.dumps({"networks": NETWORKS, "processor": profile.processor, **figures}, indent=1) + "\n")
    print(text_table(["model", "mean relative error", "largest", "Spearman"], rows))


if __name__ == "__main__":
    main()
