"""Forward and backward pass of the whole circuit, one group of samples after the other.

Backward is the adjoint method: ket and bra are walked back through the layers together, so that memory is one ket a
sample, whatever the depth (Jones and Gacon, arXiv:2009.02823).
"""

from typing import Any

import numpy as np
from numba import njit

from hybhanas_jupyter.models.kernels import gates
from hybhanas_jupyter.models.kernels.lanes import empty_rows, load, splat, store, total, width_of
from hybhanas_jupyter.models.kernels.layers import make_layer
from hybhanas_jupyter.models.kernels.program import ABOUT_X, ABOUT_Y
from hybhanas_jupyter.models.kernels.states import (
    embed,
    expectations,
    from_rows,
    product_currents,
    product_state,
    start_bra,
    to_rows,
)

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
