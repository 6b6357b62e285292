"""Memory of the whole quickstart as on Binder: JupyterLab, kernel and search workers, as the sum of their PSS.

    python benchmarks/binder_memory.py

The notebook runs as it is committed; then its Start button is pressed and that search runs to its end, by as many
workers as Binder's 2 GB allow where cores are plenty. Figure: at most 1.5 GB.
"""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from recording import record, table

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "quickstart.ipynb"
AS_ON_BINDER = """
import joblib
from hybhanas_jupyter.nas import executors
executors.memory, joblib.cpu_count = lambda: 2.0 * 1024**3, lambda: 8
"""
PRESS_START = """
panel.start.click()
print(len(panel.search.result().evaluations), panel.search.progress.state)
"""


def kind(process):
    command = " ".join(process.cmdline())
    return "workers" if "nas.processes" in command else "kernel" if "ipykernel" in command else "lab"


def used():
    """MB of the processes below this one, by kind."""
    sizes = dict.fromkeys(("lab", "kernel", "workers"), 0.0)
    for process in psutil.Process().children(recursive=True):
        try:
            sizes[kind(process)] += process.memory_full_info().pss / 1e6
        except psutil.Error:  # it has just ended
            continue
    return sizes


def run(folder):
    """Execute the quickstart in `folder` and press Start; returns what the last cell printed."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(AS_ON_BINDER))
    notebook.cells.append(nbformat.v4.new_code_cell(PRESS_START))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
    return notebook.cells[-1].outputs[0].text.strip()


def main():
    ended, highest = [], {}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.port=0", "--allow-root"]
        lab = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running = threading.Thread(target=lambda: ended.append(run(folder)))
        running.start()
        while running.is_alive():
            highest = max(highest, used(), key=lambda sizes: sum(sizes.values()))
            running.join(0.2)
        lab.terminate()
        lab.wait()
    rows = [{**{f"{name}, MB": size for name, size in highest.items()}, "total, MB": sum(highest.values())}]
    print(table(rows), f"the live search: {ended[0]}", sep="\n")
    record(rows)


if __name__ == "__main__":
    main()
