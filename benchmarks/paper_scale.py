"""The paper's experiment at its full scale: 8 generations of 12, 4,000 MNIST images, 10 epochs, fake_kyiv.

    python benchmarks/paper_scale.py fixed ../shared/data/mnist     # quantum genes only
    python benchmarks/paper_scale.py variable ../shared/data/mnist  # quantum and CNN genes

writes notebooks/results/paper_<mode>.json with wall time, machine and every evaluation. The folder holds MNIST's
IDX files; without it MNIST is downloaded.
"""

import argparse
import json
import os
import platform
import re
import time
from importlib.metadata import version
from pathlib import Path

from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.run import search

RESULTS = Path(__file__).parents[1] / "notebooks" / "results"
PACKAGES = ("hybhanas_jupyter", "torch", "numba", "qiskit", "qiskit-ibm-runtime")


def machine():
    """Processor, cores and versions."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", info)
    return {
        "processor": model[1] if model else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("fixed", "variable"))
    parser.add_argument("folder", nargs="?", help="folder with MNIST's IDX files")
    options = parser.parse_args()

    config = SearchConfig.preset(f"paper-{options.mode}")
    data = load_dataset(config.data, per_class=config.per_class, folder=options.folder)
    start = time.perf_counter()
    run = search(config, store=":memory:", data=data)
    wall = time.perf_counter() - start

    print(run)
    trained = seconds(sum(e.seconds for e in run.evaluations))
    print(f"{data!r}\n{len(run.evaluations)} networks in {seconds(wall)}; the workers trained for {trained}.")
    record = {
        "command": f"python benchmarks/paper_scale.py {options.mode}",
        "data": repr(data),
        "wall_seconds": round(wall, 1),
        "machine": machine(),
        "config": json.loads(config.to_json()),
        "hypervolumes": run.hypervolumes,
        "repeated": run.repeated,
        "evaluations": [evaluation.to_dict() for evaluation in run.evaluations],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"paper_{options.mode}.json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
