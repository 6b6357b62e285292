"""A circuit as data: integer arrays that the kernel reads, so that no candidate needs compiling.

A CNOT layer is never executed. It is a linear map on basis labels over GF(2), so it is enough to remember what each
qubit's axis has become: a gate on a qubit acts on the pairs of amplitudes (i, i ^ mask), and the qubit's value in
label i is the parity of i & parity_mask. A densely coupled circuit then costs what a sparse one costs.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.circuits.ansatz import ROTATIONS, Ansatz

# What a layer's rotations can do to a pair of amplitudes: the first two spare the kernel half of the products.
ABOUT_X, ABOUT_Y, GENERAL, DIAGONAL = range(4)


class CircuitProgram(NamedTuple):
    """The arrays of one ansatz; row l of the masks holds before the rotations of layer l, the last row at the readout.

    axes (rotations,): 0 X, 1 Y, 2 Z; kind: one of the four above; masks, parity_masks (depth + 1, n_qubits);
    signs (2**n_qubits,): -1 where a CZ layer flips an amplitude, empty if the entangler is CNOT.
    """

    axes: npt.NDArray[np.int64]
    kind: int
    masks: npt.NDArray[np.int64]
    parity_masks: npt.NDArray[np.int64]
    signs: npt.NDArray[np.int8]


@lru_cache(maxsize=64)
def compile_circuit(ansatz: Ansatz) -> CircuitProgram:
    """Translate `ansatz` into the arrays that the kernel runs on."""
    bits = [1 << (ansatz.n_qubits - 1 - qubit) for qubit in range(ansatz.n_qubits)]
    masks, parity_masks = list(bits), list(bits)
    frames = [(list(masks), list(parity_masks))]
    for _ in range(ansatz.depth):
        if ansatz.entangler == "CNOT":
            for control, target in ansatz.pairs:
                parity_masks[target] ^= parity_masks[control]
                masks[control] ^= masks[target]
        frames.append((list(masks), list(parity_masks)))
    table = np.array(frames, np.int64)
    return CircuitProgram(
        np.array([ROTATIONS.index(rotation) for rotation in ansatz.rotations], np.int64),
        _kind(ansatz),
        np.ascontiguousarray(table[:, 0]),
        np.ascontiguousarray(table[:, 1]),
        _signs(ansatz, bits),
    )


def _kind(ansatz: Ansatz) -> int:
    used = set(ansatz.rotations)
    if used == {"RZ"}:
        return DIAGONAL
    return {"RX": ABOUT_X, "RY": ABOUT_Y}[used.pop()] if len(used) == 1 else GENERAL


def _signs(ansatz: Ansatz, bits: list[int]) -> npt.NDArray[np.int8]:
    if ansatz.entangler != "CZ":
        return np.empty(0, np.int8)
    labels = np.arange(2**ansatz.n_qubits)
    flips = [(labels & bits[a] != 0) & (labels & bits[b] != 0) for a, b in ansatz.pairs]
    return (1 - 2 * (np.sum(flips, axis=0, dtype=np.int64) % 2)).astype(np.int8) * np.ones(len(labels), np.int8)
