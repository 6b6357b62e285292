"""A circuit beyond its object: the text that is equal for equal circuits, and its bytes for other processes."""

import hashlib
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def fingerprint(circuit: "QuantumCircuit") -> str:
    """SHA-256 of the circuit's gates, qubits and parameters; its name and global phase do not matter."""
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
            parts.extend(map(str, _content(gate.operation)))
        elif gate.params:
            parts.extend(map(str, gate.params))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _content(operation: Any) -> list[object]:
    """What tells two instructions of one name apart that are not Qiskit's own gates: matrices, definitions, units."""
    arrays = [p.tobytes().hex() if hasattr(p, "tobytes") else p for p in operation.params]
    definition = getattr(operation, "definition", None)
    return [*arrays, getattr(operation, "unit", ""), fingerprint(definition) if definition is not None else ""]


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
