"""How long does a whole search take, and what does a second worker process buy?

    python benchmarks/search_scaling.py

The quick preset (digits, 5 generations of 10) at 20 epochs by one process and by two: wall time from the call to the
front, costing and the start of the processes included. Efficiency: time of one / (processes x their time). Needs idle
cores. `paper_scale.py` does the paper's search, `training_step.py` times trainings alone.
"""

from time import perf_counter

from recording import record, table

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.foreground import search

WORKERS = (1, 2)


def timed(workers):
    """The front and its time."""
    start = perf_counter()
    config = SearchConfig.preset("quick", workers=workers, training={"epochs": 20})
    run = search(config, store=":memory:", progress=False)
    return run, perf_counter() - start


def main():
    found = {workers: timed(workers) for workers in WORKERS}
    assert len({run.hypervolumes for run, _ in found.values()}) == 1  # both find the same front
    alone = found[1][1]
    rows = [
        {
            "workers": workers,
            "networks": len(run.evaluations),
            "seconds": wall,
            "busy": run.training_time / (workers * wall),
            "efficiency": alone / (workers * wall),
        }
        for workers, (run, wall) in found.items()
    ]
    print(table(rows))
    record(rows)


if __name__ == "__main__":
    main()
