"""The kernel as a differentiable torch function."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.models.kernels.build import load_kernel
from hybhanas_jupyter.models.kernels.lanes import width
from hybhanas_jupyter.models.kernels.program import CircuitProgram, compile_circuit


def expectations(ansatz: Ansatz, x: Tensor, weights: Tensor) -> Tensor:
    """<Z> (batch, n_qubits) for angles x (batch, n_qubits) and weights (depth, rotations, n_qubits), in radians."""
    if ansatz.n_qubits == 1:  # nothing entangles one qubit: all its layers are one, and that one needs no gates
        ansatz = replace(ansatz, depth=1, rotations=ansatz.rotations * ansatz.depth)
        weights = weights.reshape(1, -1, 1)
    if torch.is_grad_enabled() and (x.requires_grad or weights.requires_grad):
        return _Expectations.apply(compile_circuit(ansatz), x, weights)
    return _forward(compile_circuit(ansatz), x, weights, groups=1)[0]


class _Expectations(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, program: CircuitProgram, x: Tensor, weights: Tensor) -> Tensor:
        z, kets = _forward(program, x, weights, groups=-(-len(x) // width(_name(x))))
        ctx.program, ctx.kets = program, kets
        ctx.save_for_backward(x, weights)
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[None, Tensor, Tensor]:
        x, weights, upstream = map(_array, (*ctx.saved_tensors, upstream))
        dx, dweights = load_kernel(x.dtype.name).backward(x, weights, ctx.program, ctx.kets.numpy(), upstream)
        return None, torch.from_numpy(dx), torch.from_numpy(dweights)


def _forward(program: CircuitProgram, x: Tensor, weights: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """<Z>, and the final states of the last `groups` groups of samples."""
    # torch aligns what it allocates to whole cache lines
    kets = x.new_empty(groups, 2 * 2 ** x.shape[1] * width(_name(x)))
    z = load_kernel(_name(x)).forward(_array(x), _array(weights), program, kets.numpy())
    return torch.from_numpy(z), kets


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
