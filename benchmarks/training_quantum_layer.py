"""Quantum layer, forward + backward with gradients of inputs and weights, against PennyLane; one pinned thread.

    python benchmarks/training_quantum_layer.py

Batch 32, RY, CNOT. PennyLane computes in float64, the only precision that it keeps here; ours in float32.
The floor is what the algorithm's products and sums take at the rate of a large float32 matrix product.
"""

from functools import partial

import torch
from recording import record, table
from training_common import medians, pennylane_circuit, pin

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.models.quantum_layer import QuantumLayer

BATCH = 32
SIZES = ((4, 3), (6, 6), (8, 8), (10, 10), (12, 15))
# Of one rotation on one pair of amplitudes: apply it, undo it on ket and bra, and the current.
FLOPS = 12 + 2 * 12 + 8


def step(function, inputs, weights):
    z = function(inputs, weights)
    z = torch.stack(z, 1) if isinstance(z, (list, tuple)) else z
    torch.autograd.grad(z.sum(), (inputs, weights))


def gemm_rate():
    a, b = torch.rand(2, 1024, 1024)
    return 2 * 1024**3 / medians({"mm": lambda: a @ b})["mm"]


def case(n_qubits, depth, topology, rate):
    genes = Ansatz(n_qubits, depth, topology=topology)
    ours, fallback = (QuantumLayer(n_qubits, depth, topology=topology, engine=e) for e in ("numba", "torch"))
    x = torch.rand(BATCH, n_qubits, requires_grad=True)
    double = [tensor.detach().double().requires_grad_() for tensor in (x, ours.weights)]
    times = medians(
        {
            "numba": partial(step, lambda x, _: ours(x), x, ours.weights),
            "torch": partial(step, lambda x, _: fallback(x), x, fallback.weights),
            "lightning adjoint": partial(step, pennylane_circuit(genes, "lightning.qubit", "adjoint"), *double),
            "default backprop": partial(step, pennylane_circuit(genes, "default.qubit", "backprop"), *double),
        }
    )
    floor = BATCH * FLOPS * 2 ** (n_qubits - 1) * n_qubits * (depth - 1) / rate
    return {
        "case": f"({n_qubits},{depth}) {topology}",
        **{f"{name}, ms": 1e3 * time for name, time in times.items()},
        "lightning / numba": times["lightning adjoint"] / times["numba"],
        "default / numba": times["default backprop"] / times["numba"],
        "numba / floor": times["numba"] / floor,
    }


def main():
    torch.manual_seed(0)
    pin()
    rate = gemm_rate()
    rows = [case(*size, topology, rate) for size in SIZES for topology in ("linear", "full")]
    notes = {"float32 GEMM, GFLOP/s": rate / 1e9}
    print(table(rows), table([notes]), sep="\n\n")
    record(rows, **notes)


if __name__ == "__main__":
    main()
