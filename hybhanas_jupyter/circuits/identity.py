"""A circuit beyond its object: the text that equal circuits share, its size, and its bytes for other processes."""

import hashlib
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_MOST_DEFINITIONS = 200_000


def fingerprint(circuit: "QuantumCircuit") -> str:
    """SHA-256 of the circuit's gates, qubits and parameters; its name and global phase do not matter."""
    return _fingerprint(circuit, {})


def _fingerprint(circuit: "QuantumCircuit", known: dict[int, tuple[Any, str]]) -> str:
    """`known` are the definitions that were met, by id, each beside the object so that its id stays its own."""
    standard = _standard_names()
    index = {bit: str(i) for bits in (circuit.qubits, circuit.clbits) for i, bit in enumerate(bits)}
    parts = [str(circuit.num_qubits), str(circuit.num_clbits)]
    for gate in circuit.data:
        name = gate.name
        parts.append(name)
        parts.extend(map(index.__getitem__, gate.qubits))
        if circuit.num_clbits:
            parts.extend(map(index.__getitem__, gate.clbits))
        if name not in standard:
            parts.extend(map(str, _content(gate.operation, known)))
        elif gate.params:
            parts.extend(map(str, gate.params))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _content(operation: Any, known: dict[int, tuple[Any, str]]) -> list[object]:
    """What tells two instructions of one name apart that are not Qiskit's own gates: matrices, definitions, units."""
    if hasattr(operation, "base_op"):  # an annotated operation
        return [operation.modifiers, operation.base_op.name, *_content(operation.base_op, known)]
    if hasattr(operation, "tableau"):  # a Clifford
        return [operation.tableau.tobytes().hex()]
    arrays = [_text(p, known) for p in operation.params]
    how = [str(getattr(operation, name, "")) for name in ("unit", "condition", "target", "label")]
    if operation.name == "unitary" or hasattr(operation, "blocks"):
        return [*arrays, *how]
    definition = getattr(operation, "definition", None)
    return [*arrays, *how, _text(definition, known) if definition is not None else ""]


def _text(value: Any, known: dict[int, tuple[Any, str]]) -> str:
    if not hasattr(value, "num_clbits"):
        return value.tobytes().hex() if hasattr(value, "tobytes") else str(value)
    if id(value) not in known:
        known[id(value)] = (value, _fingerprint(value, known))
    return known[id(value)][1]


def written_out(circuit: "QuantumCircuit", limit: int) -> int:
    """Gates of the circuit when every gate that the user defined is written out; counting ends beyond `limit`.

    Qiskit's own composites count as one gate.
    """
    return _written_out(circuit, limit, {})


def _written_out(circuit: "QuantumCircuit", limit: int, known: dict[int, tuple[Any, int]]) -> int:
    if circuit.count_ops().keys() <= _standard_names():
        return len(circuit.data)
    total = 0
    for gate in circuit.data:
        total += _size(gate.operation, limit, known) if gate.name not in _standard_names() else 1
        if total > limit or len(known) > _MOST_DEFINITIONS:
            return limit + 1
    return total


def _size(operation: Any, limit: int, known: dict[int, tuple[Any, int]]) -> int:
    """The definition's gates, where there is one that was not synthesized."""
    if type(operation).__module__.startswith("qiskit.circuit.library"):
        return 1
    definition = getattr(operation, "definition", None)
    if definition is None:
        return 1
    if id(definition) not in known:
        known[id(definition)] = (definition, _written_out(definition, limit, known))
    return known[id(definition)][1]


@cache
def _standard_names() -> frozenset[str]:
    from qiskit.circuit.library import get_standard_gate_name_mapping

    return frozenset(get_standard_gate_name_mapping()) - {"delay"} | {"barrier"}


def to_bytes(circuit: "QuantumCircuit") -> bytes:
    """The circuit, its layout included, in Qiskit's QPY format: a tenth of the time of pickling gate by gate."""
    from qiskit import qpy

    buffer = BytesIO()
    qpy.dump(circuit, buffer)
    return buffer.getvalue()


def from_bytes(data: bytes) -> "QuantumCircuit":
    """The circuit that `to_bytes` made `data` of."""
    from qiskit import qpy

    return qpy.load(BytesIO(data))[0]
