"""The circuits of a cell times the devices of its options: the public cost functions, one row for each call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.notebook.qnodes import Calls, arguments_of
from hybhanas_jupyter.notebook.report import CostRow, CostTable

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Device


@dataclass(frozen=True)
class Settings:
    """What the options, or else the notebook's defaults, say; the names are those of the options."""

    shots: int
    level: int
    seed: int
    model: str
    seeds: int | None
    samples: int | None
    epochs: int | None
    batch_size: int | None


def cost_table(circuits: Mapping[str, Any], devices: "Iterable[Device]", settings: Settings, calls: Calls) -> CostTable:
    """Cost every circuit on every device; what cannot be costed is refused with its reason.

    Raises `CircuitError` with the first reason if nothing can be costed.
    """
    rows, refused = [], []
    for name, circuit in circuits.items():
        for device in devices:
            try:
                rows.append(_row(name, circuit, device, settings, calls))
            except CircuitError as error:
                refused.append(f"{name}: {error}")
    if not rows:
        raise CircuitError(refused[0])
    return CostTable(tuple(rows), tuple(refused))


def _row(name: str, circuit: Any, device: "Device", settings: Settings, calls: Calls) -> CostRow:
    from hybhanas_jupyter.costs.comparison import seed_study
    from hybhanas_jupyter.costs.quantum import quantum_cost
    from hybhanas_jupyter.costs.training_cost import training_cost

    common: dict[str, Any] = {
        "shots": settings.shots,
        "optimization_level": settings.level,
        "model": settings.model,
        "arguments": arguments_of(circuit, calls),
    }
    seed, study, training = settings.seed, None, None
    if settings.seeds:
        study = seed_study(circuit, device, range(seed, seed + settings.seeds), **common)
        seed = study.best.provenance.seed
    if settings.samples:
        run: dict[str, Any] = {"samples": settings.samples, "epochs": settings.epochs}
        if settings.batch_size:
            run["batch_size"] = settings.batch_size
        training = training_cost(circuit, device, seed=seed, **run, **common)
    return CostRow(name, quantum_cost(circuit, device, seed=seed, **common), training, study)
