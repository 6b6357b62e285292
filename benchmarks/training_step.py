"""A whole training step, and whole candidates in two processes; one pinned thread each.

    python benchmarks/training_step.py

CNN of 8 and 16 channels (kernel 3) before 8 qubits x 8 layers, MNIST, batch 32, Adam: ours against the same network
with PennyLane's TorchLayer on lightning.qubit and the adjoint method. Then two candidates in two one-thread processes
against one after the other.
"""

import os
import statistics
import subprocess
import sys
from time import perf_counter

import pennylane as qml
import torch
from recording import record, table
from torch import nn
from training_common import medians, mnist, pennylane_circuit, pin, stepper

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.fit import fit
from hybhanas_jupyter.models.hybrid import HybridNet

CNN = (Convolution(8), Convolution(16))
GENES = Ansatz(8, 8)


def pennylane_net(genes):
    quantum = qml.qnn.TorchLayer(
        pennylane_circuit(genes, "lightning.qubit", "adjoint"), {"weights": (genes.depth, 1, genes.n_qubits)}
    )
    convolutions = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten()
    return nn.Sequential(*convolutions, nn.Linear(9216, 8), quantum, nn.Linear(8, 10))


def candidate(core):
    """Train one candidate on `core` when told to, and print its seconds."""
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    data = mnist()
    fit(HybridNet(data.input_shape, 10, CNN, GENES), data, epochs=1)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = perf_counter()
        fit(HybridNet(data.input_shape, 10, CNN, GENES), data, epochs=3, early_stop_accuracy=0)
        print(perf_counter() - start, flush=True)


def throughput(cores=(0, 1), rounds=3):
    """Candidates per second of two processes at once over those of one of them alone, by medians of `rounds`."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, __file__, str(core)], **pipes) for core in cores]
    for worker in workers:
        worker.stdout.readline()
    alone, together = [], []
    for _ in range(rounds):
        for group, times in ((workers[:1], alone), (workers, together)):
            start = perf_counter()
            for worker in group:
                worker.stdin.write("go\n")
                worker.stdin.flush()
            for worker in group:
                worker.stdout.readline()
            times.append(perf_counter() - start)
    for worker in workers:
        worker.communicate()
    return 2 * statistics.median(alone) / statistics.median(together)


def steps(topology, data):
    """A row: the time of one step with each, and their ratio."""
    genes = Ansatz(8, 8, topology=topology)
    ours = stepper(HybridNet(data.input_shape, 10, CNN, genes), data, fused=True)
    times = medians({"ours": ours, "PennyLane": stepper(pennylane_net(genes), data)}, 10)
    milliseconds = {f"{name}, ms": 1e3 * time for name, time in times.items()}
    return {"what": f"training step, {topology}", **milliseconds, "gain": times["PennyLane"] / times["ours"]}


def main():
    gain = throughput()
    pin()
    data = mnist()
    rows = [steps(topology, data) for topology in ("linear", "full")]
    rows.append({"what": "two one-thread processes against one", "ours, ms": None, "PennyLane, ms": None, "gain": gain})
    print(table(rows))
    record(rows)


if __name__ == "__main__":
    candidate(int(sys.argv[1])) if len(sys.argv) > 1 else main()
