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
    """A candidate to train; `settings` are arguments of `models.fit`, `time_limit` is in seconds of wall time."""

    architecture: Architecture
    settings: dict[str, Any]
    time_limit: float
    seed: int


@dataclass(frozen=True)
class Trained:
    """What came out; `status` is "ok", "failed" or "stopped", `weights` the trained state in safetensors format."""

    status: str
    reason: str = ""
    accuracy: float = math.nan
    history: tuple[dict[str, float], ...] = ()
    seconds: float = 0.0
    weights: bytes = b""

    @property
    def outcome(self) -> dict[str, Any]:
        """The fields that it has in common with `Evaluation`."""
        return {name: getattr(self, name) for name in ("status", "reason", "accuracy", "history", "seconds")}


def prepare() -> None:
    """Import what training needs and, the first time on a machine, compile its kernel, which says so on stderr."""
    from hybhanas_jupyter.models import fit  # noqa: F401  imported for `train`
    from hybhanas_jupyter.models.quantum_layer import QuantumLayer

    QuantumLayer(2, 1).prepare()


def train(task: Task, data: Dataset, stop: Callable[[], bool] = lambda: False) -> Trained:
    """Train one candidate on `data`; a network that cannot be built, diverges or takes too long is "failed"."""
    from safetensors.torch import save

    from hybhanas_jupyter.models.fit import fit
    from hybhanas_jupyter.models.hybrid import HybridNet

    start = time.perf_counter()
    architecture = task.architecture

    def ended() -> bool:
        return stop() or time.perf_counter() - start > task.time_limit

    try:
        net = HybridNet(
            data.input_shape, data.n_classes, architecture.convolutions, architecture.ansatz, seed=task.seed
        )
        history = fit(net, data, **task.settings, seed=task.seed, stop=ended)
    except (HybHanasError, MemoryError, RuntimeError) as error:
        return Trained("failed", f"{type(error).__name__}: {error}", seconds=time.perf_counter() - start)
    status, reason = _judge(history.status, history.reason, stop(), task.time_limit)
    return Trained(
        status,
        reason,
        history.accuracy if status == "ok" else math.nan,
        tuple(asdict(epoch) for epoch in history.epochs),
        time.perf_counter() - start,
        save({name: value.contiguous() for name, value in net.state_dict().items()}),
    )


def _judge(status: str, reason: str, stopped: bool, time_limit: float) -> tuple[str, str]:
    if status == "stopped":
        return ("stopped", "") if stopped else ("failed", f"time limit of {time_limit:g} s exceeded")
    return ("failed" if status == "failed" else "ok"), reason
