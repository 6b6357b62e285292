"""First use after installation and later starts: CPU seconds from `import torch` done to a layer's first gradient.

python benchmarks/training_start.py
"""

import os
import subprocess
import sys
import tempfile

from recording import record, table

SCIPY = "a kernel with Qiskit, a worker with digits"
START = """
import torch
{imports}
from time import process_time
start = process_time()
from hybhanas_jupyter.models.quantum_layer import QuantumLayer
QuantumLayer(4, 3)(torch.zeros(32, 4)).sum().backward()
print(process_time() - start)
"""


def start(folder, imports=""):
    environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
    command = [sys.executable, "-c", START.format(imports=imports)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout), done.stderr.strip()


def main():
    with tempfile.TemporaryDirectory() as folder:
        first, message = start(folder)
        bare = min(start(folder)[0] for _ in range(5))
        kernel = min(start(folder, "import scipy.linalg")[0] for _ in range(5))
    rows = [
        {"what": "first use", "seconds": first, "message": message},
        {"what": "later start, bare process", "seconds": bare, "message": ""},
        {"what": f"later start, SciPy loaded ({SCIPY})", "seconds": kernel, "message": ""},
    ]
    print(table(rows))
    record(rows)


if __name__ == "__main__":
    main()
