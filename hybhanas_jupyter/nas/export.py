"""Files of a run that live without its store: its results as JSON; a candidate's weights, circuit code and costs."""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, NonNegativeInt, model_validator

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.files import folder_for, read_text, write_text
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.settings import Settings
from hybhanas_jupyter.nas.store import Archive

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


def export(archive: Archive, evaluation: Evaluation, folder: str | Path) -> Path:
    """Write a candidate's network (weights.safetensors, config.json), circuit.py and costs.json; returns the folder.

    `HybridNet.load(folder)` reads the network back; circuit.py needs only Qiskit or PennyLane. An earlier export is
    replaced; raises `FileError` if the folder holds other files of these names.
    """
    from hybhanas_jupyter.models.hybrid import CONFIG, WEIGHTS, is_exported

    net = archive.network(evaluation)
    folder = folder_for(folder, (WEIGHTS, CONFIG, "circuit.py", "costs.json"), is_exported)
    net.export(folder)
    code = circuit_code(evaluation.architecture.ansatz, net.quantum.weights.detach().double().tolist())
    write_text(folder / "circuit.py", code)
    costs = json.dumps({"run": archive.run, "device": archive.device, **evaluation.to_dict()}, indent=2)
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


class RunFile(Settings):
    """A run as one JSON file, to publish or compare results without the run store: everything but weights.

    It is checked when it is read. `version` is that of the form; NaN and Infinity are strings.
    """

    model_config = ConfigDict(allow_inf_nan=True, ser_json_inf_nan="strings")

    version: Literal[1] = 1
    id: str
    config: SearchConfig
    data: DataInfo | None
    evaluations: tuple[Evaluation, ...]
    hypervolumes: tuple[Annotated[float, Field(ge=0)], ...]
    repeated: NonNegativeInt
    invalid: NonNegativeInt

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        numbers = [evaluation.number for evaluation in self.evaluations]
        if numbers != sorted(set(numbers)):
            raise ValueError("evaluations must have ascending numbers")
        return self

    @classmethod
    def contents(cls) -> tuple[str, ...]:
        """The names of what is kept of a run; its front follows from the rest."""
        return tuple(name for name in cls.model_fields if name != "version")

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        write_text(path, self.model_dump_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """What `save` wrote; raises `StoreError` if there is no such file, `ConfigError` with all its wrong values."""
        return cls.from_json(read_text(path, "run", StoreError))
