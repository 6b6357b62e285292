"""One layer of rotations on the state of one group of samples, two qubits at a time.

The state is a flat array of rows: row 2 i is the real, row 2 i + 1 the imaginary part of amplitude i, for all lanes.
Two qubits at a time, each amplitude is loaded and stored once for two gates: from 10 qubits on, memory is the limit.
"""

from typing import Any

from numba import njit

from hybhanas_jupyter.models.kernels import gates
from hybhanas_jupyter.models.kernels.lanes import load, parity, splat, store, total


@njit
def load_amplitudes(state: Any, low: int, high: int) -> Any:
    return load(state, 2 * low), load(state, 2 * low + 1), load(state, 2 * high), load(state, 2 * high + 1)


@njit
def store_amplitudes(state: Any, low: int, high: int, pair: Any) -> None:
    store(state, 2 * low, pair[0])
    store(state, 2 * low + 1, pair[1])
    store(state, 2 * high, pair[2])
    store(state, 2 * high + 1, pair[3])


@njit
def top_bit(mask: int) -> int:
    bit = 1
    while 2 * bit <= mask:
        bit *= 2
    return bit


@njit
def skip_bit(number: int, bit: int) -> int:
    """`number` with a zero inserted at `bit`: counts through the labels in which that bit is 0."""
    return ((number & -bit) << 1) | (number & (bit - 1))


@njit
def swap(low_pair: Any, high_pair: Any) -> Any:
    """Regroup four amplitudes from pairs of one qubit to pairs of the other."""
    return (*low_pair[:2], *high_pair[:2]), (*low_pair[2:], *high_pair[2:])


