"""A short text that is equal for equal circuits: the key under which costs are cached."""

import hashlib
from functools import cache
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
