"""What a training step of a torch module does: its FLOPs; calls, FLOPs and bytes of every kind of operation."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from hybhanas_jupyter.errors import ArchitectureError

ELEMENTWISE = "elementwise"
_LANES = 16  # convolutions compute on blocks of 16 channels, full or not; inputs of up to 3 channels are not blocked
_LARGE = 128 * 1024  # bytes: glibc asks the system for such blocks, and gives them back (mallopt's M_MMAP_THRESHOLD)
_SMALL = 2000  # bytes: an operation on less, such as the loss, belongs to the constant part of a step
# Operations of torch (aten) that share a rate; those not named here are elementwise, or they have a rate of their own.
_KINDS = {
    **dict.fromkeys(("mm", "addmm", "bmm", "baddbmm"), "matrix product"),
    **dict.fromkeys(("index", "clone", "copy_", "_to_copy", "cat"), "copy"),
    **dict.fromkeys(("random_", "bernoulli_"), "random numbers"),
}
_OWN_RATE = ("tanh", "tanh_backward", "silu", "silu_backward")
_OWN_RATE_BY_LAYOUT = (
    *("convolution", "convolution_backward", "max_pool2d_with_indices", "max_pool2d_with_indices_backward"),
    *("avg_pool2d", "avg_pool2d_backward"),
)


@dataclass
class OperationWork:
    """Work of all operations of one kind in one step; bytes are those read and written."""

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
    """Work of one training step: forward, backward and the optimizer's update.

    `flops` is exact; those of `operations`, by kind, are in full blocks of channels. `allocated` are the bytes of all
    blocks so large that a process may get them from the system and give them back, once a step.
    """

    flops: int
    parameters: int
    operations: Mapping[str, OperationWork]
    allocated: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Work":
        """The work that `dataclasses.asdict` made `data` of."""
        operations = {kind: OperationWork(**work) for kind, work in data["operations"].items()}
        return cls(**{**data, "operations": operations})


def quantum_modules(module: nn.Module) -> dict[str, nn.Module]:
    """The quantum layers by name: modules with an `ansatz` (QuantumLayer) or a `qnode` (PennyLane's TorchLayer)."""
    return {name: part for name, part in module.named_modules() if hasattr(part, "ansatz") or hasattr(part, "qnode")}


def step_work(module: nn.Module, input_shape: Sequence[int]) -> Work:
    """Work of one training step on an input of `input_shape` (batch, ...), the quantum layers left out.

    FLOPs are counted by torch's `FlopCounterMode`. A copy of `module` runs, the random state stays as it is.
    Raises `ArchitectureError` if the input does not fit. Source: paper sections 2.2 (Algorithm 1) and 3.2.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        module = _without_quantum_layers(module, input_shape)
        with FlopCounterMode(display=False) as flops, _Counter() as counted:
            output = _output(module, input_shape)
            if output.requires_grad:
                output.sum().backward()
    parameters = list(module.parameters())
    # Adam reads a weight, its gradient and two moments, and writes all but the gradient.
    update = OperationWork(len(parameters), 0, 7 * sum(map(_size, parameters)))
    count = sum(parameter.numel() for parameter in parameters)
    return Work(flops.get_total_flops(), count, {**counted.operations, "update": update}, counted.allocated)


class _Counter(TorchDispatchMode):
    """Counts every operation that torch runs, forward and backward."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: dict[str, OperationWork] = {}
        self.allocated = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs, outputs = _tensors((args, kwargs)), _tensors(result)
        size = sum(map(_size, inputs)) + sum(map(_size, outputs))
        if size >= _SMALL and not func.is_view:
            known = {tensor.untyped_storage().data_ptr() for tensor in inputs}
            new = (t.untyped_storage() for t in outputs if t.untyped_storage().data_ptr() not in known)
            self.allocated += sum(block.nbytes() for block in new if block.nbytes() >= _LARGE)
            name = func.overloadpacket.__name__
            work = self.operations.setdefault(_kind(name, (*inputs, *outputs)), OperationWork())
            work.add(_flops(name, args, inputs, outputs), size)
        return result


def _kind(name: str, tensors: Sequence[Tensor]) -> str:
    if name in _OWN_RATE_BY_LAYOUT:
        return f"{name}, channels last" if any(map(_channels_last, tensors)) else name
    return name if name in _OWN_RATE else _KINDS.get(name, ELEMENTWISE)


def _channels_last(x: Tensor) -> bool:
    return x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)


def _flops(name: str, args: Any, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    """Of products and convolutions of images; those of other operations do not limit them."""
    if _KINDS.get(name) == "matrix product":
        return 2 * outputs[0].numel() * inputs[-1].shape[-2]
    if name == "convolution" and outputs[0].ndim == 4:
        return _convolution_flops(outputs[0], inputs[1])
    if name == "convolution_backward" and inputs[0].ndim == 4:
        needed = args[-1][:2]  # the gradients of input and weights cost as much each as the forward pass
        return sum(needed) * _convolution_flops(inputs[0], inputs[2])
    return 0


def _convolution_flops(output: Tensor, weight: Tensor) -> int:
    channels, inputs, height, width = weight.shape
    return 2 * output.numel() // channels * _blocked(channels) * _blocked(inputs) * height * width


def _blocked(channels: int) -> int:
    return channels if channels < 4 else ceil(channels / _LANES) * _LANES


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _without_quantum_layers(module: nn.Module, input_shape: Sequence[int]) -> nn.Module:
    """A copy in training mode whose quantum layers only give outputs of the right shape, so that none is simulated."""
    quantum = quantum_modules(module)
    if "" in quantum:
        raise ArchitectureError(f"{type(module).__name__} is a quantum layer itself: give the network around it.")
    module = copy.deepcopy(module).train()
    for name, part in quantum.items():
        module.set_submodule(name, nn.Identity() if hasattr(part, "ansatz") else _Shaped(part))
    if any(not hasattr(part, "ansatz") for part in quantum.values()):
        _output(module, input_shape)
    return module


class _Shaped(nn.Module):
    """Zeros of the shape that a quantum layer once gave; it runs for that once, without its parameters in sight."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._layer = [layer]  # in a list it is no submodule
        self._shape: tuple[int, ...] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Zeros, connected to `x` for the backward pass."""
        if self._shape is None:
            with torch.no_grad():
                self._shape = tuple(self._layer[0](x).shape)
        zeros: Tensor = _Zeros.apply(x, self._shape)
        return zeros


class _Zeros(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        ctx.input_shape = x.shape
        return x.new_zeros(shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0].new_zeros(ctx.input_shape), None


def _output(module: nn.Module, input_shape: Iterable[int]) -> Tensor:
    like = next(module.parameters(), torch.empty(0))
    try:
        output: Tensor = module(like.new_zeros(tuple(input_shape)))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ArchitectureError(f"{type(module).__name__} takes no input of {tuple(input_shape)}: {reason}") from error
    return output
