"""Measured training steps of random CNNs: what a device profile is fitted to. Run as a module, in a process of its own.

`python -m hybhanas_jupyter.costs.measuring COUNT SEED ROUNDS` prints JSON: of every network its kind ("reference",
"search": as a search trains it, "plain": as torch's own layers make it), its work and its seconds per step, with one
torch thread. How the allocator treats memory is up to the environment of the process, see `profile`.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from math import prod
from time import thread_time
from typing import Any

import torch
from torch import nn

from hybhanas_jupyter.cnn import ClassicalNet, training_step
from hybhanas_jupyter.costs.work import step_work

_SHAPES = ((1, 28, 28), (1, 28, 28), (3, 32, 32), (1, 8, 8))
_BATCH, _CLASSES, _LEARNING_RATE = 32, 10, 0.01
_BLOCK_SECONDS = 0.015
Shape = tuple[int, int, int]


def networks(count: int, seed: int) -> list[tuple[str, nn.Module, Shape]]:
    """Kind, network and input shape: the paper's fixed CNN, then alternately CNNs of a search and plain ones."""
    rng, fixed = random.Random(seed), [_block(16, 3, 1, "ReLU", "max", 0.1)]
    found: list[tuple[str, nn.Module, Shape]] = [("reference", _plain_net(fixed, 4, _SHAPES[0]), _SHAPES[0])]
    for number in range(count):
        shape = rng.choice(_SHAPES)
        blocks, qubits = _random_blocks(rng, shape), rng.randint(2, 12)
        kind, build = (("search", search_net), ("plain", _plain_net))[number % 2]
        found.append((kind, build(blocks, qubits, shape), shape))
    return found


def measure(count: int, seed: int, rounds: int) -> list[dict[str, Any]]:
    """Kind, work and seconds per step; the best of `rounds` that are spread over the whole time of measuring.

    So a busy moment of the machine slows no network's figure.
    """
    made = networks(count, seed)
    steps = [_step(net, shape) for _, net, shape in made]
    times = [[_seconds(step) for step in steps] for _ in range(rounds)]
    best = [min(column) for column in zip(*times, strict=True)]
    return [
        {"kind": kind, "work": asdict(step_work(net, (_BATCH, *shape))), "seconds": seconds}
        for (kind, net, shape), seconds in zip(made, best, strict=True)
    ]


def _block(channels: int, kernel: int, stride: int, activation: str, pooling: str, dropout: float) -> dict[str, Any]:
    """Genes of a convolution whose padding keeps the size."""
    shape = {"channels": channels, "kernel": kernel, "stride": stride, "padding": kernel // 2}
    return {**shape, "activation": activation, "pooling": pooling, "dropout": dropout}


def _random_blocks(rng: random.Random, shape: Shape) -> list[dict[str, Any]]:
    """One to three convolutions with genes of the variable search space, and some beyond it (section 3.1.1)."""
    blocks, side = [], shape[1]
    for _ in range(rng.randint(1, 3)):
        channels, kernel, stride = (
            rng.choice((4, 8, 8, 16, 16, 32, 32, 64)),
            rng.choice((3, 5)),
            rng.choice((1, 1, 1, 2)),
        )
        side = (side - 1) // stride + 1
        pooling = rng.choice(("none", "none", "avg", "max")) if side > 1 else "none"
        side = side if pooling == "none" else side // 2
        activation, dropout = rng.choice(("ReLU", "SiLU", "Tanh")), rng.choice((0.0, 0.1))
        blocks.append(_block(channels, kernel, stride, activation, pooling, dropout))
    return blocks


def search_net(blocks: list[dict[str, Any]], qubits: int, shape: Shape) -> ClassicalNet:
    """The classical layers of a candidate with these genes, as a search trains them."""
    features = _features(nn.Sequential(*_plain_layers(blocks, shape[0])), shape)
    generator = torch.Generator().manual_seed(0)
    net = ClassicalNet(shape, _CLASSES, blocks, features, qubits, dtype=torch.float32, generator=generator)
    net.reset_parameters(generator)
    return net


def _plain_net(blocks: list[dict[str, Any]], qubits: int, shape: Shape) -> nn.Sequential:
    layers = list(_plain_layers(blocks, shape[0]))
    features = _features(nn.Sequential(*layers), shape)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, qubits), nn.Linear(qubits, _CLASSES))


def _plain_layers(blocks: list[dict[str, Any]], channels: int) -> Iterator[nn.Module]:
    poolings = {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}
    for block in blocks:
        yield nn.Conv2d(channels, block["channels"], block["kernel"], block["stride"], block["padding"])
        yield getattr(nn, block["activation"])()
        if block["pooling"] in poolings:
            yield poolings[block["pooling"]](2)
        if block["dropout"]:
            yield nn.Dropout(block["dropout"])
        channels = block["channels"]


@torch.no_grad()
def _features(cnn: nn.Module, shape: Shape) -> int:
    return prod(cnn(torch.zeros(1, *shape)).shape[1:])


def _step(net: nn.Module, shape: Shape) -> Callable[[], object]:
    """One step as `fit` does it: a batch by index, cross entropy, Adam."""
    x, y = torch.rand(256, *shape), torch.randint(0, _CLASSES, (256,))
    batch = torch.randperm(256)[:_BATCH]
    if isinstance(net, ClassicalNet):
        optimizer = net.optimizer(_LEARNING_RATE)
    else:
        optimizer = torch.optim.Adam(net.parameters(), lr=_LEARNING_RATE, fused=True)
    return partial(_indexed_step, net, optimizer, x, y, batch)


def _indexed_step(net: nn.Module, optimizer: Any, x: torch.Tensor, y: torch.Tensor, batch: torch.Tensor) -> None:
    training_step(net, optimizer, x[batch], y[batch])


def _seconds(step: Callable[[], object]) -> float:
    """CPU seconds of this thread: its seconds on a core of its own, whatever else the machine does."""
    step()
    start = thread_time()
    step()
    times = max(2, int(_BLOCK_SECONDS / (thread_time() - start)))
    start = thread_time()
    for _ in range(times):
        step()
    return (thread_time() - start) / times


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(int(sys.argv[2]))
    sys.stdout.write(json.dumps(measure(*map(int, sys.argv[1:]))))
