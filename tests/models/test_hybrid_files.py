import json
import random
from contextlib import suppress

import pytest
import torch

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import FileError, StoreError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.hybrid import HybridNet


@pytest.fixture
def net():
    layers = (Convolution(4, pooling="max", dropout=0.1), Convolution(5, kernel=2, activation="SiLU"))
    return HybridNet((1, 8, 8), 3, layers, Ansatz(3, 2, ("RY", "RZ"), "CZ", "star"), dtype=torch.float64, seed=5).eval()


def test_same_network_after_the_round_trip(net, tmp_path):
    net.export(tmp_path / "new" / "folder")
    twin = HybridNet.load(tmp_path / "new" / "folder").eval()
    images = torch.rand(4, 1, 8, 8, dtype=torch.float64)
    assert torch.equal(twin(images), net(images))
    assert (twin.convolutions, twin.quantum.ansatz) == (net.convolutions, net.quantum.ansatz)


def test_files_of_others_are_kept_and_an_earlier_export_is_replaced(net, tmp_path):
    net.export(tmp_path)
    HybridNet((1, 8, 8), 2, (), Ansatz(2, 1)).export(tmp_path)
    assert HybridNet.load(tmp_path).n_classes == 2
    for text in ("{}", "[" * 100_000, "no JSON"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(FileError, match=r"holds weights.safetensors, config.json already"):
            net.export(tmp_path)
        assert (tmp_path / "config.json").read_text() == text


def broken_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "config.json").unlink(), "FileNotFoundError"),
        (lambda folder: (folder / "config.json").write_text("{"), "JSONDecodeError"),
        (lambda folder: broken_config(folder, n_classes=4), "describes 216 parameters"),
        (lambda folder: broken_config(folder, n_classes=0), "n_classes 0"),
        (lambda folder: broken_config(folder, n_classes=10**9), "describes 4000000200"),
        (lambda folder: broken_config(folder, convolutions=None), "TypeError"),
        (lambda folder: broken_config(folder, dtype="int8"), "KeyError"),
        (lambda folder: broken_config(folder, input_shape=[1, 3, 3]), "leaves nothing"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"no"), "SafetensorError"),
    ],
)
def test_files_that_do_not_fit(net, tmp_path, damage, reason):
    net.export(tmp_path)
    damage(tmp_path)
    with pytest.raises(StoreError, match=reason) as error:
        HybridNet.load(tmp_path)
    assert "\n" not in str(error.value)


VALUES = (None, True, -1, 0, 2, 10**9, 10**400, 0.5, "", "x", [], {}, [1, 8, 8], "1" * 5000)


def leaves(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from (leaf for key, item in items for leaf in leaves(item, (*path, key)))
    if path:
        yield path


def changed(config, path, value):
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return config


def test_any_wrong_value_is_refused_in_one_line_before_memory_is_taken(net, tmp_path):
    net.export(tmp_path)
    file = tmp_path / "config.json"
    whole = file.read_text()
    for path in leaves(json.loads(whole)):
        for value in VALUES:
            file.write_text(json.dumps(changed(json.loads(whole), path, value)))
            with suppress(StoreError):
                HybridNet.load(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors"])
def test_mutated_bytes_are_refused_in_one_line(net, tmp_path, name):
    net.export(tmp_path)
    whole, rng = (tmp_path / name).read_bytes(), random.Random(0)
    for _ in range(150):
        mutated = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        (tmp_path / name).write_bytes(mutated[: rng.choice((len(mutated), rng.randrange(len(mutated))))])
        with suppress(StoreError):
            HybridNet.load(tmp_path)
