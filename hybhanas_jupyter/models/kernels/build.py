"""Compile the kernel once for this machine and load it from the user's cache ever after."""

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import llvmlite
import numba
import platformdirs
from filelock import FileLock
from numba import types
from numba.core import config
from numba.core.typing import Signature

from hybhanas_jupyter.models.kernels import simulate
from hybhanas_jupyter.models.kernels.lanes import cpu
from hybhanas_jupyter.models.kernels.program import CircuitProgram

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
    processes that need it at the same time, one compiles and the others wait.
    """
    with _lock:
        if dtype not in _loaded:
            folder = _cache_folder() / dtype
            keep = _writable(folder)
            with FileLock(folder / "lock") if keep else nullcontext():
                if not any(folder.rglob("*.nbc")):
                    notify(f"compiling the {dtype} quantum kernel once for this machine, about 15 s ...")
                _loaded[dtype] = _compile(dtype, folder if keep else None)
        return _loaded[dtype]


def _cache_folder() -> Path:
    """A folder of its own for each version and CPU: numba itself looks at the changes of one source file only."""
    digest = sha256(repr((numba.__version__, llvmlite.__version__, sys.implementation.cache_tag, cpu())).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    root = config.CACHE_DIR or platformdirs.user_cache_dir("hybhanas_jupyter")
    return Path(root) / "kernels" / digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


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
