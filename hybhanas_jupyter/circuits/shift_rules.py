"""How many circuit evaluations the parameter-shift rule needs for a gradient."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.readers import Arguments, qnode_of, tape_of, to_circuit
from hybhanas_jupyter.circuits.translation import without_symbolic_phases
from hybhanas_jupyter.errors import CircuitError, shown

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction
    from qiskit.transpiler import StagedPassManager

# The gates that Qiskit's parameter-shift gradient differentiates, by two evaluations each; it writes others by these.
_RULES = ("rx", "ry", "rz", "p", "rxx", "ryy", "rzz", "rzx")
_OTHERS = ("x", "y", "z", "h", "cx", "cy", "cz")


def shift_evaluations(circuit: Any, data_parameters: Collection[str] = (), arguments: Arguments = ()) -> int:
    """Circuit evaluations for the gradient of one sample of what `to_circuit` reads, forward pass not included.

    - A QNode or tape takes as many as PennyLane's `param_shift` makes tapes.
    - Any other circuit takes 2 for every gate with a trainable angle once it is written in the gates that Qiskit's
      parameter-shift gradient differentiates, if what is measured depends on the gate. A parameter counts once per
      gate that it feeds.
    - `data_parameters` names arguments of a QNode, parameters or whole vectors that need no gradient: inputs with
      nothing trained in front.

    Raises `CircuitError` for a parametrised gate that cannot be written so. Source: paper section 2.4, Schuld et al.
    (2019).
    """
    if (tape := tape_of(circuit)) is not None:
        from hybhanas_jupyter.circuits.pennylane_reader import tape_shift_evaluations

        return tape_shift_evaluations(tape)
    if (called := qnode_of(circuit, arguments)) is not None:
        from hybhanas_jupyter.circuits.pennylane_reader import qnode_shift_evaluations

        evaluations = qnode_shift_evaluations(*called, data_parameters)
        if evaluations is not None:
            return evaluations
    written = _written(to_circuit(circuit, arguments))
    return 2 * sum(_is_trained(instruction, data_parameters) for instruction in _light_cone(written))


def _written(circuit: "QuantumCircuit") -> "QuantumCircuit":
    from qiskit.exceptions import QiskitError

    if all(instruction.name in _RULES for instruction in circuit.data if _symbols(instruction)):
        return circuit
    try:
        return _passes().run(circuit)
    except QiskitError as error:
        reason = " ".join(str(error.message).split())
        raise CircuitError(f"No shift rule is known for circuit {shown(circuit.name)}: {reason}") from error


@cache
def _passes() -> "StagedPassManager":
    from qiskit.circuit.controlflow import get_control_flow_name_mapping
    from qiskit.transpiler import Target, generate_preset_pass_manager

    flow = get_control_flow_name_mapping()
    gates = [*_RULES, *_OTHERS, "measure", "reset", "delay", *flow]
    target = Target.from_configuration(basis_gates=gates, custom_name_mapping=flow)
    return without_symbolic_phases(generate_preset_pass_manager(0, target=target), target)


def _light_cone(circuit: "QuantumCircuit") -> Iterator["CircuitInstruction"]:
    """The instructions that a measured bit depends on; all of them where nothing is measured."""
    measured = "measure" in circuit.count_ops()
    cone = set() if measured else {*circuit.qubits}
    for instruction in reversed(circuit.data):
        touched = {*instruction.qubits, *instruction.clbits}
        if instruction.name == "measure" or not cone.isdisjoint(touched):
            cone |= touched
            yield instruction


def _is_trained(instruction: "CircuitInstruction", data_parameters: Collection[str]) -> bool:
    return any(not _names(parameter) & set(data_parameters) for parameter in _symbols(instruction))


def _symbols(instruction: "CircuitInstruction") -> set[Any]:
    return {symbol for angle in instruction.params for symbol in getattr(angle, "parameters", ())}


def _names(parameter: Any) -> set[str]:
    """The parameter's own name, its vector's, and the only argument of a QNode that it depends on."""
    vector = getattr(parameter, "vector", None)
    return {parameter.name, vector.name if vector is not None else parameter.name.partition("[")[0]}
