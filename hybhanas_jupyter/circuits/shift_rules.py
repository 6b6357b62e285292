"""How many circuit evaluations the parameter-shift rule needs for a gate's gradient."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from hybhanas_jupyter.errors import CircuitError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_TWO_TERM = {"rx", "ry", "rz", "p", "u1", "r", "u2", "u3", "u", "rxx", "ryy", "rzz", "rzx", "cp", "cu1", "mcp"}
_FOUR_TERM = {"crx", "cry", "crz", "xx_plus_yy", "xx_minus_yy"}


def shift_evaluations(circuit: "QuantumCircuit", data_parameters: Collection[str] = ()) -> int:
    """Circuit evaluations for the gradient of one sample, forward pass not included.

    Counted gate by gate, for every angle with a symbolic parameter: 2 where the generator has two eigenvalues (Pauli
    rotations and phases), 4 for controlled rotations. A shared parameter counts once per gate that it feeds.
    `data_parameters` names parameters, or whole vectors, that need no gradient: inputs with nothing trained in front.
    Raises `CircuitError` for a parametrised gate without a shift rule. Source: paper section 2.4, Schuld et al. (2019).
    """
    return sum(
        _terms(instruction.name)
        for instruction in circuit.data
        for angle in instruction.params
        if _needs_gradient(angle, data_parameters)
    )


def _terms(gate: str) -> int:
    if gate in _TWO_TERM:
        return 2
    if gate in _FOUR_TERM:
        return 4
    raise CircuitError(f"No shift rule is known for the parametrised gate {gate!r}: decompose it first.")


def _needs_gradient(angle: object, data_parameters: Collection[str]) -> bool:
    parameters = getattr(angle, "parameters", ())
    return any(not {p.name, _vector_name(p)} & set(data_parameters) for p in parameters)


def _vector_name(parameter: object) -> str:
    vector = getattr(parameter, "vector", None)
    return vector.name if vector is not None else ""
