"""What a training step of a torch module does: FLOPs of the whole; calls, FLOPs and bytes of every kind of layer."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from hybhanas_jupyter.errors import ArchitectureError

_LANES = 16  # convolutions compute on blocks of 16 channels, full or not; inputs of up to 3 channels are not blocked


@dataclass
class LayerWork:
    """Work of all layers of one kind in one step, forward and backward; bytes are those read and written."""

    calls: int = 0
    flops: int = 0
    bytes: int = 0

    def add(self, flops: int, size: int) -> None:
        """Count one more call."""
        self.calls += 1
        self.flops += flops
        self.bytes += size


@dataclass(frozen=True)
class Work:
    """Work of one training step. `flops` is exact; those of `layers`, by class name, are in full blocks of channels."""

    flops: int
    parameters: int
    layers: Mapping[str, LayerWork]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Work":
        """The work that `dataclasses.asdict` made `data` of."""
        layers = {kind: LayerWork(**layer) for kind, layer in data["layers"].items()}
        return cls(data["flops"], data["parameters"], layers)


def quantum_modules(module: nn.Module) -> dict[str, nn.Module]:
    """The quantum layers by name: modules with an `ansatz` (QuantumLayer) or a `qnode` (PennyLane's TorchLayer)."""
    return {name: part for name, part in module.named_modules() if hasattr(part, "ansatz") or hasattr(part, "qnode")}


def step_work(module: nn.Module, input_shape: Sequence[int]) -> Work:
    """Work of one forward and backward pass on an input of `input_shape` (batch, ...), the quantum layers left out.

    FLOPs are counted by torch's `FlopCounterMode`. A copy of `module` runs, the random state stays as it is.
    Raises `ArchitectureError` if the input does not fit. Source: paper sections 2.2 (Algorithm 1) and 3.2.
    """
    quantum = quantum_modules(module)
    replaced = [name for name, part in quantum.items() if hasattr(part, "ansatz")]
    module = _copy(module, replaced)
    classical = {n: p for n, p in module.named_modules() if not any(n == q or n.startswith(f"{q}.") for q in quantum)}
    layers: dict[str, LayerWork] = {}
    for layer in classical.values():
        if not any(layer.children()):
            layer.register_forward_hook(lambda layer, inputs, output: _record(layers, layer, inputs[0], output))
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), FlopCounterMode(display=False) as counter:
        _run(module, input_shape)
    counts = counter.get_flop_counts()
    root = type(module).__name__
    simulated = sum(sum(counts.get(f"{root}.{name}", {}).values()) for name in quantum if name not in replaced)
    own = (p for layer in classical.values() for p in layer.parameters(recurse=False))
    return Work(counter.get_total_flops() - simulated, _numel(own), layers)


def _copy(module: nn.Module, replaced: Sequence[str]) -> nn.Module:
    """A copy in training mode; a `QuantumLayer` keeps its input's shape, so that nothing needs to be simulated."""
    if "" in replaced:
        raise ArchitectureError(f"{type(module).__name__} is a quantum layer itself: give the network around it.")
    module = copy.deepcopy(module).train()
    for name in replaced:
        module.set_submodule(name, nn.Identity())
    return module


def _run(module: nn.Module, input_shape: Sequence[int]) -> None:
    like = next(module.parameters(), torch.empty(0))
    try:
        output = module(like.new_zeros(tuple(input_shape)))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ArchitectureError(f"{type(module).__name__} takes no input of {tuple(input_shape)}: {reason}") from error
    if output.requires_grad:
        output.sum().backward()


def _record(layers: dict[str, LayerWork], layer: nn.Module, x: Tensor, y: Tensor) -> None:
    # The gradient of the input costs as much as the forward pass, and so does that of the weights.
    passes = 3 if x.requires_grad else 2
    size = (x.numel() + y.numel() + _numel(layer.parameters())) * x.element_size()
    layers.setdefault(type(layer).__name__, LayerWork()).add(passes * _forward_flops(layer, y), size)


def _forward_flops(layer: nn.Module, y: Tensor) -> int:
    if isinstance(layer, nn.Linear):
        return 2 * y.numel() * layer.in_features
    if isinstance(layer, nn.Conv2d):
        channels = _blocked(layer.in_channels) * _blocked(layer.out_channels) // layer.groups
        return 2 * y.numel() // layer.out_channels * channels * prod(layer.kernel_size)
    return 0


def _blocked(channels: int) -> int:
    return channels if channels < 4 else ceil(channels / _LANES) * _LANES


def _numel(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)
