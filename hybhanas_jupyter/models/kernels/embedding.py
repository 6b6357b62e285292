"""Embedding and first layer: no gate has entangled the qubits yet, so the state is a product of one-qubit vectors.

Partial products form a heap: the product of the first q qubits' vectors is amplitudes 2**q to 2**(q + 1) - 1, and the
children of amplitude i are 2 i and 2 i + 1.
"""

from math import cos, sin
from typing import Any

from numba import njit

from hybhanas_jupyter.models.kernels import gates
from hybhanas_jupyter.models.kernels.layers import load_amplitudes, store_amplitudes
from hybhanas_jupyter.models.kernels.lanes import load, splat, store, total


@njit
def embed(x: Any, layer_gates: Any, width: int, qubits: Any) -> None:
    """Fill `qubits` with each qubit's (low, high) vector after RX(x) and its gate; x (up to width, n_qubits)."""
    for q in range(x.shape[1]):
        a, b = layer_gates[q]
        for k in range(width):
            half = 0.5 * x[k, q] if k < len(x) else 0.0
            c, s = cos(half), sin(half)
            low, high = a * c - 1j * b * s, -b.conjugate() * c - 1j * a.conjugate() * s
            qubits[(4 * q) * width + k], qubits[(4 * q + 1) * width + k] = low.real, low.imag
            qubits[(4 * q + 2) * width + k], qubits[(4 * q + 3) * width + k] = high.real, high.imag


@njit
def _times(product: Any, i: int, v: Any) -> Any:
    """Amplitude i of `product` times a qubit's vector v: two amplitudes."""
    real, imaginary = load(product, 2 * i), load(product, 2 * i + 1)
    low = real * v[0] - imaginary * v[1], real * v[1] + imaginary * v[0]
    high = real * v[2] - imaginary * v[3], real * v[3] + imaginary * v[2]
    return (*low, *high)


@njit
def product_state(qubits: Any, n_qubits: int, ket: Any) -> None:
    """The product of all qubits' vectors, in place: from the last amplitude on, so that none is overwritten unread."""
    one = ket.dtype.type(1)
    store(ket, 0, splat(one))
    store(ket, 1, splat(one - one))
    for q in range(n_qubits):
        v = load_amplitudes(qubits, 2 * q, 2 * q + 1)
        for i in range((1 << q) - 1, -1, -1):
            store_amplitudes(ket, 2 * i, 2 * i + 1, _times(ket, i, v))


@njit
def product_heap(qubits: Any, n_qubits: int, heap: Any) -> None:
    """All partial products, without the last qubit."""
    one = heap.dtype.type(1)
    store(heap, 2, splat(one))
    store(heap, 3, splat(one - one))
    for q in range(n_qubits - 1):
        v = load_amplitudes(qubits, 2 * q, 2 * q + 1)
        for i in range(1 << q, 2 << q):
            store_amplitudes(heap, 2 * i, 2 * i + 1, _times(heap, i, v))


@njit
def undo_product(qubits: Any, n_qubits: int, heap: Any, bra: Any, sums: Any, lane_currents: Any) -> None:
    """Take the product apart, last qubit first: each qubit's currents, by lane and added up in `sums` (n_qubits, 3).

    Overwrites `heap` with the partial products, and `bra`. Row 3 q + axis of `lane_currents` holds qubit q's current.
    """
    product_heap(qubits, n_qubits, heap)
    zero = splat(bra.dtype.type(0))
    for q in range(n_qubits - 1, -1, -1):
        v = load_amplitudes(qubits, 2 * q, 2 * q + 1)
        g = (zero, zero, zero, zero)
        for i in range(1 << q):
            real, imaginary = load(heap, 2 * ((1 << q) + i)), load(heap, 2 * ((1 << q) + i) + 1)
            u = load_amplitudes(bra, 2 * i, 2 * i + 1)
            g = (
                g[0] + (u[0] * real + u[1] * imaginary),
                g[1] + (u[1] * real - u[0] * imaginary),
                g[2] + (u[2] * real + u[3] * imaginary),
                g[3] + (u[3] * real - u[2] * imaginary),
            )
            store(bra, 2 * i, u[0] * v[0] + u[1] * v[1] + (u[2] * v[2] + u[3] * v[3]))
            store(bra, 2 * i + 1, u[1] * v[0] - u[0] * v[1] + (u[3] * v[2] - u[2] * v[3]))
        lanes = gates.currents((zero, zero, zero), g, v)
        for axis in range(3):
            store(lane_currents, 3 * q + axis, lanes[axis])
            sums[q, axis] += total(lanes[axis])
