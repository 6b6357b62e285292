"""Memory of the quick search as on Binder: JupyterLab, a kernel and the workers together, as the sum of their PSS.

python benchmarks/search_memory.py [workers]       # writes benchmarks/results/search_memory.json
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from jupyter_client.manager import KernelManager

from hybhanas_jupyter.nas import resources

RESULT = Path(__file__).parent / "results" / "search_memory.json"
BINDER = 2 * 1024**3  # bytes that Binder grants
CODE = """
%load_ext hybhanas_jupyter
import hybhanas_jupyter as hyb
form = hyb.configurator()
run = hyb.search(hyb.SearchConfig.preset("quick", workers={workers}), store={store!r}, progress=False)
run.front
"""


def pss(*roots: psutil.Process) -> dict[str, float]:
    """MB of each kind of process below `roots`."""
    sizes: dict[str, float] = {}
    for root in roots:
        for process in [root, *root.children(recursive=True)]:
            try:
                command = " ".join(process.cmdline())
                size = process.memory_full_info().pss / 1e6
            except psutil.Error:
                continue
            kind = "workers" if "nas.worker" in command else "kernel" if "ipykernel" in command else "lab"
            sizes[kind] = sizes.get(kind, 0.0) + size
    return sizes


def binder_workers() -> int:
    resources.memory = lambda: float(BINDER)
    return resources.default_workers()


def main(workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ServerApp.port=0", "--allow-root"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=folder)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        start = time.perf_counter()
        request = client.execute(CODE.format(workers=workers, store=f"{folder}/runs.db"))
        roots = psutil.Process(lab.pid), psutil.Process(manager.provisioner.pid)
        peak: dict[str, float] = {}
        reply = None
        while reply is None or reply["parent_header"].get("msg_id") != request:
            peak = max(peak, pss(*roots), key=lambda sizes: sum(sizes.values()))
            try:
                reply = client.get_shell_msg(timeout=0.2)
            except Exception:  # queue.Empty: the search still runs
                reply = None
        seconds = time.perf_counter() - start
        assert reply["content"]["status"] == "ok", reply["content"]
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        lab.terminate()
    result = {
        "workers": workers,
        "peak_mb": {**{kind: round(size) for kind, size in peak.items()}, "total": round(sum(peak.values()))},
        "seconds": round(seconds, 1),
    }
    print(json.dumps(result))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else binder_workers())
