"""A candidate as files that live without this package: weights, circuit code, costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.trained import network

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.results import Run

_CODE = '''"""{label}: the trained quantum layer, in Qiskit and in PennyLane. x are {n} angles in radians."""

WEIGHTS = {weights}  # (depth, rotations, qubits), radians
ROTATIONS = {rotations}
PAIRS = {pairs}


def qiskit_circuit(x):
    """The circuit without measurements; the layer's outputs are <Z> of every qubit."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit({n})
    for qubit, angle in enumerate(x):
        circuit.rx(angle, qubit)
    for layer in WEIGHTS:
        for rotation, angles in zip(ROTATIONS, layer):
            for qubit, angle in enumerate(angles):
                getattr(circuit, rotation.lower())(angle, qubit)
        for control, target in PAIRS:
            circuit.{qiskit}(control, target)
    return circuit


def pennylane_qnode():
    """A QNode of x that returns <Z> of every qubit."""
    import pennylane as qml

    @qml.qnode(qml.device("default.qubit", wires={n}))
    def layer(x):
        qml.AngleEmbedding(x, wires=range({n}), rotation="X")
        for angles in WEIGHTS:
            for rotation, row in zip(ROTATIONS, angles):
                for qubit, angle in enumerate(row):
                    getattr(qml, rotation)(angle, wires=qubit)
            for pair in PAIRS:
                qml.{entangler}(wires=pair)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range({n})]

    return layer
'''


def export(run: "Run", evaluation: Evaluation, folder: str | Path) -> Path:
    """Write the network (weights.safetensors, config.json), circuit.py and costs.json; returns the folder.

    `HybridNet.load(folder)` reads the network back; circuit.py needs only Qiskit or PennyLane.
    """
    folder, net = Path(folder), network(run, evaluation)
    net.export(folder)
    code = circuit_code(evaluation.architecture.ansatz, net.quantum.weights.detach().double().tolist())
    write_text(folder / "circuit.py", code)
    costs = json.dumps({"run": run.id, "device": run.config.device, **evaluation.to_dict()}, indent=2)
    write_text(folder / "costs.json", costs + "\n")
    return folder


def circuit_code(ansatz: Ansatz, weights: list[list[list[float]]]) -> str:
    """Python source of the circuit with its trained angles."""
    return _CODE.format(
        label=f"{ansatz.n_qubits} qubits, {ansatz.depth} layers of {'-'.join(ansatz.rotations)}",
        n=ansatz.n_qubits,
        weights=weights,
        rotations=ansatz.rotations,
        pairs=ansatz.pairs,
        qiskit="cx" if ansatz.entangler == "CNOT" else "cz",
        entangler=ansatz.entangler,
    )
