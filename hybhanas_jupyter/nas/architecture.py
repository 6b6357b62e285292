"""What a candidate is: convolutions in front of an ansatz, and what of it can be counted without a network.

Imports nothing heavy, so that worker processes start fast.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import ArchitectureError
from hybhanas_jupyter.models.convolution import Convolution, classical_parameters, feature_shape


@dataclass(frozen=True)
class Architecture:
    """The genes of one hybrid network: convolutions -> projection -> ansatz -> classifier (paper, section 3.1)."""

    convolutions: tuple[Convolution, ...]
    ansatz: Ansatz

    @property
    def label(self) -> str:
        """Short text such as `6q x 3 RY-RZ CNOT star`, then the convolutions as channels/kernel."""
        ansatz = self.ansatz
        quantum = (
            f"{ansatz.n_qubits}q x {ansatz.depth} {'-'.join(ansatz.rotations)} {ansatz.entangler} {ansatz.topology}"
        )
        classical = " ".join(f"{c.channels}/{c.kernel}" for c in self.convolutions)
        return f"{quantum} | {classical}" if classical else quantum

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Architecture":
        """The inverse of `to_dict`; also takes what JSON made of it."""
        ansatz = {**values["ansatz"], "rotations": tuple(values["ansatz"]["rotations"])}
        return cls(tuple(Convolution(**c) for c in values["convolutions"]), Ansatz(**ansatz))

    @property
    def identity(self) -> str:
        """Equal for architectures that are the same circuit and CNN, e.g. a star and a grid of three qubits."""
        ansatz = self.ansatz
        gates = (ansatz.n_qubits, ansatz.depth, ansatz.rotations, ansatz.entangler, ansatz.pairs)
        return repr((self.convolutions, gates))

    @property
    def trained_as(self) -> "Architecture":
        """The simplest architecture with the same outputs for all weights, so that equivalent ones train only once.

        What commutes with the Z readout changes no output: CZs and a closing RZ of a single layer, all of any number of
        layers that have nothing else. It still costs time on the device.
        """
        ansatz = self.ansatz
        if ansatz.depth > 1 and (ansatz.entangler != "CZ" or {*ansatz.rotations} != {"RZ"}):
            return self
        rotations = ansatz.rotations
        while len(rotations) > 1 and rotations[-1] == "RZ":
            rotations = rotations[:-1]
        topology = "linear" if ansatz.entangler == "CZ" else ansatz.topology
        return replace(self, ansatz=replace(ansatz, depth=1, rotations=rotations, topology=topology))


def buildable(architecture: Architecture, input_shape: tuple[int, int, int]) -> bool:
    """Whether a feature map is left after the convolutions."""
    try:
        feature_shape(input_shape, architecture.convolutions)
    except ArchitectureError:
        return False
    return True


def parameter_count(architecture: Architecture, input_shape: tuple[int, int, int], n_classes: int) -> int:
    """Trainable parameters of the whole network: weights and biases of all layers and the angles of the ansatz."""
    qubits = architecture.ansatz.n_qubits
    classical = classical_parameters(architecture.convolutions, input_shape, qubits, n_classes)
    return classical + architecture.ansatz.num_weights
