"""What a quantum circuit costs in seconds, and hybrid networks that are worth it, inside your notebook."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"

# Names load on first use: `%load_ext` must not import torch, pennylane, numba or qiskit_aer.
_HOME = {
    "Ansatz": "circuits.ansatz",
    "Calibration": "hardware.calibration",
    "HybHanasError": "errors",
    "Search": "nas.run",
    "SearchConfig": "nas.config",
    "configurator": "notebook.configurator",
    "device": "hardware.devices",
    "devices": "hardware.devices",
    "quantum_cost": "costs.quantum",
    "search": "nas.run",
    "training_cost": "costs.training",
}

__all__ = sorted(_HOME)  # noqa: PLE0605  sorted() gives a list; the names stand in one place only


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(ip: "InteractiveShell") -> None:
    """`%load_ext hybhanas_jupyter`: register the magics."""
    from hybhanas_jupyter.notebook import magics

    magics.register(ip)


def unload_ipython_extension(ip: "InteractiveShell") -> None:
    """`%unload_ext hybhanas_jupyter`: remove every trace of the magics."""
    from hybhanas_jupyter.notebook import magics

    magics.unregister(ip)
