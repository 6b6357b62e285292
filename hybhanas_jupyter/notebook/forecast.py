"""What a search will be, before it starts: its size, its wall time on this machine, its most expensive corner."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean, stdev

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig, TrainingSettings
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.datainfo import DataInfo
from hybhanas_jupyter.nas.provenance import Provenance
from hybhanas_jupyter.nas.resources import default_workers
from hybhanas_jupyter.nas.sizes import buildable
from hybhanas_jupyter.nas.space import SearchSpace

CANDIDATES = 8  # sampled for the calibration
_STUDENT = 2.365  # 95 percent quantile of Student's t for 7 degrees of freedom
_BATCHES = 6
_BOOT = """import torch; from hybhanas_jupyter.models.quantum_layer import QuantumLayer
QuantumLayer(2, 1)(torch.zeros(1, 2)).sum().backward()"""


@dataclass(frozen=True)
class Forecast:
    """Times in seconds. `wall_time` is without early stops; it holds to `error` (a share of it) in 19 of 20 cases.

    `corner` is the largest circuit of the space, `corner_time` the quantum time of training it.
    """

    evaluations: int
    workers: int
    wall_time: float
    error: float
    corner: Ansatz
    corner_time: float

    def __str__(self) -> str:
        ansatz = self.corner
        return (
            f"About {seconds(self.wall_time)} (± {self.error:.0%}) for {self.evaluations} evaluations with "
            f"{self.workers} workers, from {CANDIDATES} candidates tried here; early stops make it shorter, other "
            "load longer. "
            f"Most expensive corner: {ansatz.n_qubits} qubits x {ansatz.depth} {'-'.join(ansatz.rotations)} "
            f"{ansatz.entangler} {ansatz.topology} would take {seconds(self.corner_time)} of quantum time to train."
        )


def evaluations(config: SearchConfig) -> int:
    """The most candidates that a search can evaluate."""
    most = min(config.generations * config.population, config.space.size)
    return min(most, config.evaluation_budget or most)


def forecast(config: SearchConfig) -> Forecast:
    """Train and cost a few random candidates for a moment; raises what the search would raise."""
    data = config.load_data()
    costs = Costs(config, Provenance.now(config, DataInfo.of(data)))
    sample = _sample(config, data)
    _training_seconds(sample[0], data, config.training)  # warms up this process
    training = [_training_seconds(architecture, data, config.training) for architecture in sample]
    costing = [_seconds(partial(costs, architecture)) for architecture in sample]
    corner = largest_circuit(config.space)
    count, workers = evaluations(config), config.workers if isinstance(config.workers, int) else default_workers()
    busy = fmean(training) * count / max(1, workers)
    wall_time = _worker_boot() + (max(busy, fmean(costing) * count) if workers else busy + fmean(costing) * count)
    error = _STUDENT * stdev(training) / len(training) ** 0.5 / fmean(training)
    corner_time = costs(Architecture(sample[0].convolutions, corner))["quantum_time"]
    return Forecast(count, workers, wall_time, error, corner, corner_time)


def largest_circuit(space: SearchSpace) -> Ansatz:
    """The circuit of the space with the most gates."""
    candidates = [
        Ansatz(space.qubits[1], space.depth[1], rotations, entangler, topology)
        for rotations in space.rotations
        for entangler in space.entanglers
        for topology in space.topologies
    ]
    return max(candidates, key=lambda ansatz: (len(ansatz.pairs), ansatz.num_weights))


def _sample(config: SearchConfig, data: Dataset) -> list[Architecture]:
    rng = random.Random(config.seed)
    drawn = (config.space.sample(rng) for _ in range(100 * CANDIDATES))
    return [architecture for architecture in drawn if buildable(architecture, data.input_shape)][:CANDIDATES]


def _training_seconds(architecture: Architecture, data: Dataset, training: TrainingSettings) -> float:
    """Seconds of a candidate: all epochs as fast as the second one on a few batches, and what comes before it."""
    from hybhanas_jupyter.models.fit import fit
    from hybhanas_jupyter.models.hybrid import HybridNet

    share = min(1.0, _BATCHES * training.batch_size / data.samples)
    few, checked = round(share * data.samples), max(1, round(share * len(data.x_validation)))
    part = replace(
        data,
        x_train=data.x_train[:few],
        y_train=data.y_train[:few],
        x_validation=data.x_validation[:checked],
        y_validation=data.y_validation[:checked],
    )
    start = time.perf_counter()
    net = HybridNet(data.input_shape, data.n_classes, architecture.convolutions, architecture.ansatz)
    history = fit(net, part, epochs=2, batch_size=training.batch_size, early_stop_accuracy=0.0)
    epoch = history.epochs[-1].seconds
    return max(0.0, time.perf_counter() - start - 2 * epoch) + epoch / share * training.epochs


def _worker_boot() -> float:
    return _seconds(lambda: subprocess.run([sys.executable, "-c", _BOOT], check=True))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
