"""Anything that is a circuit -> a logical Qiskit circuit, its parameters kept symbolic."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import CircuitError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def is_circuit(obj: object) -> bool:
    """Whether `to_circuit` reads `obj`. Does not import Qiskit or PennyLane: who has a circuit has imported them."""
    return isinstance(obj, Ansatz) or _is_quantum_circuit(obj) or _is_qnode(obj)


def to_circuit(obj: Any, arguments: Sequence[Any] = ()) -> "QuantumCircuit":
    """The logical Qiskit circuit of a QuantumCircuit, an `Ansatz` or a PennyLane QNode.

    A QNode is built from `arguments` of the shapes it takes; their values do not matter: every angle that depends on
    them becomes a parameter of the circuit. Raises `CircuitError` for anything else.
    """
    if _is_quantum_circuit(obj):
        return obj
    if isinstance(obj, Ansatz):
        return obj.to_circuit()
    if _is_qnode(obj):
        from hybhanas_jupyter.circuits.pennylane_reader import qnode_circuit

        return qnode_circuit(obj, arguments)
    raise CircuitError(f"{type(obj).__name__} is no circuit: give a Qiskit QuantumCircuit or a PennyLane QNode.")


def _is_quantum_circuit(obj: object) -> bool:
    qiskit = sys.modules.get("qiskit")
    return qiskit is not None and isinstance(obj, qiskit.QuantumCircuit)


def _is_qnode(obj: object) -> bool:
    pennylane = sys.modules.get("pennylane")
    return pennylane is not None and isinstance(obj, pennylane.QNode)
