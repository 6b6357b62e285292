"""What a worker does: train one candidate. Plain data in and out; imports torch only."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.nas.architecture import Architecture


@dataclass(frozen=True)
class Task:
    """A candidate to train; `settings` are the arguments of `models.fit`."""

    architecture: Architecture
    settings: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Trained:
    """What came out; `weights` is the trained state in safetensors format, `seconds` the wall time."""

    status: str
    reason: str
    accuracy: float
    history: tuple[dict[str, float], ...]
    weights: bytes
    seconds: float


def train(task: Task, data: Dataset, stop: Callable[[], bool] | None = None) -> Trained:
    """Train one candidate on `data`; a network that cannot be built or diverges comes back as "failed"."""
    from safetensors.torch import save

    from hybhanas_jupyter.models.fit import fit
    from hybhanas_jupyter.models.hybrid import HybridNet

    start = time.perf_counter()
    architecture = task.architecture
    try:
        net = HybridNet(
            data.input_shape, data.n_classes, architecture.convolutions, architecture.ansatz, seed=task.seed
        )
        history = fit(net, data, **task.settings, seed=task.seed, stop=stop)
    except (HybHanasError, MemoryError, RuntimeError) as error:
        return Trained("failed", f"{type(error).__name__}: {error}", math.nan, (), b"", time.perf_counter() - start)
    epochs = tuple(asdict(epoch) for epoch in history.epochs)
    weights = save({name: value.contiguous() for name, value in net.state_dict().items()})
    return Trained(history.status, history.reason, history.accuracy, epochs, weights, time.perf_counter() - start)
