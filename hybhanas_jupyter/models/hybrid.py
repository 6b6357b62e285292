"""The hybrid network: CNN, projection to one angle per qubit, quantum layer, linear classifier."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import prod
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.cnn import ClassicalNet
from hybhanas_jupyter.errors import ArchitectureError, HybHanasError, StoreError, shorter, shown
from hybhanas_jupyter.files import draft, folder_for, read_text, write_text
from hybhanas_jupyter.models.convolution import Convolution, classical_parameters, feature_shape
from hybhanas_jupyter.models.quantum_layer import QuantumLayer

WEIGHTS, CONFIG = "weights.safetensors", "config.json"  # the files of an exported network
MAX_CONVOLUTIONS = 3
_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_UNFIT = (ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)  # of a configuration


class HybridNet(ClassicalNet):
    """0-3 convolutions, a projection to `ansatz.n_qubits` angles, the quantum layer and a linear classifier.

    Maps (batch, channels, height, width), the last three being `input_shape`, to logits (batch, n_classes).
    Every random number, also of dropout, comes from generators of its own, seeded by `seed`.
    Raises `ArchitectureError` for sizes below 1, a feature map that vanishes or too many convolutions.
    Source: paper sections 3.1.1 and 3.1.2.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        n_classes: int,
        convolutions: Sequence[Convolution],
        ansatz: Ansatz,
        *,
        dtype: torch.dtype = torch.float32,
        engine: str = "auto",
        seed: int = 0,
    ) -> None:
        _check_sizes(input_shape, n_classes)
        if len(convolutions) > MAX_CONVOLUTIONS:
            raise ArchitectureError(f"{len(convolutions)} convolutions: a network has 0 to {MAX_CONVOLUTIONS}.")
        features, generator = prod(feature_shape(input_shape, convolutions)), torch.Generator().manual_seed(seed)
        genes = [asdict(layer) for layer in convolutions]
        super().__init__(input_shape, n_classes, genes, features, ansatz.n_qubits, dtype=dtype, generator=generator)
        self.convolutions = tuple(convolutions)
        self.quantum: QuantumLayer = QuantumLayer(
            ansatz.n_qubits,
            ansatz.depth,
            ansatz.rotations,
            ansatz.entangler,
            ansatz.topology,
            dtype=dtype,
            engine=engine,
        )
        self.quantum.reset_parameters(generator)
        self.reset_parameters(generator)

    def export(self, folder: str | Path) -> None:
        """Write `weights.safetensors` and `config.json` into `folder`, for `HybridNet.load`.

        Raises `FileError` if they cannot be written, or if files of these names are there that are no such network.
        """
        folder = folder_for(folder, (WEIGHTS, CONFIG), is_exported)
        config = {
            "input_shape": self.input_shape,
            "n_classes": self.n_classes,
            "convolutions": [asdict(genes) for genes in self.convolutions],
            "ansatz": asdict(self.quantum.ansatz),
            "dtype": str(self.quantum.weights.dtype).removeprefix("torch."),
        }
        write_text(folder / CONFIG, json.dumps(config, indent=2))
        with draft(folder / WEIGHTS) as beside:
            save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, beside)

    @staticmethod
    def load(folder: str | Path) -> "HybridNet":
        """The network that `export` wrote into `folder`. Raises `StoreError` if there is none that can be read."""
        folder = Path(folder)
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            shape, classes, dtype = config["input_shape"], config["n_classes"], config["dtype"]
            convolutions, ansatz = (
                [Convolution(**genes) for genes in config["convolutions"]],
                Ansatz(**config["ansatz"]),
            )
            state = load_file(folder / WEIGHTS)
            _check_sizes(shape, classes)
            expected = classical_parameters(convolutions, shape, ansatz.n_qubits, classes) + ansatz.num_weights
            held = sum(tensor.numel() for tensor in state.values())
            if held != expected:  # before anything of that size is built
                raise ArchitectureError(f"{CONFIG} describes {shown(expected)} parameters, {WEIGHTS} holds {held:,}")
            net = HybridNet(shape, classes, convolutions, ansatz, dtype=_DTYPES[dtype])
            net.load_state_dict(state)
        except (HybHanasError, OSError, SafetensorError, *_UNFIT) as error:
            reason = shorter(" ".join(f"{type(error).__name__}: {error}".split()), 200)
            raise StoreError(f"No network can be read from {str(folder)!r} ({reason}). Export it again.") from None
        return net


def is_exported(folder: Path) -> bool:
    """Whether the configuration in `folder` is one that `HybridNet.export` wrote."""
    try:
        config = json.loads(read_text(folder / CONFIG, "configuration", StoreError))
    except (RecursionError, StoreError, ValueError):
        return False
    return isinstance(config, dict) and {"input_shape", "n_classes", "convolutions", "ansatz"} <= config.keys()


def _check_sizes(input_shape: Sequence[int], n_classes: int) -> None:
    shape = tuple(input_shape)
    if len(shape) != 3 or not all(isinstance(size, int) and size > 0 for size in (*shape, n_classes)):
        raise ArchitectureError(
            f"input_shape is {shown(shape)} and n_classes {shown(n_classes)}: give (channels, height, width) and the "
            "number of classes, whole numbers of at least 1."
        )
