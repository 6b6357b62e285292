"""Circuits written otherwise for the transpiler: control flow in a straight line, symbolic angles without phases."""

from functools import cache
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.ansatz import MAX_GATES
from hybhanas_jupyter.errors import CircuitError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, EquivalenceLibrary
    from qiskit.transpiler import StagedPassManager, Target

ITERATIONS = 10  # of a loop whose end is not known before
_FLOW = {"if_else", "for_loop", "while_loop", "switch_case", "box", "break_loop", "continue_loop", "store"}


def straight_line(circuit: "QuantumCircuit") -> "tuple[QuantumCircuit, tuple[str, ...]]":
    """The circuit without control flow, as the longest shot may run it, and what was assumed; itself without any.

    Loops over known values are unrolled, of branches the one with most gates on pairs is taken (then with most gates),
    other loops run `ITERATIONS` times and are never left early. Raises `CircuitError` for more than `MAX_GATES` gates.
    """
    names = circuit.count_ops().keys()
    if not names & _FLOW and not circuit.num_vars and not circuit.num_stretches:
        return circuit, ()
    straight = _Straight(circuit)
    straight.add(circuit, dict(zip(circuit.qubits + circuit.clbits, circuit.qubits + circuit.clbits, strict=True)))
    return straight.line, tuple(dict.fromkeys(straight.notes))


class _Straight:
    """`line` grows by circuits, their control flow resolved; `notes` say how."""

    def __init__(self, circuit: "QuantumCircuit") -> None:
        self.line = type(circuit)(circuit.qubits, circuit.clbits, name=circuit.name, metadata=circuit.metadata)
        self.notes: list[str] = []

    def add(self, circuit: "QuantumCircuit", bits: dict[Any, Any]) -> None:
        for instruction in circuit.data:
            qubits, clbits = ([bits[bit] for bit in on] for on in (instruction.qubits, instruction.clbits))
            if instruction.name in _FLOW:
                for block in self._blocks(instruction.operation):
                    inner = [*block.qubits, *block.clbits]
                    self.add(block, dict(zip(inner, [*qubits, *clbits], strict=True)))
            else:
                check_delay(instruction, circuit)
                self.line.append(instruction.operation, qubits, clbits)
            if len(self.line.data) > MAX_GATES:
                many = f"has more than {MAX_GATES:,} gates when its loops are run"
                raise CircuitError(f"Circuit {self.line.name!r} {many}: cost the body of a loop.")

    def _blocks(self, operation: Any) -> "list[QuantumCircuit]":
        """The blocks of control flow that run, one after the other."""
        if operation.name in ("break_loop", "continue_loop"):
            self.notes.append("an upper bound: loops are not left early")
        if not operation.num_qubits or not hasattr(operation, "blocks"):
            return []
        if operation.name == "box":
            return [operation.blocks[0]]
        if operation.name == "for_loop":
            indices, parameter, body = operation.params
            if len(indices) * max(len(body.data), 1) > MAX_GATES:
                many = f"A loop of {len(indices):,} rounds has more than {MAX_GATES:,} gates"
                raise CircuitError(f"{many}: cost its body.")
            if parameter not in body.parameters:
                return [body] * len(indices)
            return [body.assign_parameters({parameter: index}) for index in indices]
        if operation.name == "while_loop":
            self.notes.append(f"an upper bound for up to {ITERATIONS} rounds: a while loop is costed with so many")
            return [operation.blocks[0]] * ITERATIONS
        self.notes.append("an upper bound: of branches the longest is costed")
        return [max(operation.blocks, key=lambda block: (_pairs(block), block.size()))]


def check_delay(instruction: "CircuitInstruction", circuit: "QuantumCircuit") -> None:
    """Raise a one-line `CircuitError` for a delay that is symbolic or a stretch."""
    if instruction.name == "delay" and not isinstance(instruction.params[0], int | float):
        length = getattr(instruction.params[0], "name", instruction.params[0])
        raise CircuitError(f"Circuit {circuit.name!r} has a delay of {length}: bind it to a number before costing.")


def _pairs(circuit: "QuantumCircuit") -> int:
    return straight_line(circuit)[0].num_nonlocal_gates()


def without_symbolic_phases(passes: "StagedPassManager", target: "Target") -> "StagedPassManager":
    """The preset pass manager, its translation to `target` leaving symbolic global phases out.

    Qiskit adds them up, and where numbers and symbols mix the sum doubles with every gate: 24 gates take 30 s.
    """
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import BasisTranslator

    ours = BasisTranslator(_phaseless_equivalences(), None, target)
    steps = passes.translation.to_flow_controller().tasks
    passes.translation = PassManager([ours if isinstance(step, BasisTranslator) else step for step in steps])
    return passes


@cache
def _phaseless_equivalences() -> "EquivalenceLibrary":
    """Qiskit's own ways to write one gate by others."""
    from qiskit.circuit import EquivalenceLibrary, Gate, ParameterExpression
    from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
    from qiskit.circuit.library import get_standard_gate_name_mapping

    library = EquivalenceLibrary()
    for gate in get_standard_gate_name_mapping().values():
        for circuit in SessionEquivalenceLibrary.get_entry(gate) if isinstance(gate, Gate) else ():
            if isinstance(circuit.global_phase, ParameterExpression):
                circuit.global_phase = 0
            library.add_equivalence(gate, circuit)
    return library
