"""What the training benchmarks share: one pinned thread, interleaved timing, PennyLane's circuit, MNIST."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch and lightning.qubit are imported

import statistics
from pathlib import Path
from time import process_time

import pennylane as qml
import torch
from torch.nn.functional import cross_entropy

from hybhanas_jupyter.data import load_dataset

MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist"


def mnist():
    """MNIST from the folder beside the repository if it is there, else downloaded once."""
    return load_dataset("mnist", folder=MNIST if MNIST.is_dir() else None)


def pin():
    """One thread on the last core."""
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def medians(actions, seconds_each=3.0, least=3):
    """Median CPU seconds of each action of a dictionary.

    They take turns of a tenth of a second, so that a noisy spell hits all of them; CPU time, so that others' load does
    not count.
    """
    times = {name: [] for name in actions}
    for action in actions.values():
        action()
    while due := [name for name, t in times.items() if len(t) < least or sum(t) < seconds_each]:
        for name in due:
            end = process_time() + 0.1
            while process_time() < end:
                start = process_time()
                actions[name]()
                times[name].append(process_time() - start)
    return {name: statistics.median(t) for name, t in times.items()}


def pennylane_circuit(ansatz, device, diff_method):
    """The paper's path: a QNode of (inputs, weights), batched by PennyLane."""

    @qml.qnode(qml.device(device, wires=ansatz.n_qubits), interface="torch", diff_method=diff_method)
    def circuit(inputs, weights):
        qml.AngleEmbedding(inputs, wires=range(ansatz.n_qubits), rotation="X")
        for layer in range(ansatz.depth):
            for number, name in enumerate(ansatz.rotations):
                for qubit in range(ansatz.n_qubits):
                    getattr(qml, name)(weights[layer, number, qubit], wires=qubit)
            for pair in ansatz.pairs:
                getattr(qml, ansatz.entangler)(wires=pair)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range(ansatz.n_qubits)]

    return circuit


def stepper(net, data, **options):
    """A training step with Adam on the first 32 images."""
    x, y = torch.from_numpy(data.x_train[:32]), torch.from_numpy(data.y_train[:32])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, **options)

    def step():
        loss = cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step
