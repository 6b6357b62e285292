"""The quantum layer in plain torch operations: any device, any CPU, differentiated by autograd.

The state is (2**n, batch), batch last: every gate is one matrix product over all samples.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from hybhanas_jupyter.circuits.ansatz import ROTATIONS, Ansatz

# Qubits whose rotations are multiplied out into one 8 x 8 matrix: more are more arithmetic, fewer are more calls.
BLOCK = 3

# exp(-i theta/2 P) = cos(theta/2) + sin(theta/2) (-i P), P in the order of ROTATIONS
_MINUS_I_PAULI = [[[0, -1j], [-1j, 0]], [[0, -1], [1, 0]], [[-1j, 0], [0, 1j]]]


def expectations(ansatz: Ansatz, x: Tensor, weights: Tensor) -> Tensor:
    """<Z> (batch, n_qubits) for angles x (batch, n_qubits) and weights (depth, rotations, n_qubits), in radians."""
    rotations = _rotations(ansatz, weights)
    state = _product_state(rotations[0], x)
    blocks = [_kronecker(rotations[1:, first : first + BLOCK]) for first in range(0, ansatz.n_qubits, BLOCK)]
    for layer in range(ansatz.depth - 1):
        state = _entangle(ansatz, state)
        for number, block in enumerate(blocks):
            tensor = state.reshape(2 ** (number * BLOCK), block.shape[-1], -1)
            state = torch.matmul(block[layer], tensor).reshape(state.shape)
    probabilities = torch.view_as_real(_entangle(ansatz, state)).square().sum(-1)
    signs = _z_signs(ansatz.n_qubits, x.device).to(x.dtype)
    return (signs @ probabilities).T


def _rotations(ansatz: Ansatz, weights: Tensor) -> Tensor:
    """The product of each layer's rotations on each qubit, (depth, n_qubits, 2, 2)."""
    complex_dtype = torch.promote_types(weights.dtype, torch.complex64)
    paulis = torch.tensor(_MINUS_I_PAULI, dtype=complex_dtype, device=weights.device)
    axes = [ROTATIONS.index(rotation) for rotation in ansatz.rotations]
    half = (weights / 2)[..., None, None]
    identity = torch.eye(2, dtype=weights.dtype, device=weights.device)
    gates = half.cos() * identity + half.sin() * paulis[axes][:, None]
    product = gates[:, 0]
    for number in range(1, len(axes)):
        product = gates[:, number] @ product
    return product


def _product_state(rotations: Tensor, x: Tensor) -> Tensor:
    """Embedding and first layer of rotations (n_qubits, 2, 2): no gate has entangled the qubits yet."""
    embedded = torch.stack([(x / 2).cos() + 0j, -1j * (x / 2).sin()])
    qubits = torch.einsum("qij,jbq->qib", rotations, embedded)
    state = qubits[0]
    for qubit in qubits[1:]:
        state = (state[:, None] * qubit[None]).flatten(0, 1)
    return state


def _kronecker(gates: Tensor) -> Tensor:
    """The Kronecker product of neighbouring qubits' gates: (depth, k, 2, 2) -> (depth, 2**k, 2**k)."""
    product = gates[:, 0]
    for gate in gates[:, 1:].unbind(1):
        size = 2 * product.shape[-1]
        product = (product[:, :, None, :, None] * gate[:, None, :, None, :]).reshape(-1, size, size)
    return product


def _entangle(ansatz: Ansatz, state: Tensor) -> Tensor:
    """One layer of entanglers: a permutation (CNOT) or signs (CZ) of the amplitudes."""
    table = _entangler_table(ansatz, state.device)
    return state.index_select(0, table) if ansatz.entangler == "CNOT" else state * table.to(state.real.dtype)


@lru_cache(maxsize=32)
def _entangler_table(ansatz: Ansatz, device: torch.device) -> Tensor:
    """CNOT: where each amplitude comes from, (2**n,). CZ: its sign, (2**n, 1)."""
    bits = [1 << (ansatz.n_qubits - 1 - qubit) for qubit in range(ansatz.n_qubits)]
    labels = np.arange(2**ansatz.n_qubits)
    signs, targets = np.ones_like(labels), labels.copy()
    for first, second in ansatz.pairs:
        signs[(labels & bits[first] != 0) & (labels & bits[second] != 0)] *= -1
        targets[targets & bits[first] != 0] ^= bits[second]
    return torch.from_numpy(np.argsort(targets) if ansatz.entangler == "CNOT" else signs[:, None]).to(device)


@lru_cache(maxsize=32)
def _z_signs(n_qubits: int, device: torch.device) -> Tensor:
    """Eigenvalues of each Z on each basis state, (n_qubits, 2**n_qubits)."""
    bits = np.arange(2**n_qubits) >> np.arange(n_qubits)[::-1, None] & 1
    return torch.from_numpy(1 - 2 * bits).to(device)
