"""Seconds of recorded jobs against clocks that were fitted without them.

    python benchmarks/hardware_usage.py ../shared/data/hardware

The folder holds jobs of IBM's devices (metriq-data, Unitary Foundation, commit 76b4640, CC BY 4.0; each device left out
of the fit) and of IQM's (FiQCI resource-estimator, commit c3cca4f, MIT; each fifth of the jobs left out).
"""

import sys

from recording import record, table

from hybhanas_jupyter.costs.hardware_jobs import clock_checks

SOURCES = "metriq-data 76b4640, CC BY 4.0; FiQCI resource-estimator c3cca4f, MIT"


def main(folder):
    rows = [{"clock": check.clock, **check.figures()} for check in clock_checks(folder)]
    record(rows, sources=SOURCES)
    print(table(rows))


if __name__ == "__main__":
    main(sys.argv[1])
