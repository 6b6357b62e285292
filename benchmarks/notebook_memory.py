"""How much memory does a notebook need, its kernel and worker processes together? Binder grants about 2 GB.

python benchmarks/notebook_memory.py quickstart [more notebooks]
"""

import sys
import threading
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from recording import record

from hybhanas_jupyter.formatting import text_table

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LIMIT = 1.5e9  # bytes


def used(process):
    """Bytes of a process's descendants; shared pages count once (PSS)."""
    total = 0
    for child in process.children(recursive=True):
        try:
            total += child.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended
            continue
    return total


def peak(name):
    """Largest use in bytes while the notebook runs."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}})
    running = threading.Thread(target=client.execute)
    running.start()
    highest = 0
    while running.is_alive():
        highest = max(highest, used(psutil.Process()))
        running.join(0.2)
    return highest


def main(names):
    found = {name: peak(name) for name in names}
    record([{"notebook": name, "bytes": size} for name, size in found.items()])
    rows = [[name, f"{size / 1e9:.2f}", "yes" if size < LIMIT else "no"] for name, size in found.items()]
    print(text_table(["notebook", "GB at most", f"below {LIMIT / 1e9} GB"], rows))


if __name__ == "__main__":
    main(sys.argv[1:] or ["quickstart"])
