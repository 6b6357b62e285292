"""Forward and backward pass of the whole circuit, one group of samples after the other.

Backward is the adjoint method: ket and bra are walked back through the layers together, so that memory is one ket a
sample, whatever the depth (Jones and Gacon, arXiv:2009.02823).
"""

from typing import Any

import numpy as np
from numba import njit

from hybhanas_jupyter.models.kernels import gates
from hybhanas_jupyter.models.kernels.embedding import embed, product_state, undo_product
from hybhanas_jupyter.models.kernels.lanes import load, parity, splat, store
from hybhanas_jupyter.models.kernels.layers import make_layer
from hybhanas_jupyter.models.kernels.program import ABOUT_X, ABOUT_Y, DIAGONAL

_apply_x, _undo_x = make_layer(gates.rotate_x, gates.current_x)
_apply_y, _undo_y = make_layer(gates.rotate_y, gates.current_y)
_apply, _undo = make_layer(gates.rotate, gates.currents)


@njit
def _layer_gates(weights: Any, axes: Any) -> Any:
    """(a, b) of every layer and qubit, (depth, n_qubits, 2)."""
    depth, _, n_qubits = weights.shape
    result = np.empty((depth, n_qubits, 2), np.complex128)
    for layer in range(depth):
        for q in range(n_qubits):
            a, b = gates.compose(weights[layer, :, q], axes)
            result[layer, q, 0], result[layer, q, 1] = a, b
    return result


@njit
def _flip_signs(state: Any, signs: Any) -> None:
    """A layer of CZ gates."""
    minus = splat(state.dtype.type(-1))
    for i in range(len(signs)):
        if signs[i] < 0:
            store(state, 2 * i, minus * load(state, 2 * i))
            store(state, 2 * i + 1, minus * load(state, 2 * i + 1))


@njit
def _expectations(ket: Any, size: int, parity_masks: Any, sums: Any) -> None:
    """Row q of `sums`: <Z> of qubit q."""
    number = ket.dtype.type
    for q in range(len(parity_masks)):
        store(sums, q, splat(number(0)))
    for i in range(size):
        real, imaginary = load(ket, 2 * i), load(ket, 2 * i + 1)
        probability = real * real + imaginary * imaginary
        for q in range(len(parity_masks)):
            sign = splat(number(1 - 2 * parity(i & parity_masks[q])))
            store(sums, q, load(sums, q) + sign * probability)


@njit
def _start_bra(ket: Any, size: int, parity_masks: Any, upstream: Any, bra: Any) -> None:
    """bra = (sum over q of upstream_q Z_q) ket, row q of `upstream` being the gradient of <Z_q>."""
    number = ket.dtype.type
    for i in range(size):
        eigenvalue = splat(number(0))
        for q in range(len(parity_masks)):
            sign = splat(number(1 - 2 * parity(i & parity_masks[q])))
            eigenvalue = eigenvalue + sign * load(upstream, q)
        store(bra, 2 * i, eigenvalue * load(ket, 2 * i))
        store(bra, 2 * i + 1, eigenvalue * load(ket, 2 * i + 1))


def forward(
    x: Any, weights: Any, axes: Any, kind: int, masks: Any, parity_masks: Any, signs: Any, kets: Any, z: Any
) -> None:
    """Fill z (batch, n_qubits) with <Z>, and kets (groups, 2 * 2**n * width) with the last groups' final states.

    x (batch, n_qubits), weights (depth, rotations, n_qubits); the others are the fields of a CircuitProgram.
    """
    batch, n_qubits = x.shape
    size = 1 << n_qubits
    width = kets.shape[1] // (2 * size)
    layer_gates = _layer_gates(weights, axes)
    qubits, sums = np.empty(4 * n_qubits * width, x.dtype), np.empty(n_qubits * width, x.dtype)
    for group in range((batch + width - 1) // width):
        ket = kets[group % len(kets)]
        samples = slice(group * width, min(batch, (group + 1) * width))
        embed(x[samples], layer_gates[0], width, qubits)
        product_state(qubits, n_qubits, ket)
        for layer in range(1, len(weights) if kind != DIAGONAL else 1):
            _flip_signs(ket, signs)
            if kind == ABOUT_X:
                _apply_x(ket, size, masks[layer], parity_masks[layer], layer_gates[layer])
            elif kind == ABOUT_Y:
                _apply_y(ket, size, masks[layer], parity_masks[layer], layer_gates[layer])
            else:
                _apply(ket, size, masks[layer], parity_masks[layer], layer_gates[layer])
        _expectations(ket, size, parity_masks[-1], sums)
        for k in range(samples.stop - samples.start):
            for q in range(n_qubits):
                z[samples.start + k, q] = sums[q * width + k]


def backward(
    x: Any,
    weights: Any,
    axes: Any,
    kind: int,
    masks: Any,
    parity_masks: Any,
    signs: Any,
    kets: Any,
    upstream: Any,
    scratch: Any,
    dx: Any,
    dweights: Any,
) -> None:
    """Fill dx and dweights with the gradients for `upstream`, the gradient of z, (batch, n_qubits).

    `scratch` (2, 2 * 2**n * width) is overwritten; the other arguments are those of `forward`.
    """
    batch, n_qubits = x.shape
    size = 1 << n_qubits
    width = kets.shape[1] // (2 * size)
    layer_gates = _layer_gates(weights, axes)
    qubits, rows = np.empty(4 * n_qubits * width, x.dtype), np.zeros(3 * n_qubits * width, x.dtype)
    sums = np.zeros((len(weights), n_qubits, 3), np.float64)
    ket, bra = scratch[0], scratch[1]
    for group in range(len(kets)):
        samples = slice(group * width, min(batch, (group + 1) * width))
        for q in range(n_qubits):
            for k in range(width):
                inside = samples.start + k < samples.stop
                rows[q * width + k] = upstream[samples.start + k, q] if inside else 0
        ket[:] = kets[group]
        _start_bra(ket, size, parity_masks[-1], rows, bra)
        for layer in range(len(weights) - 1 if kind != DIAGONAL else 0, 0, -1):
            if kind == ABOUT_X:
                _undo_x(ket, bra, size, masks[layer], parity_masks[layer], layer_gates[layer], sums[layer])
            elif kind == ABOUT_Y:
                _undo_y(ket, bra, size, masks[layer], parity_masks[layer], layer_gates[layer], sums[layer])
            else:
                _undo(ket, bra, size, masks[layer], parity_masks[layer], layer_gates[layer], sums[layer])
            _flip_signs(ket, signs)
            _flip_signs(bra, signs)
        embed(x[samples], layer_gates[0], width, qubits)
        undo_product(qubits, n_qubits, ket, bra, sums[0], rows)
        for q in range(n_qubits):
            n_x, n_y, n_z = gates.turn(0, weights[0, :, q], axes, 0)
            for k in range(samples.stop - samples.start):
                row = 3 * q * width + k
                dx[samples.start + k, q] = n_x * rows[row] + n_y * rows[row + width] + n_z * rows[row + 2 * width]
    for layer in range(len(weights)):
        for number in range(len(axes)):
            for q in range(n_qubits):
                n_x, n_y, n_z = gates.turn(axes[number], weights[layer, :, q], axes, number + 1)
                current = sums[layer, q]
                dweights[layer, number, q] = n_x * current[0] + n_y * current[1] + n_z * current[2]
