"""The five entanglement topologies: which pairs of qubits one entangling layer couples, and in which order."""

from collections.abc import Callable
from math import ceil, sqrt

from hybhanas_jupyter.errors import check_name

Pairs = tuple[tuple[int, int], ...]


def _linear(n: int) -> Pairs:
    return tuple((i, i + 1) for i in range(n - 1))


def _circular(n: int) -> Pairs:
    return (*_linear(n), (n - 1, 0)) if n > 2 else _linear(n)


def _full(n: int) -> Pairs:
    return tuple((i, j) for i in range(n) for j in range(i + 1, n))


def _star(n: int) -> Pairs:
    return tuple((0, i) for i in range(1, n))


def _grid(n: int) -> Pairs:
    columns = ceil(sqrt(n))
    right = {i: i + 1 for i in range(n - 1) if (i + 1) % columns}
    below = {i: i + columns for i in range(n - columns)}
    return tuple((i, step[i]) for i in range(n) for step in (right, below) if i in step)


_BUILDERS: dict[str, Callable[[int], Pairs]] = {
    "linear": _linear,
    "circular": _circular,
    "full": _full,
    "star": _star,
    "grid": _grid,
}

TOPOLOGIES = tuple(_BUILDERS)


def pairs(topology: str, n_qubits: int) -> Pairs:
    """(control, target) pairs of one entangling layer on `n_qubits` qubits, in the order of their gates.

    linear: (i, i+1); circular: linear and then (n-1, 0) if n > 2; full: (i, j) for i < j; star: (0, i); grid: row-major
    on ceil(sqrt(n)) columns, for each i first its right and then its lower neighbour. One qubit has no pairs.
    Raises `UnknownNameError` for another topology. Source: paper section 3.1.2.
    """
    return _BUILDERS[check_name("topology", topology, TOPOLOGIES)](n_qubits)
