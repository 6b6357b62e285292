"""How often the wall time of a search lies within its forecast, on digits, over spaces, budgets and workers.

    python benchmarks/notebook_forecast.py [REPEATS]     # appends to benchmarks/results/notebook_forecast.jsonl

Every pair of a forecast and its search has a process of its own, as a notebook has. `early` counts the candidates that
stopped early, which a forecast does not foresee.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recording import record, table

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.notebook.form.forecast import forecast

VARIABLE = {"objectives": ("accuracy", "quantum_time"), "generations": 3, "population": 8}
CONFIGS = {
    "quick": {},
    "quick, one worker": {"workers": 1},
    "quick, in the kernel": {"workers": 0, "generations": 3},
    "quick, wide": {"generations": 2, "population": 40},
    "quick, long": {"generations": 4, "training": {"epochs": 30}},
    "large circuits": {"space": {"qubits": (8, 11), "depth": (5, 12)}, "generations": 2, "population": 8},
    "all circuits": {"space": {}, "generations": 3, "training": {"epochs": 10}},
    "variable CNN": {"space": {"qubits": (2, 6), "depth": (1, 4), "cnn": {"mode": "variable"}}, **VARIABLE},
}


def pair(name: str) -> dict[str, object]:
    config = SearchConfig.preset("quick", **CONFIGS[name])
    began = time.perf_counter()
    told = forecast(config)
    took = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        search = Search(config, store=Path(folder) / "runs.db")
        search.start()
        run = search.result()
        wall = time.perf_counter() - began
    early = sum(len(e.history) < config.training.epochs for e in run.evaluations)
    bounds = {"low": told.low, "likely": told.wall_time, "high": told.high}
    return {"search": name, "forecast took": took, **bounds, "took": wall, "early": early}


def main() -> None:
    repeats = int(sys.argv[1]) if sys.argv[1:] else 3
    rows = []
    for name in [*CONFIGS] * repeats:
        output = subprocess.run([sys.executable, __file__, "--pair", name], check=True, capture_output=True, text=True)
        row = json.loads(output.stdout)
        rows.append({**row, "inside": row["low"] <= row["took"] <= row["high"]})
        print(table(rows[-1:]), flush=True)
    record(rows, inside=sum(bool(row["inside"]) for row in rows) / len(rows))
    print(table(rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pair"]:
        print(json.dumps(pair(sys.argv[2])))
    else:
        main()
