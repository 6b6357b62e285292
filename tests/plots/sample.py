"""Evaluations made by hand: what a plot needs to be judged by."""

import math

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.evaluation import Evaluation


def evaluation(number: int, accuracy: float, quantum_time: float, generation: int = 1, **values: object) -> Evaluation:
    """An evaluated candidate; `values` override any other field."""
    fields = {"classical_time": 2.0, "parameters": 100 + number, "status": "ok", **values}
    architecture = Architecture((), Ansatz(2 + number % 4, 1 + number % 5))
    return Evaluation(number, generation, architecture, accuracy=accuracy, quantum_time=quantum_time, **fields)


def failed(number: int, generation: int = 1) -> Evaluation:
    """A candidate without any value."""
    return evaluation(
        number, math.nan, math.nan, generation, status="failed", reason="<b>no</b>", classical_time=math.nan
    )
