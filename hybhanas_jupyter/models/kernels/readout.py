"""Between states and <Z> of the qubits, for one group of samples; all rows hold one qubit each."""

from typing import Any

from numba import njit

from hybhanas_jupyter.models.kernels.lanes import empty_rows, load, parity, splat, store, width_of


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
