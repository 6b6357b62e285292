"""The kernel as a differentiable torch function."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.models.kernels.build import load_kernel
from hybhanas_jupyter.models.kernels.lanes import width
from hybhanas_jupyter.models.kernels.program import compile_circuit


def expectations(ansatz: Ansatz, x: Tensor, weights: Tensor) -> Tensor:
    """<Z> (batch, n_qubits) for angles x (batch, n_qubits) and weights (depth, rotations, n_qubits), in radians."""
    if torch.is_grad_enabled() and (x.requires_grad or weights.requires_grad):
        return _Expectations.apply(ansatz, x, weights)
    return _forward(ansatz, x, weights, groups=1)[0]


class _Expectations(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ansatz: Ansatz, x: Tensor, weights: Tensor) -> Tensor:
        groups = -(-len(x) // width(_name(x)))
        z, kets = _forward(ansatz, x, weights, groups)
        ctx.ansatz, ctx.kets = ansatz, kets
        ctx.save_for_backward(x, weights)
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[None, Tensor, Tensor]:
        x, weights = ctx.saved_tensors
        dx, dweights = torch.empty_like(x), torch.empty_like(weights)
        scratch = ctx.kets.new_empty(2, ctx.kets.shape[1])
        arguments = _arrays(x, weights), compile_circuit(ctx.ansatz), _arrays(ctx.kets, upstream, scratch, dx, dweights)
        load_kernel(_name(x)).backward(*(item for group in arguments for item in group))
        return None, dx, dweights


def _forward(ansatz: Ansatz, x: Tensor, weights: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """<Z> and the final states of the last `groups` groups of samples."""
    z = torch.empty(x.shape, dtype=x.dtype)
    # torch aligns what it allocates to whole vector registers
    kets = torch.empty(groups, 2 * 2**ansatz.n_qubits * width(_name(x)), dtype=x.dtype)
    load_kernel(_name(x)).forward(*_arrays(x, weights), *compile_circuit(ansatz), *_arrays(kets, z))
    return z, kets


def _arrays(*tensors: Tensor) -> list[Any]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
