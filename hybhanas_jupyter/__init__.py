"""What a quantum circuit costs in seconds, and hybrid networks that are worth it, inside your notebook."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import need

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"

# Names load on first use: `%load_ext` must not import torch, pennylane, numba or qiskit_aer.
_HOME = {
    "Ansatz": "circuits.ansatz",
    "Calibration": "hardware.calibration",
    "HybHanasError": "errors",
    "Run": "nas.run",
    "Search": "notebook.search",
    "SearchConfig": "nas.config",
    "SearchSpace": "nas.space",
    "calibrate_clock": "costs.own_runs",
    "calibrate_success": "costs.hardware_runs",
    "budget": "costs.spending",
    "checks": "costs.checks",
    "classical_cost": "costs.classical",
    "clock": "costs.own_runs",
    "compare": "costs.comparison",
    "configurator": "notebook.configurator",
    "device": "hardware.devices",
    "device_profile": "costs.profile",
    "devices": "hardware.devices",
    "forget_runs": "costs.own_runs",
    "expectation_cost": "costs.expectation",
    "hybrid_cost": "costs.classical",
    "load_dataset": "data",
    "prices": "costs.prices",
    "quantum_cost": "costs.quantum",
    "runs": "nas.runs",
    "search": "nas.foreground",
    "seed_study": "costs.comparison",
    "training_cost": "costs.training_cost",
    "workload": "costs.workload",
}

# Where the extra `search` is needed.
_SEARCH = ("nas.", "data", "costs.classical", "costs.profile", "notebook.configurator", "notebook.search")

__all__ = sorted(_HOME)  # noqa: PLE0605  sorted() gives a list; the names stand in one place only


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOME[name].startswith(_SEARCH):
        need("search", f"hyb.{name}")
    module = import_module(f"{__name__}.{_HOME[name]}")
    globals()[name] = getattr(module, name, module)  # `checks` is a module itself
    return globals()[name]


def __dir__() -> list[str]:
    return [*__all__, "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(ip: "InteractiveShell") -> None:
    """`%load_ext hybhanas_jupyter`: register the magics."""
    from hybhanas_jupyter.notebook.magics import qcost

    qcost.register(ip)


def unload_ipython_extension(ip: "InteractiveShell") -> None:
    """`%unload_ext hybhanas_jupyter`: remove every trace of the magics."""
    from hybhanas_jupyter.notebook.magics import qcost

    qcost.unregister(ip)
