"""What every benchmark does with its figures: a table on the screen, a line in results/ with machine and versions.

`results/<script>.jsonl` holds one entry a line, the latest last: {date, command, machine, versions, rows, notes}. Rows
are flat dictionaries of raw values. null: not known (entries from before there was this form) or not applicable.
"""

import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hybhanas_jupyter.formatting import significant, text_table

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "hybhanas_jupyter",
    *("numpy", "numba", "torch", "deap", "jupyterlab"),
    *("qiskit", "qiskit-aer", "qiskit-ibm-runtime", "pennylane", "pennylane_lightning", "optuna", "pymoo"),
)


def table(rows):
    """Rows as aligned text."""
    return text_table(list(rows[0]), [[shown(value) for value in row.values()] for row in rows])


def shown(value):
    """Floats with three significant digits, nothing for what does not apply."""
    return significant(value) if isinstance(value, float) else "" if value is None else value


def record(rows, **notes):
    """Append `rows`, and `notes` on all of them, to the results of the script that runs."""
    script = Path(sys.argv[0])
    entry = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python", f"benchmarks/{script.name}", *sys.argv[1:]]),
        "machine": machine(),
        "versions": versions(),
        "rows": rows,
        "notes": notes,
    }
    with (RESULTS / f"{script.stem}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def entries(script):
    """All entries of a script, by its name without `.py`, the latest last."""
    return [json.loads(line) for line in (RESULTS / f"{script}.jsonl").read_text(encoding="utf-8").splitlines()]


def machine():
    """Processor, cores, and the load of the last minute: this benchmark's own and whatever else ran."""
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    cpu = model[1] if model else platform.processor()
    return {"cpu": cpu, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)}


def versions():
    """Python and the packages that figures may depend on, as far as they are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
