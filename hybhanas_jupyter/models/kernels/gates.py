"""One qubit's gate on one pair of amplitudes, and what the pair adds to the gradient.

A gate is the SU(2) matrix [[a, b], [-b*, a*]] as the Lanes (a real, a imaginary, b real, b imaginary); a pair is the
amplitudes of |0> and |1> as four Lanes: low real, low imaginary, high real, high imaginary.
The current about an axis P is the real inner product of bra and -i P ket. With bra = dL/dket / 2 just after a rotation
about P, it is dL/dangle.
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
def turn(axis: int, angles: Any, axes: Any) -> Any:
    """The unit vector of `axis` as the rotations about `axes` by `angles` leave it."""
    x, y, z = 1.0 * (axis == 0), 1.0 * (axis == 1), 1.0 * (axis == 2)
    for k in range(len(axes)):
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
    """The gate (a, b) on all lanes, in numbers of the type of the array `like`."""
    return splat(like, a.real), splat(like, a.imag), splat(like, b.real), splat(like, b.imag)


@njit
def rotate(gate: Any, pair: Any) -> Any:
    """The gate on a pair."""
    a_r, a_i, b_r, b_i = gate
    low_r, low_i, high_r, high_i = pair
    return (
        a_r * low_r - a_i * low_i + b_r * high_r - b_i * high_i,
        a_r * low_i + a_i * low_r + b_r * high_i + b_i * high_r,
        a_r * high_r + a_i * high_i - b_r * low_r - b_i * low_i,
        a_r * high_i - a_i * high_r - b_r * low_i + b_i * low_r,
    )


@njit
def rotate_x(gate: Any, pair: Any) -> Any:
    """The gate on a pair, for rotations about X only: a is real, b imaginary."""
    a, _, _, b = gate
    low_r, low_i, high_r, high_i = pair
    return a * low_r - b * high_i, a * low_i + b * high_r, a * high_r - b * low_i, a * high_i + b * low_r


@njit
def rotate_y(gate: Any, pair: Any) -> Any:
    """The gate on a pair, for rotations about Y only: a and b are real."""
    a, _, b, _ = gate
    low_r, low_i, high_r, high_i = pair
    return a * low_r + b * high_r, a * low_i + b * high_i, a * high_r - b * low_r, a * high_i - b * low_i


@njit
def add_current_x(sums: Any, bra: Any, ket: Any) -> Any:
    """`sums` (about x, y, z) with a pair's current about X added."""
    return (sums[0] + (bra[0] * ket[3] - bra[1] * ket[2] + bra[2] * ket[1] - bra[3] * ket[0]), sums[1], sums[2])


@njit
def add_current_y(sums: Any, bra: Any, ket: Any) -> Any:
    """`sums` (about x, y, z) with a pair's current about Y added."""
    return (sums[0], sums[1] + (bra[2] * ket[0] + bra[3] * ket[1] - bra[0] * ket[2] - bra[1] * ket[3]), sums[2])


@njit
def add_currents(sums: Any, bra: Any, ket: Any) -> Any:
    """`sums` (about x, y, z) with a pair's three currents added."""
    about_z = bra[0] * ket[1] - bra[1] * ket[0] - bra[2] * ket[3] + bra[3] * ket[2]
    about_x, about_y, z = add_current_y(add_current_x(sums, bra, ket), bra, ket)
    return about_x, about_y, z + about_z
