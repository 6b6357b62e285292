"""Anything that is a circuit -> a logical Qiskit circuit, its parameters kept symbolic."""

import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.ansatz import MAX_GATES, Ansatz
from hybhanas_jupyter.circuits.identity import written_out
from hybhanas_jupyter.errors import CircuitError, shorter, shown

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Arguments = Sequence[Any] | Mapping[str, Any]
MAX_BITS = 20_000  # of all registers of an OpenQASM text


def is_circuit(obj: object) -> bool:
    """Whether `to_circuit` reads `obj`. Does not import Qiskit or PennyLane: who has a circuit has imported them."""
    return isinstance(obj, Ansatz) or _is_quantum_circuit(obj) or _is_of_pennylane(obj) or _is_qasm(obj)


def to_circuit(obj: Any, arguments: Arguments = ()) -> "QuantumCircuit":
    """The logical Qiskit circuit of a QuantumCircuit, `Ansatz`, PennyLane QNode or tape, or OpenQASM 2 or 3 text.

    - A QNode, or a `TorchLayer`'s, is built from `arguments` of the shapes it takes, by position or by name. Their
      values do not matter unless gates depend on them: every angle that depends on an argument becomes a parameter,
      named by it ("w[3]"). A TorchLayer knows its weights; its arguments are its inputs.
    - Of a tape, every trainable angle becomes a parameter.
    - What a QNode or tape measures is measured, in its basis; nothing is where that is Z on all wires.
    - The circuit of an `Ansatz` is a shared one: do not change it.

    Raises `CircuitError` for anything else.
    """
    if _is_quantum_circuit(obj):
        _check_gates(written_out(obj, MAX_GATES), f"Circuit {shown(obj.name)}")
        return obj
    if isinstance(obj, Ansatz):
        return _of_ansatz(obj)
    if (called := qnode_of(obj, arguments)) is not None:
        from hybhanas_jupyter.circuits.pennylane_reader import qnode_circuit

        return qnode_circuit(*called)
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
    """Raises `CircuitError` with the line and column of the mistake, both counted from 1."""
    code, version = _without_comments(text), _version(text)
    sizes = _gate_sizes(code)
    _check_text(code, sizes)
    try:
        circuit = _parse3(text) if version.startswith("3") else _parse2(text)
    except CircuitError:
        raise
    except Exception as error:  # both importers let Python's own errors through
        raise CircuitError(f"The text is no valid OpenQASM {version}: {_mistake(error)}.") from error
    _check_gates(sum(times * sizes.get(name, 1) for name, times in circuit.count_ops().items()), "The OpenQASM text")
    return circuit


def _parse2(text: str) -> "QuantumCircuit":
    from qiskit import qasm2

    huge = re.search(
        r"(?<![\w.])\d{19,}|OPENQASM\s+[\d.]{19,}", text
    )  # at an integer beyond 64 bits Qiskit's parser panics
    if huge:
        raise CircuitError(f"The OpenQASM text has the number {shorter(huge[0])}: it must be below 10^18.")
    try:
        return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust, which is no Exception
            raise
        raise CircuitError(f"The OpenQASM text cannot be read: Qiskit's parser says {error}.") from None


