"""How a state begins, as a product of one-qubit vectors, and how it ends, as <Z> of the qubits; one group of samples.

Before the first entangler the state is a product. Partial products form a heap: the product of the first q qubits'
vectors is amplitudes 2**q to 2**(q + 1) - 1, and the children of amplitude i are 2 i and 2 i + 1.
"""

from math import cos, sin
from typing import Any

from numba import njit

from hybhanas_jupyter.models.kernels.gates import add_currents
from hybhanas_jupyter.models.kernels.lanes import empty_rows, load, parity, splat, store, width_of
from hybhanas_jupyter.models.kernels.layers import load_pair, store_pair


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
        sums = add_currents((zero, zero, zero), (g_0, g_1, g_2, g_3), v)
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
