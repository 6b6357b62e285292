"""One layer of rotations on the state of one group of samples, two qubits at a time.

The state is a flat array of rows: row 2 i is the real, row 2 i + 1 the imaginary part of amplitude i, for all lanes.
Two qubits at a time, an amplitude is loaded and stored once for two gates: from 10 qubits on, memory is the limit.
"""

from typing import Any, NamedTuple

from numba import njit

from hybhanas_jupyter.models.kernels.gates import spread
from hybhanas_jupyter.models.kernels.lanes import load, parity, splat, store, total, width_of


class Couple(NamedTuple):
    """Masks and parity masks of two qubits."""

    mask: int
    other_mask: int
    parity_mask: int
    other_parity_mask: int


@njit
def load_pair(state: Any, low: int, high: int) -> Any:
    """Amplitudes `low` and `high`."""
    return load(state, 2 * low), load(state, 2 * low + 1), load(state, 2 * high), load(state, 2 * high + 1)


@njit
def store_pair(state: Any, low: int, high: int, pair: Any) -> None:
    """Write `pair` to amplitudes `low` and `high`."""
    store(state, 2 * low, pair[0])
    store(state, 2 * low + 1, pair[1])
    store(state, 2 * high, pair[2])
    store(state, 2 * high + 1, pair[3])


@njit
def _load_pairs(state: Any, label: int, couple: Any) -> Any:
    """The four amplitudes of a couple: the first qubit's pair with the other qubit 0, and with the other qubit 1."""
    other = label ^ couple.other_mask
    return load_pair(state, label, label ^ couple.mask), load_pair(state, other, other ^ couple.mask)


@njit
def _store_pairs(state: Any, label: int, couple: Any, pairs: Any) -> None:
    other = label ^ couple.other_mask
    store_pair(state, label, label ^ couple.mask, pairs[0])
    store_pair(state, other, other ^ couple.mask, pairs[1])


@njit
def _regroup(pairs: Any) -> Any:
    """From pairs of the first qubit to pairs of the other, and back."""
    low, high = pairs
    return (low[0], low[1], high[0], high[1]), (low[2], low[3], high[2], high[3])


@njit
def _top_bit(mask: int) -> int:
    bit = 1
    while 2 * bit <= mask:
        bit *= 2
    return bit


@njit
def _skip_bit(number: int, bit: int) -> int:
    """`number` with a zero inserted at `bit`."""
    return ((number & -bit) << 1) | (number & (bit - 1))


@njit
def _free_bits(couple: Any) -> Any:
    """Two bits, the lower first, that are 0 in exactly one of the four labels that a couple's gates mix."""
    bit = _top_bit(couple.mask)
    other_mask = couple.other_mask
    if other_mask & bit:
        other_mask ^= couple.mask
    other_bit = _top_bit(other_mask)
    return min(bit, other_bit), max(bit, other_bit)


@njit
def _label(number: int, bits: Any, couple: Any) -> int:
    """The label number `number` among those in which both qubits are 0."""
    label = _skip_bit(_skip_bit(number, bits[0]), bits[1])
    first, other = parity(label & couple.parity_mask), parity(label & couple.other_parity_mask)
    return label ^ (couple.mask * first) ^ (couple.other_mask * other)


@njit
def _couple(q: int, masks: Any, parity_masks: Any) -> Any:
    """Qubits q and q + 1; the last one of an odd number goes with qubit 0."""
    other = (q + 1) % len(masks)
    return Couple(masks[q], masks[other], parity_masks[q], parity_masks[other])


@njit
def _couple_gates(q: int, gates: Any, like: Any) -> Any:
    """The gates of qubit q and of its other; qubit 0 gets none the second time."""
    first = spread(like, gates[q, 0], gates[q, 1])
    if q + 1 < len(gates):
        return first, spread(like, gates[q + 1, 0], gates[q + 1, 1])
    return first, spread(like, 1 + 0j, 0j)


def make_layer(rotate: Any, add_currents: Any) -> tuple[Any, Any]:
    """The functions that apply a layer and that undo it, for one kind of rotation."""

    @njit
    def rotate_pairs(gates: Any, pairs: Any) -> Any:
        low, high = _regroup((rotate(gates[0], pairs[0]), rotate(gates[0], pairs[1])))
        return _regroup((rotate(gates[1], low), rotate(gates[1], high)))

    @njit
    def apply_layer(state: Any, masks: Any, parity_masks: Any, gates: Any) -> None:
        for q in range(0, len(masks), 2):
            couple = _couple(q, masks, parity_masks)
            bits, couple_gates = _free_bits(couple), _couple_gates(q, gates, state)
            for number in range(len(state) // (8 * width_of(state))):
                label = _label(number, bits, couple)
                _store_pairs(state, label, couple, rotate_pairs(couple_gates, _load_pairs(state, label, couple)))

    @njit
    def undo_couple(ket: Any, bra: Any, couple: Any, gates: Any) -> Any:
        bits, zero = _free_bits(couple), splat(ket, 0.0)
        sums, other_sums = (zero, zero, zero), (zero, zero, zero)
        for number in range(len(ket) // (8 * width_of(ket))):
            label = _label(number, bits, couple)
            kets, bras = _load_pairs(ket, label, couple), _load_pairs(bra, label, couple)
            sums = add_currents(add_currents(sums, bras[0], kets[0]), bras[1], kets[1])
            k, b = _regroup(kets), _regroup(bras)
            other_sums = add_currents(add_currents(other_sums, b[0], k[0]), b[1], k[1])
            _store_pairs(ket, label, couple, rotate_pairs(gates, kets))
            _store_pairs(bra, label, couple, rotate_pairs(gates, bras))
        return sums, other_sums

    @njit
    def undo_layer(states: Any, masks: Any, parity_masks: Any, inverse_gates: Any, currents: Any) -> None:
        ket, bra = states
        for q in range(0, len(masks), 2):
            couple_gates = _couple_gates(q, inverse_gates, ket)
            sums, other_sums = undo_couple(ket, bra, _couple(q, masks, parity_masks), couple_gates)
            for axis in range(3):
                currents[q, axis] += total(sums[axis])
                if q + 1 < len(masks):
                    currents[q + 1, axis] += total(other_sums[axis])

    return apply_layer, undo_layer
