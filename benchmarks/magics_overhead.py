"""What %%qcost adds to the cell body and quantum_cost, and what %load_ext adds to a kernel.

    python benchmarks/magics_overhead.py

Figures: at most 20 ms and 300 ms.
"""

import statistics
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from time import perf_counter

from IPython.core.interactiveshell import InteractiveShell
from recording import record, table

import hybhanas_jupyter as hyb

BODY = "qc = hyb.Ansatz(4, 3, topology='full').to_circuit()\n"
LOAD = """
import ipywidgets, qiskit, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
shell.run_line_magic("load_ext", "hybhanas_jupyter")
print(time.perf_counter() - start)
"""


def median_time(action, repetitions):
    times = []
    for _ in range(repetitions):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return statistics.median(times)


def overhead(shell, repetitions=50):
    """Median seconds of the cell with the magic minus those of the body and quantum_cost, report included."""

    def plain():
        shell.run_cell(BODY)
        hyb.quantum_cost(shell.user_ns["qc"], "fake_kyiv")

    def magic():
        with redirect_stdout(StringIO()):
            shell.run_cell(f"%%qcost --backend fake_kyiv\n{BODY}")

    plain(), magic()
    return median_time(magic, repetitions) - median_time(plain, repetitions)


def load_time(repetitions=5):
    runs = [subprocess.run([sys.executable, "-c", LOAD], capture_output=True, check=True) for _ in range(repetitions)]
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "hybhanas_jupyter")
    shell.user_ns["hyb"] = hyb
    rows = [
        {"added time, median": "%%qcost over body + quantum_cost", "ms": 1e3 * overhead(shell)},
        {"added time, median": "%load_ext after ipywidgets and qiskit", "ms": 1e3 * load_time()},
    ]
    print(table(rows))
    record(rows)
