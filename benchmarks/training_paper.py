"""A candidate at the paper's scale, and what the paper's whole search would take; one pinned thread.

    python benchmarks/training_paper.py

MNIST, 3,200 + 800 images, 10 epochs, batch 32; one convolution (8 channels, kernel 3, max pooling, dropout, ReLU), then
7 qubits x 8 layers, the middle of the paper's ranges. Ours is trained to the end. PennyLane's time (TorchLayer on
lightning.qubit, adjoint) is its measured step and its measured validation batch, times their numbers. A search is 8
generations of 12 candidates; early stopping and the cost model are left out. CPU seconds: others' load does not count.
"""

from time import process_time

import pennylane as qml
import torch
from recording import record, table
from torch import nn
from training_common import medians, mnist, pennylane_circuit, pin, stepper

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.fit import fit
from hybhanas_jupyter.models.hybrid import HybridNet

GENES = Ansatz(7, 8, topology="circular")
EPOCHS, CANDIDATES = 10, 8 * 12


def pennylane_net():
    circuit = pennylane_circuit(GENES, "lightning.qubit", "adjoint")
    quantum = qml.qnn.TorchLayer(circuit, {"weights": (GENES.depth, 1, GENES.n_qubits)})
    cnn = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.1), nn.Flatten()
    return nn.Sequential(*cnn, nn.Linear(8 * 13 * 13, GENES.n_qubits), quantum, nn.Linear(GENES.n_qubits, 10))


def main():
    pin()
    data = mnist()
    net = HybridNet(data.input_shape, 10, (Convolution(8, pooling="max", dropout=0.1),), GENES)
    net.quantum.prepare()
    start = process_time()
    history = fit(net, data, epochs=EPOCHS)
    ours = process_time() - start

    theirs_net = pennylane_net()
    batch = torch.from_numpy(data.x_validation[:32])
    measured = medians({"step": stepper(theirs_net, data), "validation": lambda: theirs_net(batch)}, 15)
    batches = len(data.x_train) // 32, len(data.x_validation) // 32
    theirs = EPOCHS * (batches[0] * measured["step"] + batches[1] * measured["validation"])
    whole = f"search, {CANDIDATES} candidates, 1 process"
    trained = {"one candidate": 1, whole: CANDIDATES, "the same, 2 processes": CANDIDATES / 2}
    rows = [{"what": what, "ours, s": n * ours, "PennyLane, s": n * theirs} for what, n in trained.items()]
    notes = {"epochs": EPOCHS, "validation accuracy of ours": history.accuracy, "status": history.status}
    print(table(rows), table([notes]), sep="\n\n")
    record(rows, **notes)


if __name__ == "__main__":
    main()
