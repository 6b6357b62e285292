"""Forward and backward pass of the whole circuit, one group of samples after the other (heavy import).

A state begins as a product of one-qubit vectors and ends as <Z> of the qubits. Partial products form a heap: the
product of the first q qubits' vectors is amplitudes 2**q to 2**(q + 1) - 1, and the children of amplitude i are 2 i and
2 i + 1.

Backward is the adjoint method: ket and bra are walked back through the layers together, so that memory is one ket a
sample, whatever the depth (Jones and Gacon, arXiv:2009.02823).
"""

from math import cos, sin
from typing import Any

import numpy as np
from numba import njit

from hybhanas_jupyter.models.kernels import gates
from hybhanas_jupyter.models.kernels.lanes import empty_rows, load, parity, splat, store, total, width_of
from hybhanas_jupyter.models.kernels.layers import load_pair, make_layer, store_pair
from hybhanas_jupyter.models.kernels.program import ABOUT_X, ABOUT_Y

_apply_x, _undo_x = make_layer(gates.rotate_x, gates.add_current_x)
_apply_y, _undo_y = make_layer(gates.rotate_y, gates.add_current_y)
_apply, _undo = make_layer(gates.rotate, gates.add_currents)


@njit
def _layer_gates(weights: Any, axes: Any) -> Any:
    """(a, b) of every layer and qubit, (depth, n_qubits, 2)."""
    depth, _, n_qubits = weights.shape
    result = np.empty((depth, n_qubits, 2), np.complex128)
    for layer in range(depth):
        for q in range(n_qubits):
            result[layer, q, 0], result[layer, q, 1] = gates.compose(weights[layer, :, q], axes)
    return result


@njit
def _flip_signs(state: Any, signs: Any) -> None:
    """A layer of CZ."""
    minus = splat(state, -1.0)
    for i in range(len(signs)):
        if signs[i] < 0:
            store(state, 2 * i, minus * load(state, 2 * i))
            store(state, 2 * i + 1, minus * load(state, 2 * i + 1))


@njit
def _apply_layers(ket: Any, program: Any, layer_gates: Any) -> None:
    for layer in range(1, program.depth):
        _flip_signs(ket, program.signs)
        masks, parity_masks = program.masks[layer], program.parity_masks[layer]
        if program.kind == ABOUT_X:
            _apply_x(ket, masks, parity_masks, layer_gates[layer])
        elif program.kind == ABOUT_Y:
            _apply_y(ket, masks, parity_masks, layer_gates[layer])
        else:
            _apply(ket, masks, parity_masks, layer_gates[layer])


@njit
def _undo_layers(ket: Any, bra: Any, program: Any, layer_gates: Any, currents: Any) -> None:
    """Back to the state after the first layer; each layer's and qubit's currents are added to `currents`."""
    states = ket, bra
    for layer in range(program.depth - 1, 0, -1):
        inverse = np.empty_like(layer_gates[layer])
        inverse[:, 0], inverse[:, 1] = np.conjugate(layer_gates[layer, :, 0]), -layer_gates[layer, :, 1]
        masks, parity_masks = program.masks[layer], program.parity_masks[layer]
        if program.kind == ABOUT_X:
            _undo_x(states, masks, parity_masks, inverse, currents[layer])
        elif program.kind == ABOUT_Y:
            _undo_y(states, masks, parity_masks, inverse, currents[layer])
        else:
            _undo(states, masks, parity_masks, inverse, currents[layer])
        _flip_signs(ket, program.signs)
        _flip_signs(bra, program.signs)


@njit
def _input_gradient(rows: Any, weights: Any, axes: Any, dx: Any) -> None:
    """The embedding turns about X, and the first layer turns that axis: dx is the current about where it points."""
    n_qubits = weights.shape[2]
    along = empty_rows(n_qubits, dx)
    for q in range(n_qubits):
        x, y, z = gates.turn(0, weights[0, :, q], axes)
        about_xy = splat(dx, x) * load(rows, 3 * q) + splat(dx, y) * load(rows, 3 * q + 1)
        store(along, q, about_xy + splat(dx, z) * load(rows, 3 * q + 2))
    from_rows(along, dx)


