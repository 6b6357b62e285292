"""What is trained."""

from importlib import import_module
from typing import Any

from hybhanas_jupyter.errors import need

# Names load on first use: a search imports the genes in `convolution` where there is no need of torch.
_HOME = {"Convolution": "convolution", "HybridNet": "hybrid", "QuantumLayer": "quantum_layer"}

__all__ = sorted(_HOME)  # noqa: PLE0605  sorted() gives a list; the names stand in one place only


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    need("search", name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
