"""The kernel as a torch function: compiled once for this machine, then loaded from the cache (heavy import)."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import llvmlite
import numba
import torch
from filelock import FileLock, Timeout
from numba import types
from numba.core import config
from numba.core.typing import Signature
from torch import Tensor
from torch.autograd.function import once_differentiable

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.files import cache_folder
from hybhanas_jupyter.models.kernels import simulate
from hybhanas_jupyter.models.kernels.lanes import cpu, width
from hybhanas_jupyter.models.kernels.program import CircuitProgram, compile_circuit

_QUIET = 2.0  # seconds that another process may hold the folder without a word
_lock = Lock()
_loaded: dict[str, "Kernel"] = {}


class Kernel(NamedTuple):
    """The compiled `simulate.forward` and `simulate.backward` for one number type."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]


def report(message: str) -> None:
    """Write one line to the standard error stream: notebooks, terminals and worker processes all show it."""
    sys.stderr.write(f"hybhanas_jupyter: {message}\n")
    sys.stderr.flush()


def load_kernel(dtype: str, notify: Callable[[str], None] = report) -> Kernel:
    """The kernel for "float32" or "float64"; the first time on a machine it is compiled, and `notify` is told before.

    Numba keeps its compiled code in the user's cache folder, or below NUMBA_CACHE_DIR if that is set. Of several
    processes that need it at the same time, one compiles and the others wait. Damaged files are compiled again.
    """
    with _lock:
        if dtype not in _loaded:
            folder = _cache_folder() / dtype
            keep = _private(folder)
            with _alone(folder, notify) if keep else nullcontext():
                _loaded[dtype] = _load(dtype, folder if keep else None, notify)
        return _loaded[dtype]


def _load(dtype: str, folder: Path | None, notify: Callable[[str], None]) -> Kernel:
    kept = [] if folder is None else [path for path in folder.rglob("*.nb?") if path.is_file()]
    if kept:
        try:
            return _compile(dtype, folder)
        except Exception as error:  # numba unpickles what it kept: whatever is wrong with it, there is one way out
            notify(f"the {dtype} quantum kernel kept in {str(folder)!r} is damaged ({error!r}).")
            for path in kept:
                path.unlink()
    notify(f"compiling the {dtype} quantum kernel once for this machine, about 15 s ...")
    return _compile(dtype, folder)


@contextmanager
def _alone(folder: Path, notify: Callable[[str], None]) -> Iterator[None]:
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=_QUIET)
    except Timeout:
        notify(f"waiting for another process that compiles the quantum kernel in {str(folder)!r} ...")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _cache_folder() -> Path:
    """A folder of its own for each version and CPU: numba itself looks at the changes of one source file only."""
    digest = sha256(repr((numba.__version__, llvmlite.__version__, sys.implementation.cache_tag, cpu())).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    root = config.CACHE_DIR or cache_folder()
    return Path(root) / "kernels" / digest.hexdigest()[:16]


def _private(folder: Path) -> bool:
    """Make the folder; False where it cannot be written, or where others could: numba unpickles what it finds there."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    status = folder.stat()
    ours = os.name == "nt" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
    return ours and os.access(folder, os.W_OK)


def _compile(dtype: str, folder: Path | None) -> Kernel:
    functions = simulate.forward, simulate.backward
    users_folder = config.CACHE_DIR
    try:
        config.CACHE_DIR = str(folder)
        compiled = [numba.njit(f, cache=folder is not None, nogil=True, error_model="numpy") for f in functions]
    finally:
        config.CACHE_DIR = users_folder
    for function, signature in zip(compiled, _signatures(dtype), strict=True):
        function.compile(signature)
    return Kernel(*compiled)


def _signatures(dtype: str) -> tuple[Signature, Signature]:
    number = getattr(types, dtype)
    table, weights = number[:, ::1], number[:, :, ::1]
    masks = types.int64[:, ::1]
    fields = (types.int64[::1], types.int64, types.int64, masks, masks, types.int8[::1])
    program = types.NamedTuple(fields, CircuitProgram)
    gradients = types.Tuple((table, weights))
    return table(table, weights, program, table), gradients(table, weights, program, table, table)


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
