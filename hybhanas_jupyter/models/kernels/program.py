"""A circuit as data: integer arrays that the kernel reads, so that no candidate needs compiling.

A CNOT layer is never executed. It is a linear map on basis labels over GF(2), so it is enough to remember what has
become of each qubit's axis: a gate on a qubit acts on the pairs of amplitudes (i, i ^ mask), and the qubit's value in
label i is the parity of i & parity_mask. A densely coupled circuit then costs what a sparse one costs.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.circuits.ansatz import ROTATIONS, Ansatz

# What a layer's rotations do to a pair of amplitudes: all about X or all about Y take half of the products.
ABOUT_X, ABOUT_Y, GENERAL = range(3)


class CircuitProgram(NamedTuple):
    """The arrays of one ansatz.

    axes (rotations,): 0 X, 1 Y, 2 Z. kind: one of the three above. depth: layers that have an effect on <Z>.
    masks, parity_masks (ansatz.depth + 1, n_qubits): row l holds in layer l, the last row at the readout.
    signs (2**n_qubits,): -1 where a layer of CZ flips an amplitude; empty if the entangler is CNOT.
    """

    axes: npt.NDArray[np.int64]
    kind: int
    depth: int
    masks: npt.NDArray[np.int64]
    parity_masks: npt.NDArray[np.int64]
    signs: npt.NDArray[np.int8]


@lru_cache(maxsize=64)
def compile_circuit(ansatz: Ansatz) -> CircuitProgram:
    """Translate `ansatz` into the arrays that the kernel runs on."""
    bits = [1 << (ansatz.n_qubits - 1 - qubit) for qubit in range(ansatz.n_qubits)]
    masks, parity_masks = [bits], [bits]
    for _ in range(ansatz.depth):
        mask, parity_mask = masks[-1].copy(), parity_masks[-1].copy()
        for control, target in ansatz.pairs if ansatz.entangler == "CNOT" else ():
            mask[control] ^= mask[target]
            parity_mask[target] ^= parity_mask[control]
        masks.append(mask)
        parity_masks.append(parity_mask)
    return CircuitProgram(
        axes=np.array([ROTATIONS.index(rotation) for rotation in ansatz.rotations]),
        kind={frozenset({"RX"}): ABOUT_X, frozenset({"RY"}): ABOUT_Y}.get(frozenset(ansatz.rotations), GENERAL),
        # RZ alone changes phases only, and neither CNOT nor CZ turns them into probabilities
        depth=1 if set(ansatz.rotations) == {"RZ"} else ansatz.depth,
        masks=np.array(masks),
        parity_masks=np.array(parity_masks),
        signs=_signs(ansatz, bits) if ansatz.entangler == "CZ" else np.empty(0, np.int8),
    )


def _signs(ansatz: Ansatz, bits: list[int]) -> npt.NDArray[np.int8]:
    labels = np.arange(2**ansatz.n_qubits)
    signs = np.ones(len(labels), np.int8)
    for first, second in ansatz.pairs:
        signs[(labels & bits[first] != 0) & (labels & bits[second] != 0)] *= -1
    return signs