@njit
def _weight_gradient(currents: Any, weights: Any, axes: Any) -> Any:
    """A rotation's gradient is the layer's current about its axis, as the later rotations of the layer turn it."""
    result = np.empty_like(weights)
    for layer in range(weights.shape[0]):
        for number in range(weights.shape[1]):
            for q in range(weights.shape[2]):
                x, y, z = gates.turn(axes[number], weights[layer, number + 1 :, q], axes[number + 1 :])
                about = currents[layer, q]
                result[layer, number, q] = x * about[0] + y * about[1] + z * about[2]
    return result


def forward(x: Any, weights: Any, program: Any, kets: Any) -> Any:
    """<Z>, (batch, n_qubits), for x (batch, n_qubits), weights (depth, rotations, n_qubits) and a CircuitProgram.

    Leaves the final states of the last groups of samples in kets (groups, 2 * 2**n_qubits * width).
    """
    batch, n_qubits = x.shape
    layer_gates = _layer_gates(weights, program.axes)
    z = np.empty_like(x)
    for first in range(0, batch, width_of(x)):
        samples = slice(first, first + width_of(x))
        ket = kets[first // width_of(x) % len(kets)]
        product_state(embed(x[samples], layer_gates[0]), n_qubits, ket)
        _apply_layers(ket, program, layer_gates)
        from_rows(expectations(ket, program.parity_masks[-1]), z[samples])
    return z


def backward(x: Any, weights: Any, program: Any, kets: Any, upstream: Any) -> Any:
    """Gradients of x and weights for `upstream`, the gradient of z; the others as `forward` got and left them."""
    batch, n_qubits = x.shape
    layer_gates = _layer_gates(weights, program.axes)
    currents = np.zeros((len(weights), n_qubits, 3))
    dx = np.empty_like(x)
    ket, bra = empty_rows(2 << n_qubits, x), empty_rows(2 << n_qubits, x)
    for first in range(0, batch, width_of(x)):
        samples = slice(first, first + width_of(x))
        ket[:] = kets[first // width_of(x)]
        start_bra(ket, to_rows(upstream[samples]), program.parity_masks[-1], bra)
        _undo_layers(ket, bra, program, layer_gates, currents)
        rows = product_currents(embed(x[samples], layer_gates[0]), n_qubits, ket, bra)
        _input_gradient(rows, weights, program.axes, dx[samples])
        for q in range(n_qubits):
            for axis in range(3):
                currents[0, q, axis] += total(load(rows, 3 * q + axis))
    return dx, _weight_gradient(currents, weights, program.axes)


@njit
def embed(x: Any, gates: Any) -> Any:
    """Each qubit's vector after RX(x) and its gate, as pairs 2 q, 2 q + 1; x (up to width, n_qubits)."""
    width, n_qubits = width_of(x), x.shape[1]
    vectors = empty_rows(4 * n_qubits, x)
    for q in range(n_qubits):
        a, b = gates[q]
        for k in range(width):
            half = 0.5 * x[k, q] if k < len(x) else 0.0
            c, s = cos(half), sin(half)
            low, high = a * c - 1j * b * s, -b.conjugate() * c - 1j * a.conjugate() * s
            row = 4 * q * width + k
            vectors[row], vectors[row + width] = low.real, low.imag
            vectors[row + 2 * width], vectors[row + 3 * width] = high.real, high.imag
    return vectors


@njit
def _children(product: Any, i: int, vector: Any) -> Any:
    """Amplitude i of `product` times a qubit's vector."""
    real, imaginary = load(product, 2 * i), load(product, 2 * i + 1)
    low = real * vector[0] - imaginary * vector[1], real * vector[1] + imaginary * vector[0]
    high = real * vector[2] - imaginary * vector[3], real * vector[3] + imaginary * vector[2]
    return low[0], low[1], high[0], high[1]


@njit
def product_state(vectors: Any, n_qubits: int, ket: Any) -> None:
    """The product of all vectors, in place: from the last amplitude on, so that none is overwritten unread."""
    store(ket, 0, splat(ket, 1.0))
    store(ket, 1, splat(ket, 0.0))
    for q in range(n_qubits):
        vector = load_pair(vectors, 2 * q, 2 * q + 1)
        for i in range((1 << q) - 1, -1, -1):
            store_pair(ket, 2 * i, 2 * i + 1, _children(ket, i, vector))


@njit
def _product_heap(vectors: Any, n_qubits: int, heap: Any) -> None:
    """All partial products, the whole one excepted."""
    store(heap, 2, splat(heap, 1.0))
    store(heap, 3, splat(heap, 0.0))
    for q in range(n_qubits - 1):
        vector = load_pair(vectors, 2 * q, 2 * q + 1)
        for i in range(1 << q, 2 << q):
            store_pair(heap, 2 * i, 2 * i + 1, _children(heap, i, vector))


@njit
def product_currents(vectors: Any, n_qubits: int, heap: Any, bra: Any) -> Any:
    """The currents of all qubits, row 3 q + axis; the product is taken apart from the last qubit on.

    Overwrites `heap` and `bra`, both of the length of a state.
    """
    _product_heap(vectors, n_qubits, heap)
    zero = splat(bra, 0.0)
    rows = empty_rows(3 * n_qubits, bra)
    for q in range(n_qubits - 1, -1, -1):
        v = load_pair(vectors, 2 * q, 2 * q + 1)
        g_0, g_1, g_2, g_3 = zero, zero, zero, zero
        for i in range(1 << q):
            real, imaginary = load(heap, (2 << q) + 2 * i), load(heap, (2 << q) + 2 * i + 1)
            u = load_pair(bra, 2 * i, 2 * i + 1)
            g_0, g_1 = g_0 + (u[0] * real + u[1] * imaginary), g_1 + (u[1] * real - u[0] * imaginary)
            g_2, g_3 = g_2 + (u[2] * real + u[3] * imaginary), g_3 + (u[3] * real - u[2] * imaginary)
            store(bra, 2 * i, u[0] * v[0] + u[1] * v[1] + (u[2] * v[2] + u[3] * v[3]))
            store(bra, 2 * i + 1, u[1] * v[0] - u[0] * v[1] + (u[3] * v[2] - u[2] * v[3]))
        sums = gates.add_currents((zero, zero, zero), (g_0, g_1, g_2, g_3), v)
        for axis in range(3):
            store(rows, 3 * q + axis, sums[axis])
    return rows


@njit
def expectations(ket: Any, parity_masks: Any) -> Any:
    """Rows of <Z>."""
    n_qubits = len(parity_masks)
    rows = empty_rows(n_qubits, ket)
    rows[:] = 0
    for i in range(1 << n_qubits):
        real, imaginary = load(ket, 2 * i), load(ket, 2 * i + 1)
        probability = real * real + imaginary * imaginary
        for q in range(n_qubits):
            sign = splat(ket, 1 - 2 * parity(i & parity_masks[q]))
            store(rows, q, load(rows, q) + sign * probability)
    return rows


@njit
def start_bra(ket: Any, upstream: Any, parity_masks: Any, bra: Any) -> None:
    """bra = (sum over q of upstream_q Z_q) ket, for rows of upstream gradients."""
    n_qubits = len(parity_masks)
    for i in range(1 << n_qubits):
        factor = splat(ket, 0.0)
        for q in range(n_qubits):
            factor = factor + splat(ket, 1 - 2 * parity(i & parity_masks[q])) * load(upstream, q)
        store(bra, 2 * i, factor * load(ket, 2 * i))
        store(bra, 2 * i + 1, factor * load(ket, 2 * i + 1))


@njit
def to_rows(table: Any) -> Any:
    """(up to width samples, n_qubits) to rows; lanes without a sample are 0."""
    width = width_of(table)
    rows = empty_rows(table.shape[1], table)
    rows[:] = 0
    for q in range(table.shape[1]):
        for k in range(len(table)):
            rows[q * width + k] = table[k, q]
    return rows


@njit
def from_rows(rows: Any, table: Any) -> None:
    """Rows to (up to width samples, n_qubits)."""
    width = width_of(table)
    for q in range(table.shape[1]):
        for k in range(len(table)):
            table[k, q] = rows[q * width + k]
