"""One qubit's gate on one pair of amplitudes, and what it contributes to the gradient.

A gate is the SU(2) matrix [[a, b], [-b*, a*]]; a pair is its low and high amplitude as four Lanes: low real, low
imaginary, high real, high imaginary. The current about an axis P is the real inner product of the bra with -i P ket:
with bra = dL/dket / 2 just after a rotation about P, it is dL/dangle.
"""

from math import cos, sin
from typing import Any

from numba import njit

from hybhanas_jupyter.models.kernels.lanes import splat


@njit
def compose(angles: Any, axes: Any) -> Any:
    """(a, b) of the rotations about `axes` by `angles`, the first one first."""
    a, b = 1 + 0j, 0j
    for k in range(len(axes)):
        c, s = cos(0.5 * angles[k]), sin(0.5 * angles[k])
        a_k = complex(c, -s) if axes[k] == 2 else complex(c, 0.0)
        b_k = complex(0.0, -s) if axes[k] == 0 else complex(-s if axes[k] == 1 else 0.0, 0.0)
        a, b = a_k * a - b_k * b.conjugate(), a_k * b + b_k * a.conjugate()
    return a, b


@njit
def turn(axis: int, angles: Any, axes: Any, first: int) -> Any:
    """The unit vector of `axis` turned by the rotations from number `first` on: its direction after them."""
    x, y, z = 1.0 * (axis == 0), 1.0 * (axis == 1), 1.0 * (axis == 2)
    for k in range(first, len(axes)):
        c, s = cos(angles[k]), sin(angles[k])
        if axes[k] == 0:
            y, z = c * y - s * z, s * y + c * z
        elif axes[k] == 1:
            z, x = c * z - s * x, s * z + c * x
        else:
            x, y = c * x - s * y, s * x + c * y
    return x, y, z


@njit
def spread(like: Any, a: complex, b: complex) -> Any:
    """The gate (a, b) as four Lanes of the type of the array `like`."""
    number = like.dtype.type
    return splat(number(a.real)), splat(number(a.imag)), splat(number(b.real)), splat(number(b.imag))


@njit
def rotate_x(gate: Any, pair: Any) -> Any:
    a_r, _, _, b_i = gate
    low_r, low_i, high_r, high_i = pair
    return (
        a_r * low_r - b_i * high_i,
        a_r * low_i + b_i * high_r,
        a_r * high_r - b_i * low_i,
        a_r * high_i + b_i * low_r,
    )


@njit
def rotate_y(gate: Any, pair: Any) -> Any:
    a_r, _, b_r, _ = gate
    low_r, low_i, high_r, high_i = pair
    return (
        a_r * low_r + b_r * high_r,
        a_r * low_i + b_r * high_i,
        a_r * high_r - b_r * low_r,
        a_r * high_i - b_r * low_i,
    )


@njit
def rotate(gate: Any, pair: Any) -> Any:
    a_r, a_i, b_r, b_i = gate
    low_r, low_i, high_r, high_i = pair
    return (
        a_r * low_r - a_i * low_i + b_r * high_r - b_i * high_i,
        a_r * low_i + a_i * low_r + b_r * high_i + b_i * high_r,
        a_r * high_r + a_i * high_i - b_r * low_r - b_i * low_i,
        a_r * high_i - a_i * high_r - b_r * low_i + b_i * low_r,
    )


@njit
def current_x(sums: Any, bra: Any, ket: Any) -> Any:
    return (sums[0] + (bra[0] * ket[3] - bra[1] * ket[2] + bra[2] * ket[1] - bra[3] * ket[0]), sums[1], sums[2])


@njit
def current_y(sums: Any, bra: Any, ket: Any) -> Any:
    return (sums[0], sums[1] + (bra[2] * ket[0] + bra[3] * ket[1] - bra[0] * ket[2] - bra[1] * ket[3]), sums[2])


@njit
def current_z(sums: Any, bra: Any, ket: Any) -> Any:
    return (sums[0], sums[1], sums[2] + (bra[0] * ket[1] - bra[1] * ket[0] - bra[2] * ket[3] + bra[3] * ket[2]))


@njit
def currents(sums: Any, bra: Any, ket: Any) -> Any:
    """`sums` (about x, y, z) with the currents of one more pair added."""
    return current_z(current_y(current_x(sums, bra, ket), bra, ket), bra, ket)
