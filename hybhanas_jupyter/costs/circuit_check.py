"""Which circuits cannot be costed, and why."""

from math import isfinite
from typing import TYPE_CHECKING

from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.hardware.device import Device

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

NOT_GATES = {"barrier", "delay", "measure"}
_REFUSED = {
    "reset": "a reset has no calibrated error; remove it",
    "if_else": "control flow has no fixed duration; cost each branch by itself",
    "for_loop": "control flow has no fixed duration; unroll the loop",
    "while_loop": "control flow has no fixed duration; cost its body by itself",
    "switch_case": "control flow has no fixed duration; cost each branch by itself",
    "initialize": "it starts with resets; use prepare_state instead",
}


def check_circuit(circuit: "QuantumCircuit", device: Device) -> None:
    """Raise a one-line `CircuitError` for circuits that cannot be costed on `device`."""
    counts = circuit.count_ops()
    for name in counts:
        if name in _REFUSED:
            raise CircuitError(f"Circuit {circuit.name!r} contains {name}: {_REFUSED[name]}.")
    if not set(counts) - NOT_GATES:
        raise CircuitError(f"Circuit {circuit.name!r} has no gates: there is nothing to cost.")
    if circuit.num_qubits > device.num_qubits:
        wide = f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits, {device.name} has {device.num_qubits}"
        raise CircuitError(f"{wide}. Use a larger device: see hyb.devices().")
    if circuit.num_nonlocal_gates() and not any(len(qubits) > 1 for qubits in device.target.qargs or ()):
        raise CircuitError(f"{device.name} has no working two-qubit gate: it can only run one-qubit gates.")
    _check_angles(circuit)
    if "measure" in counts:
        _check_measurements(circuit)


def _check_angles(circuit: "QuantumCircuit") -> None:
    for instruction in circuit.data:
        for angle in instruction.params:
            if isinstance(angle, float) and not isfinite(angle):
                what = f"{_described(instruction, circuit)} with {instruction.params}"
                raise CircuitError(f"Circuit {circuit.name!r} has {what}: give finite angles.")


def _check_measurements(circuit: "QuantumCircuit") -> None:
    measured: set[object] = set()
    for instruction in circuit.data:
        if instruction.name != "barrier" and measured.intersection(instruction.qubits):
            what = _described(instruction, circuit)
            raise CircuitError(f"Circuit {circuit.name!r} applies {what} after a measurement: measure at the end only.")
        if instruction.name == "measure":
            measured.update(instruction.qubits)


def _described(instruction: "CircuitInstruction", circuit: "QuantumCircuit") -> str:
    return f"{instruction.name} on qubit {circuit.find_bit(instruction.qubits[0]).index}"