def _parse3(text: str) -> "QuantumCircuit":
    """As `qasm3.loads`, which prints syntax errors to stderr and does not say where they are."""
    from antlr4 import CommonTokenStream, InputStream
    from antlr4.error.ErrorListener import ErrorListener
    from openqasm3.parser import QASMNodeVisitor, qasm3Lexer, qasm3Parser
    from qiskit_qasm3_import import convert

    class Listener(ErrorListener):
        def syntaxError(self, recognizer: Any, symbol: Any, line: int, column: int, msg: str, e: Any) -> None:  # noqa: N802
            raise _SyntaxError(line, column + 1, _unexpected(text, line, column, msg))

    lexer = qasm3Lexer(InputStream(text))
    parser = qasm3Parser(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(Listener())
    program = QASMNodeVisitor().visitProgram(parser.program())
    _check_bits(sum(map(_declared_bits, program.statements)))
    return convert(program)


class _SyntaxError(Exception):
    """(line, column, what is wrong) of a text, both from 1."""


def _unexpected(text: str, line: int, column: int, message: str) -> str:
    here = [*text.splitlines(), ""][line - 1]
    found = re.match(r"\w+|.", here[column:])
    if "token recognition" in message and found:
        return f"{shown(found[0])} cannot stand here"
    missing = "" if here[:column].strip() else " (is a semicolon missing before it?)"
    return f"unexpected {repr(found[0]) if found else 'end'}{missing}"


def _mistake(error: Exception) -> str:
    """The place and the reason, on one line; where the importer names no place, that of the statement it was in."""
    if isinstance(error, _SyntaxError):
        line, column, reason = error.args
        return f"line {line}, column {column}: {reason}"
    reason = " ".join(str(getattr(error, "message", error)).split()).rstrip(".") or type(error).__name__
    place = re.match(r"(?:<input>:|L)?(\d+)(?:,|:C)(\d+): ", reason)
    if place:  # columns are counted from 0 there
        return f"line {place[1]}, column {int(place[2]) + 1}: {reason[place.end() :]}"
    spans = [frame.f_locals.get("node") for frame, _ in traceback.walk_tb(error.__traceback__)]
    for span in (getattr(node, "span", None) for node in reversed(spans)):
        if span is not None:
            return f"line {span.start_line}, column {span.start_column + 1}: {reason}"
    return reason


def _check_text(code: str, sizes: dict[str, int]) -> None:
    _check_bits(sum(int(size[:20]) for size in re.findall(r"\b[qc]reg\s+\w+\s*\[\s*(\d+)", code)))
    _check_gates(max(sizes.values(), default=0), "A gate of the OpenQASM text")


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise CircuitError(f"The OpenQASM text declares {bits:,} bits: at most {MAX_BITS:,} can be costed.")


def _check_gates(gates: int, what: str) -> None:
    if gates > MAX_GATES:
        raise CircuitError(f"{what} has more than {MAX_GATES:,} gates when it is written out: cost a part of it.")


def _declared_bits(statement: Any) -> int:
    declared = getattr(statement, "type", statement)
    size = getattr(declared, "size", None)
    if size is None:
        return 1
    if not isinstance(getattr(size, "value", None), int):
        line, column = statement.span.start_line, statement.span.start_column + 1
        raise CircuitError(f"OpenQASM text, line {line}, column {column}: write the size of the register as a number.")
    return size.value


def _gate_sizes(code: str) -> dict[str, int]:
    """Gates of every `gate` that the text defines, when it is written out."""
    sizes: dict[str, int] = {}
    for name, body in re.findall(r"\bgate\s+(\w+)[^{};]*\{([^{}]*)\}", code):
        calls = [re.match(r"\s*(\w*)", statement.rpartition("@")[2]) for statement in body.split(";")]
        sizes[name] = sum(sizes.get(call[1], 1) for call in calls if call and call[1])
    return sizes


def _is_qasm(obj: object) -> bool:
    return isinstance(obj, str) and bool(_version(obj))


def _version(text: str) -> str:
    """The version that the text declares; empty for text that is no OpenQASM."""
    declared = re.match(r"\s*OPENQASM\s+([\d.]+)\s*;", _without_comments(text))
    return declared[1] if declared else ""


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def _is_quantum_circuit(obj: object) -> bool:
    qiskit = sys.modules.get("qiskit")
    return qiskit is not None and isinstance(obj, qiskit.QuantumCircuit)


def _is_of_pennylane(obj: object) -> bool:
    return _is_qnode(obj) or _is_tape(obj) or _is_torch_layer(obj)


def _is_torch_layer(obj: object) -> bool:
    return hasattr(obj, "qnode_weights") and _is_qnode(getattr(obj, "qnode", None))


def qnode_of(obj: Any, arguments: Arguments) -> tuple[Any, Arguments] | None:
    """A QNode or a `TorchLayer`'s, and what to call it with; None for anything else."""
    if _is_torch_layer(obj):
        return obj.qnode, _layer_arguments(obj, arguments)
    return (obj, arguments) if _is_qnode(obj) else None


def tape_of(obj: Any) -> Any:
    """A PennyLane tape as it is; None for anything else."""
    return obj if _is_tape(obj) else None


def _layer_arguments(layer: Any, inputs: Arguments) -> Mapping[str, Any]:
    """The arguments by name of a `TorchLayer`'s QNode: its own weights, and its inputs."""
    if isinstance(inputs, Mapping):
        return inputs
    weights = {name: weight.detach().numpy() for name, weight in layer.qnode_weights.items()}
    if len(inputs) != 1:
        raise CircuitError("A TorchLayer needs its inputs: quantum_cost(layer, device, arguments=(inputs,)).")
    return {**weights, layer.input_arg: inputs[0]}


def _is_qnode(obj: object) -> bool:
    pennylane = sys.modules.get("pennylane")
    return pennylane is not None and isinstance(obj, pennylane.QNode)


def _is_tape(obj: object) -> bool:
    pennylane = sys.modules.get("pennylane")
    return pennylane is not None and isinstance(obj, pennylane.tape.QuantumScript)
