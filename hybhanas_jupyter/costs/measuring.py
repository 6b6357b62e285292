"""Measured training steps of random CNNs: what a device profile is fitted to. Run as a module, in a process of its own.

`python -m hybhanas_jupyter.costs.measuring COUNT SEED` prints JSON: for every network its work and seconds per step,
with one torch thread, as the workers of a search train.
"""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import asdict
from time import process_time
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from hybhanas_jupyter.costs.work import step_work

_SHAPES = ((1, 28, 28), (1, 28, 28), (3, 32, 32), (1, 8, 8))
_BATCH = 32
_CLASSES = 10
_ROUNDS = 10  # spread over the whole run and the best kept: a busy moment of the machine slows no network's figure
_BLOCK_SECONDS = 0.015


def reference_cnn(shape: tuple[int, int, int] = (1, 28, 28)) -> nn.Sequential:
    """The paper's fixed CNN: one convolution, ReLU, max pooling, dropout, and the two linear layers (section 3.1.1)."""
    side = shape[1] // 2
    convolution = [nn.Conv2d(shape[0], 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.1), nn.Flatten()]
    return nn.Sequential(*convolution, nn.Linear(16 * side * side, 4), nn.Linear(4, _CLASSES))


def random_cnn(rng: random.Random, shape: tuple[int, int, int]) -> nn.Sequential:
    """A CNN of the variable search space (section 3.1.1): up to three convolutions, projection and classifier."""
    layers: list[nn.Module] = []
    channels, side, _ = shape
    for _ in range(rng.randint(1, 3)):
        kernel, stride, width = rng.choice((3, 5)), rng.choice((1, 1, 2)), rng.choice((4, 8, 16, 32, 64))
        layers += [nn.Conv2d(channels, width, kernel, stride, kernel // 2)]
        layers += [rng.choice((nn.ReLU, nn.SiLU, nn.Tanh))()]
        channels, side = width, (side - 1) // stride + 1
        pooling = rng.choice((None, nn.AvgPool2d, nn.MaxPool2d))
        if pooling and side > 1:
            layers.append(pooling(2))
            side //= 2
        if rng.random() < 0.5:
            layers.append(nn.Dropout(0.1))
    qubits = rng.randint(2, 12)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side * side, qubits), nn.Linear(qubits, _CLASSES))


def training_step(net: nn.Module, shape: tuple[int, int, int]) -> Callable[[], None]:
    """One step as `fit` does it: a batch by index, cross entropy, Adam."""
    x, y = torch.rand(256, *shape), torch.randint(0, _CLASSES, (256,))
    batch = torch.arange(_BATCH)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)

    def step() -> None:
        loss = cross_entropy(net(x[batch]), y[batch])
        loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def measure(count: int, seed: int) -> list[dict[str, Any]]:
    """Work and seconds per step of the reference CNN and of `count` random ones."""
    rng = random.Random(seed)
    networks = [(reference_cnn(), (1, 28, 28))]
    networks += [(random_cnn(rng, shape), shape) for shape in rng.choices(_SHAPES, k=count)]
    steps = [training_step(net, shape) for net, shape in networks]
    times = [[_seconds(step) for step in steps] for _ in range(_ROUNDS)]
    best = [min(column) for column in zip(*times, strict=True)]
    works = [asdict(step_work(net, (_BATCH, *shape))) for net, shape in networks]
    return [{"work": work, "seconds": seconds} for work, seconds in zip(works, best, strict=True)]


def _seconds(step: Callable[[], None]) -> float:
    """CPU seconds, which for one thread are the seconds on a core of its own, whatever else the machine does."""
    start = process_time()
    step()
    times = max(2, int(_BLOCK_SECONDS / (process_time() - start)))
    start = process_time()
    for _ in range(times):
        step()
    return (process_time() - start) / times


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(int(sys.argv[2]))
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
