"""A trained network on disk: `weights.safetensors` and `config.json` in one folder."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import HybHanasError, StoreError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.hybrid import HybridNet

WEIGHTS = "weights.safetensors"
CONFIG = "config.json"


def save_network(net: HybridNet, folder: str | Path) -> None:
    """Write the genes and the weights of `net` into `folder`, which is created if need be."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "input_shape": net.input_shape,
        "n_classes": net.n_classes,
        "convolutions": [asdict(genes) for genes in net.convolutions],
        "ansatz": asdict(net.quantum.ansatz),
        "dtype": str(net.quantum.weights.dtype).removeprefix("torch."),
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2), encoding="utf-8")
    save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()}, folder / WEIGHTS)


def load_network(folder: str | Path) -> HybridNet:
    """The network that `save_network` wrote. Raises `StoreError` if its files are missing or do not fit together."""
    folder = Path(folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        net = HybridNet(
            config["input_shape"],
            config["n_classes"],
            [Convolution(**genes) for genes in config["convolutions"]],
            Ansatz(**config["ansatz"]),
            dtype={"float32": torch.float32, "float64": torch.float64}[config["dtype"]],
        )
        net.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError, HybHanasError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise StoreError(f"No network can be read from {str(folder)!r} ({reason}). Export it again.") from None
    return net
