"""The search space: which architectures there are, as typed genes."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import permutations
from math import prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES, Ansatz
from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.settings import ASCENDING, CHOICES, Settings, known

Genome = dict[str, Any]


@dataclass(frozen=True)
class Gene:
    """One property of an architecture with its allowed values; `ordered` values have neighbours (sizes, rates)."""

    name: str
    values: tuple[Any, ...]
    ordered: bool


def _sequence(value: object) -> object:
    return tuple(value.split("-")) if isinstance(value, str) else value


def _convolution(value: object) -> object:
    try:
        return Convolution(**value) if isinstance(value, Mapping) else value
    except (HybHanasError, TypeError) as error:
        raise ValueError(str(error)) from None


Qubits = Annotated[int, Field(ge=2, le=12)]
Depth = Annotated[int, Field(ge=1, le=15)]
Layers = Annotated[int, Field(ge=1, le=3)]
Layer = Annotated[Convolution, BeforeValidator(_convolution)]
Rotation = Annotated[str, known("rotation", ROTATIONS)]
Sequence = Annotated[tuple[Rotation, ...], BeforeValidator(_sequence), Field(min_length=1)]
SEQUENCES = tuple(sequence for length in (1, 2, 3) for sequence in permutations(ROTATIONS, length))


class FixedCNN(Settings):
    """The same convolutions, none to three, in front of every candidate; only quantum genes evolve (section 3.1.1).

    None are for tables: a linear layer takes the features to the angles.
    """

    mode: Literal["fixed"] = "fixed"
    layers: Annotated[tuple[Layer, ...], Field(max_length=3)] = (Convolution(8, pooling="max"),)


class VariableCNN(Settings):
    """Sets of values from which the convolutions of each candidate are drawn; padding keeps the size (kernel // 2)."""

    mode: Literal["variable"] = "variable"
    layers: Annotated[tuple[Layers, Layers], ASCENDING] = (1, 3)
    channels: Annotated[tuple[Annotated[int, Field(ge=1, le=512)], ...], *CHOICES] = (8, 16, 32)
    kernels: Annotated[tuple[Annotated[int, Field(ge=1, le=11)], ...], *CHOICES] = (3, 5)
    strides: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], *CHOICES] = (1,)
    activations: Annotated[tuple[Annotated[str, known("activation", ACTIVATIONS)], ...], *CHOICES] = ACTIVATIONS
    pooling: Annotated[tuple[Annotated[str, known("pooling", POOLINGS)], ...], *CHOICES] = ("none", "avg")
    dropout: Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], ...], *CHOICES] = (0.0, 0.1)

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The number of layers, then the genes of each layer."""
        layer = (
            Gene("channels", tuple(sorted(self.channels)), True),
            Gene("kernel", tuple(sorted(self.kernels)), True),
            Gene("stride", tuple(sorted(self.strides)), True),
            Gene("activation", self.activations, False),
            Gene("pooling", self.pooling, False),
            Gene("dropout", tuple(sorted(self.dropout)), True),
        )
        low, high = self.layers
        each = (Gene(f"{gene.name}.{i}", gene.values, gene.ordered) for i in range(high) for gene in layer)
        return (Gene("layers", tuple(range(low, high + 1)), True), *each)

    def decode(self, genome: Genome) -> tuple[Convolution, ...]:
        """The convolutions that the genome's `layers` first layers describe."""
        names = [field.name for field in fields(Convolution) if field.name != "padding"]
        layers = [{name: genome[f"{name}.{i}"] for name in names} for i in range(genome["layers"])]
        return tuple(Convolution(**layer, padding=layer["kernel"] // 2) for layer in layers)

    def encode(self, convolutions: tuple[Convolution, ...]) -> Genome:
        """The genes of present layers; genes of absent layers are missing."""
        names = [field.name for field in fields(Convolution) if field.name != "padding"]
        layers = {f"{name}.{i}": getattr(c, name) for i, c in enumerate(convolutions) for name in names}
        return {"layers": len(convolutions), **layers}


class SearchSpace(Settings):
    """All candidates of a search: the quantum genes and a fixed or variable CNN (paper, sections 3.1.1 and 3.1.2).

    `qubits`, `depth` and `cnn.layers` are (smallest, largest); `rotations` are sequences: ("RY", "RZ") or "RY-RZ".
    """

    qubits: Annotated[tuple[Qubits, Qubits], ASCENDING] = (2, 12)
    depth: Annotated[tuple[Depth, Depth], ASCENDING] = (1, 15)
    rotations: Annotated[tuple[Sequence, ...], *CHOICES] = SEQUENCES
    entanglers: Annotated[tuple[Annotated[str, known("entangler", ENTANGLERS)], ...], *CHOICES] = ENTANGLERS
    topologies: Annotated[tuple[Annotated[str, known("topology", TOPOLOGIES)], ...], *CHOICES] = TOPOLOGIES
    cnn: Annotated[FixedCNN | VariableCNN, Field(discriminator="mode")] = FixedCNN()

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """All genes, quantum ones first."""
        quantum = (
            Gene("qubits", tuple(range(self.qubits[0], self.qubits[1] + 1)), True),
            Gene("depth", tuple(range(self.depth[0], self.depth[1] + 1)), True),
            Gene("rotations", self.rotations, False),
            Gene("entangler", self.entanglers, False),
            Gene("topology", self.topologies, False),
        )
        return quantum if isinstance(self.cnn, FixedCNN) else (*quantum, *self.cnn.genes)

    @property
    def size(self) -> int:
        """Number of different genomes; an upper bound of the number of different architectures."""
        quantum = prod(len(gene.values) for gene in self.genes[:5])
        if isinstance(self.cnn, FixedCNN):
            return quantum
        low, high = self.cnn.layers
        layer = prod(len(gene.values) for gene in self.cnn.genes[1:7])
        return quantum * sum(layer**n for n in range(low, high + 1))

    def sample(self, rng: random.Random) -> Architecture:
        """A random architecture, every gene uniform."""
        return self.decode({gene.name: rng.choice(gene.values) for gene in self.genes})

    def decode(self, genome: Genome) -> Architecture:
        """The architecture that a genome describes."""
        names = ("qubits", "depth", "rotations", "entangler", "topology")
        convolutions = self.cnn.layers if isinstance(self.cnn, FixedCNN) else self.cnn.decode(genome)
        return Architecture(convolutions, Ansatz(*(genome[name] for name in names)))

    def encode(self, architecture: Architecture) -> Genome:
        """The genome of an architecture; genes of convolutions that it does not have are missing."""
        ansatz = architecture.ansatz
        quantum = {
            "qubits": ansatz.n_qubits,
            "depth": ansatz.depth,
            "rotations": ansatz.rotations,
            "entangler": ansatz.entangler,
            "topology": ansatz.topology,
        }
        return quantum if isinstance(self.cnn, FixedCNN) else {**quantum, **self.cnn.encode(architecture.convolutions)}
