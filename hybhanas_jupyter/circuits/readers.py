"""Anything that is a circuit -> a logical Qiskit circuit, its parameters kept symbolic."""

import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import CircuitError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def is_circuit(obj: object) -> bool:
    """Whether `to_circuit` reads `obj`. Does not import Qiskit or PennyLane: who has a circuit has imported them."""
    return isinstance(obj, Ansatz) or _is_quantum_circuit(obj) or _is_qnode(obj) or _is_tape(obj) or _is_qasm(obj)


def to_circuit(obj: Any, arguments: Sequence[Any] = ()) -> "QuantumCircuit":
    """The logical Qiskit circuit of a QuantumCircuit, `Ansatz`, PennyLane QNode or tape, or OpenQASM 2 or 3 text.

    A QNode is built from `arguments` of the shapes it takes; their values do not matter: every angle that depends on
    them becomes a parameter of the circuit, of a tape every trainable one. The circuit of an `Ansatz` is a shared one:
    do not change it. Raises `CircuitError` for anything else.
    """
    if _is_quantum_circuit(obj):
        return obj
    if isinstance(obj, Ansatz):
        return _of_ansatz(obj)
    if _is_qnode(obj):
        from hybhanas_jupyter.circuits.pennylane_reader import qnode_circuit

        return qnode_circuit(obj, arguments)
    if _is_tape(obj):
        from hybhanas_jupyter.circuits.pennylane_reader import tape_circuit

        return tape_circuit(obj)
    if _is_qasm(obj):
        return _parse(obj)
    readable = "a Qiskit QuantumCircuit, a PennyLane QNode or tape, or OpenQASM text"
    raise CircuitError(f"{type(obj).__name__} is no circuit: give {readable}.")


@lru_cache(maxsize=64)
def _of_ansatz(ansatz: Ansatz) -> "QuantumCircuit":
    return ansatz.to_circuit()


def _parse(text: str) -> "QuantumCircuit":
    from qiskit import qasm2, qasm3
    from qiskit.exceptions import QiskitError

    try:
        if _version(text).startswith("3"):
            return qasm3.loads(text)
        return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    except QiskitError as error:
        reason = " ".join(str(error.message).split())
        raise CircuitError(f"The text is no valid OpenQASM {_version(text)}: {reason}") from error


def _is_qasm(obj: object) -> bool:
    return isinstance(obj, str) and bool(_version(obj))


def _version(text: str) -> str:
    """The version that the text declares; empty for text that is no OpenQASM."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    declared = re.match(r"\s*OPENQASM\s+([\d.]+)\s*;", code)
    return declared[1] if declared else ""


def _is_quantum_circuit(obj: object) -> bool:
    qiskit = sys.modules.get("qiskit")
    return qiskit is not None and isinstance(obj, qiskit.QuantumCircuit)


def _is_qnode(obj: object) -> bool:
    pennylane = sys.modules.get("pennylane")
    return pennylane is not None and isinstance(obj, pennylane.QNode)


def _is_tape(obj: object) -> bool:
    pennylane = sys.modules.get("pennylane")
    return pennylane is not None and isinstance(obj, pennylane.tape.QuantumScript)
