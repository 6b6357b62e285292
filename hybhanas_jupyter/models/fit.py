"""Training of one candidate: Adam, early stop, history."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import isfinite
from threading import Lock, Thread
from time import perf_counter
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from hybhanas_jupyter.cnn import ClassicalNet, Dropout, training_step
from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.formatting import Report, Reported, seconds
from hybhanas_jupyter.models.quantum_layer import QuantumLayer

VALIDATION_BATCH = 256
_lock = Lock()  # of torch's thread counts


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data gave. Losses are mean cross entropies, `seconds` wall time."""

    train_loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True, repr=False)
class History(Reported):
    """The whole epochs of a training run, and how it ended.

    `status`: "finished", "early-stopped", "stopped" (by the stop flag) or "failed" (with its `reason`).
    """

    epochs: tuple[Epoch, ...]
    status: str
    reason: str = ""

    @property
    def accuracy(self) -> float:
        """The last validation accuracy, 0 to 1; 0 if no epoch was completed."""
        return self.epochs[-1].validation_accuracy if self.epochs else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Status, reason and epochs as plain data."""
        return asdict(self)

    def _records(self) -> list[dict[str, Any]]:
        return [asdict(epoch) for epoch in self.epochs]

    def _report(self) -> Report:
        return _history_report(self)


class _EarlyEnd(Exception):  # noqa: N818 (an outcome, not an error)
    """Training ended before its last epoch, with this status and reason."""


def fit(
    net: ClassicalNet,
    data: Dataset,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    learning_rate: float = 0.01,
    early_stop_accuracy: float = 0.2,
    early_stop_epochs: int = 2,
    seed: int = 0,
    stop: Callable[[], bool] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> History:
    """Train `net` in place with Adam and cross entropy; the same seed gives the same weights, on any thread.

    Ends early if validation accuracy is below `early_stop_accuracy` after `early_stop_epochs` epochs, if `stop()` is
    true before a step, or if the loss is not finite. `on_epoch` is called after each epoch.
    Raises `ConfigError` for a number that is not above 0. Defaults: paper section 3.2.
    """
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("learning_rate", learning_rate)):
        if not value > 0:
            raise ConfigError(f"{name} is {value}: it must be above 0.")
    done: list[Epoch] = []
    run = _Run(net, data, batch_size=batch_size, learning_rate=learning_rate, seed=seed, stop=stop or (lambda: False))
    with one_thread():
        try:
            for _ in range(epochs):
                done.append(run.epoch(len(done) + 1))
                if on_epoch:
                    on_epoch(done[-1])
                accuracy = done[-1].validation_accuracy
                if early_stop_epochs <= len(done) < epochs and accuracy < early_stop_accuracy:
                    reason = (
                        f"validation accuracy {accuracy:.3f} is below {early_stop_accuracy} after epoch {len(done)}"
                    )
                    return History(tuple(done), "early-stopped", reason)
        except _EarlyEnd as end:
            return History(tuple(done), *end.args)
    return History(tuple(done), "finished")


class _Run:
    """What one training run keeps between its steps: the data as tensors, the optimizer, the order of the batches."""

    def __init__(
        self,
        net: ClassicalNet,
        data: Dataset,
        *,
        batch_size: int,
        learning_rate: float,
        seed: int,
        stop: Callable[[], bool],
    ) -> None:
        self.net, self.batch_size, self.stop = net, batch_size, stop
        parameter = next(net.parameters())
        self.train, self.validation = (
            (torch.from_numpy(x).to(parameter), torch.from_numpy(y).to(parameter.device))
            for x, y in ((data.x_train, data.y_train), (data.x_validation, data.y_validation))
        )
        self.optimizer = net.optimizer(learning_rate)
        self.generator = torch.Generator().manual_seed(seed)
        for module in net.modules():
            if isinstance(module, Dropout):
                module.generator.manual_seed(seed)
            elif isinstance(module, QuantumLayer):
                module.prepare()  # not within the time of the first epoch

    def epoch(self, number: int) -> Epoch:
        start = perf_counter()
        train_loss = self._train(number)
        validation_loss, accuracy = self._validate()
        if not isfinite(validation_loss):
            raise _EarlyEnd("failed", f"the validation loss is {validation_loss} after epoch {number}")
        return Epoch(train_loss, validation_loss, accuracy, perf_counter() - start)

    def _train(self, number: int) -> float:
        self.net.train()
        x, y = self.train
        total = 0.0
        order = torch.randperm(len(x), generator=self.generator, device="cpu").to(x.device)
        for step, batch in enumerate(order.split(self.batch_size), start=1):
            if self.stop():
                raise _EarlyEnd("stopped", f"stopped at step {step} of epoch {number}")
            loss = training_step(self.net, self.optimizer, x[batch], y[batch])
            if not isfinite(loss):
                raise _EarlyEnd("failed", f"the loss is {loss} at step {step} of epoch {number}")
            total += loss * len(batch)
        return total / len(x)

    @torch.no_grad()
    def _validate(self) -> tuple[float, float]:
        self.net.eval()
        x, y = self.validation
        logits = torch.cat([self.net(batch) for batch in x.split(VALIDATION_BATCH)])
        accuracy = (logits.argmax(1) == y).double().mean()
        return cross_entropy(logits, y).item(), accuracy.item()


def _history_report(history: History) -> Report:
    """How the run ended, and its epochs."""
    how = f"{history.status} ({history.reason})" if history.reason else history.status
    total = seconds(sum(epoch.seconds for epoch in history.epochs))
    rows = [
        [
            number,
            f"{epoch.train_loss:.4f}",
            f"{epoch.validation_loss:.4f}",
            f"{epoch.validation_accuracy:.1%}",
            seconds(epoch.seconds),
        ]
        for number, epoch in enumerate(history.epochs, start=1)
    ]
    return Report(
        title=f"Training {how}: validation accuracy {history.accuracy:.1%} after {len(rows)} epochs, {total}",
        tables=[(["epoch", "training loss", "validation loss", "validation accuracy", "time"], rows)] if rows else [],
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread on the calling thread, and only there, until the block ends.

    Small tensors train faster on one thread, and results are then the same bits in a notebook's thread and in a worker.
    """
    before = _set_here(1)
    try:
        yield
    finally:
        _set_here(before)


def _set_here(threads: int) -> int:
    """Set the number of the calling thread and return what it was."""
    with _lock:
        before, default = torch.get_num_threads(), _elsewhere(torch.get_num_threads)
        torch.set_num_threads(threads)
        # torch has a number for each thread that has computed and one for those to come: put the latter back
        _elsewhere(lambda: torch.set_num_threads(default))
        return before


def _elsewhere(call: Callable[[], Any]) -> Any:
    """The value of `call` on a new thread."""
    values: list[Any] = []
    thread = Thread(target=lambda: values.append(call()))
    thread.start()
    thread.join()
    return values[0]