def make_layer(rotate: Any, currents: Any) -> tuple[Any, Any]:
    """Functions that apply a layer and that undo it, for one kind of rotation."""

    @njit
    def apply_two(state: Any, size: int, masks: Any, parity_masks: Any, gate_1: Any, gate_2: Any) -> None:
        m_1, m_2, r_1, r_2 = masks[0], masks[1], parity_masks[0], parity_masks[1]
        bit_1 = top_bit(m_1)
        bit_2 = top_bit(m_2 ^ m_1 if m_2 & bit_1 else m_2)
        for number in range(size // 4):
            label = skip_bit(skip_bit(number, min(bit_1, bit_2)), max(bit_1, bit_2))
            label ^= m_1 * parity(label & r_1) ^ m_2 * parity(label & r_2)
            low, high = (
                load_amplitudes(state, label, label ^ m_1),
                load_amplitudes(state, label ^ m_2, label ^ m_1 ^ m_2),
            )
            low, high = swap(rotate(gate_1, low), rotate(gate_1, high))
            store_amplitudes(state, label, label ^ m_2, rotate(gate_2, low))
            store_amplitudes(state, label ^ m_1, label ^ m_1 ^ m_2, rotate(gate_2, high))

    @njit
    def apply_one(state: Any, size: int, mask: int, parity_mask: int, gate: Any) -> None:
        bit = top_bit(mask)
        for number in range(size // 2):
            label = skip_bit(number, bit)
            label ^= mask * parity(label & parity_mask)
            store_amplitudes(state, label, label ^ mask, rotate(gate, load_amplitudes(state, label, label ^ mask)))

    @njit
    def apply_layer(state: Any, size: int, masks: Any, parity_masks: Any, layer_gates: Any) -> None:
        n = len(masks)
        for q in range(0, n - 1, 2):
            gate_1 = gates.spread(state, layer_gates[q, 0], layer_gates[q, 1])
            gate_2 = gates.spread(state, layer_gates[q + 1, 0], layer_gates[q + 1, 1])
            apply_two(state, size, masks[q : q + 2], parity_masks[q : q + 2], gate_1, gate_2)
        if n % 2:
            gate = gates.spread(state, layer_gates[n - 1, 0], layer_gates[n - 1, 1])
            apply_one(state, size, masks[n - 1], parity_masks[n - 1], gate)

    @njit
    def undo_two(
        ket: Any, bra: Any, size: int, masks: Any, parity_masks: Any, gate_1: Any, gate_2: Any, sums: Any
    ) -> None:
        m_1, m_2, r_1, r_2 = masks[0], masks[1], parity_masks[0], parity_masks[1]
        bit_1 = top_bit(m_1)
        bit_2 = top_bit(m_2 ^ m_1 if m_2 & bit_1 else m_2)
        zero = splat(ket.dtype.type(0))
        sums_1, sums_2 = (zero, zero, zero), (zero, zero, zero)
        for number in range(size // 4):
            label = skip_bit(skip_bit(number, min(bit_1, bit_2)), max(bit_1, bit_2))
            label ^= m_1 * parity(label & r_1) ^ m_2 * parity(label & r_2)
            low, high = load_amplitudes(ket, label, label ^ m_1), load_amplitudes(ket, label ^ m_2, label ^ m_1 ^ m_2)
            bra_low = load_amplitudes(bra, label, label ^ m_1)
            bra_high = load_amplitudes(bra, label ^ m_2, label ^ m_1 ^ m_2)
            sums_1 = currents(currents(sums_1, bra_low, low), bra_high, high)
            low, high = swap(rotate(gate_1, low), rotate(gate_1, high))
            bra_low, bra_high = swap(rotate(gate_1, bra_low), rotate(gate_1, bra_high))
            sums_2 = currents(currents(sums_2, bra_low, low), bra_high, high)
            store_amplitudes(ket, label, label ^ m_2, rotate(gate_2, low))
            store_amplitudes(ket, label ^ m_1, label ^ m_1 ^ m_2, rotate(gate_2, high))
            store_amplitudes(bra, label, label ^ m_2, rotate(gate_2, bra_low))
            store_amplitudes(bra, label ^ m_1, label ^ m_1 ^ m_2, rotate(gate_2, bra_high))
        for axis in range(3):
            sums[0, axis] += total(sums_1[axis])
            sums[1, axis] += total(sums_2[axis])

    @njit
    def undo_one(ket: Any, bra: Any, size: int, mask: int, parity_mask: int, gate: Any, sums: Any) -> None:
        bit = top_bit(mask)
        zero = splat(ket.dtype.type(0))
        lanes_sums = (zero, zero, zero)
        for number in range(size // 2):
            label = skip_bit(number, bit)
            label ^= mask * parity(label & parity_mask)
            pair, bra_pair = load_amplitudes(ket, label, label ^ mask), load_amplitudes(bra, label, label ^ mask)
            lanes_sums = currents(lanes_sums, bra_pair, pair)
            store_amplitudes(ket, label, label ^ mask, rotate(gate, pair))
            store_amplitudes(bra, label, label ^ mask, rotate(gate, bra_pair))
        for axis in range(3):
            sums[axis] += total(lanes_sums[axis])

    @njit
    def undo_layer(ket: Any, bra: Any, size: int, masks: Any, parity_masks: Any, layer_gates: Any, sums: Any) -> None:
        """Undo the layer on ket and bra, and add each qubit's currents to `sums` (n_qubits, 3)."""
        n = len(masks)
        for q in range(0, n - 1, 2):
            gate_1 = gates.spread(ket, layer_gates[q, 0].conjugate(), -layer_gates[q, 1])
            gate_2 = gates.spread(ket, layer_gates[q + 1, 0].conjugate(), -layer_gates[q + 1, 1])
            part = slice(q, q + 2)
            undo_two(ket, bra, size, masks[part], parity_masks[part], gate_1, gate_2, sums[part])
        if n % 2:
            gate = gates.spread(ket, layer_gates[n - 1, 0].conjugate(), -layer_gates[n - 1, 1])
            undo_one(ket, bra, size, masks[n - 1], parity_masks[n - 1], gate, sums[n - 1])

    return apply_layer, undo_layer
