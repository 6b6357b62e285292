"""The parts of the quantum cost of several candidates (paper, Fig. 7)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.formatting import PART_COLOURS

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.evaluation import Evaluation

# Key in `Evaluation.cost` -> (label, colour), in stacking order; together they are the effective time of one shot.
PARTS = {
    "logical_time": ("Logical gates", PART_COLOURS[0]),
    "routing_time": ("Routing", PART_COLOURS[1]),
    "gate_error_penalty": ("Gate errors", PART_COLOURS[2]),
    "decoherence_penalty": ("Decoherence", PART_COLOURS[3]),
}


@dataclass(frozen=True)
class BreakdownData:
    """One column per candidate, cheapest first: `parts` (parts, candidates) and their sum `total`, in seconds."""

    numbers: tuple[int, ...]
    labels: tuple[str, ...]
    parts: NDArray[np.float64]
    total: NDArray[np.float64]


def breakdown_data(evaluations: Sequence["Evaluation"]) -> BreakdownData:
    """The parts of every evaluation that has all of them finite."""
    known = [e for e in evaluations if all(math.isfinite(e.cost.get(part, math.nan)) for part in PARTS)]
    known.sort(key=lambda e: sum(e.cost[part] for part in PARTS))
    parts = np.array([[e.cost[part] for e in known] for part in PARTS], dtype=float)
    return BreakdownData(
        tuple(e.number for e in known), tuple(e.architecture.label for e in known), parts, parts.sum(axis=0)
    )
