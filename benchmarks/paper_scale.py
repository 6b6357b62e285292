"""The paper's experiment at its full scale: 8 generations of 12, 4,000 MNIST images, 10 epochs, fake_kyiv.

    python benchmarks/paper_scale.py fixed ../shared/data/mnist     # quantum genes only
    python benchmarks/paper_scale.py variable ../shared/data/mnist  # quantum and CNN genes

How long does the whole search take? Wall time from the call to the front, start of the workers and costing included;
busy: the share of it that the workers trained. The run itself goes to notebooks/results/paper_<mode>.json, which the
tutorials read by `hyb.Run.load`. The folder holds MNIST's IDX files; without it MNIST is downloaded.
"""

import argparse
from pathlib import Path
from time import perf_counter

from recording import record, table

from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.executors import worker_count
from hybhanas_jupyter.nas.foreground import search

RUNS = Path(__file__).parents[1] / "notebooks" / "results"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("fixed", "variable"))
    parser.add_argument("folder", nargs="?", help="folder with MNIST's IDX files")
    options = parser.parse_args()

    config = SearchConfig.preset(f"paper-{options.mode}")
    data = load_dataset(config.data, per_class=config.per_class, folder=options.folder)
    start = perf_counter()
    run = search(config, store=":memory:", data=data)
    wall = perf_counter() - start

    print(run)
    workers = worker_count(config)
    rows = [
        {
            "mode": options.mode,
            "networks": len(run.evaluations),
            "workers": workers,
            "seconds": wall,
            "busy": run.training_time / (workers * wall),
        }
    ]
    print(table(rows))
    record(rows, run=run.id, data=repr(data))
    RUNS.mkdir(parents=True, exist_ok=True)
    run.save(RUNS / f"paper_{options.mode}.json")


if __name__ == "__main__":
    main()
