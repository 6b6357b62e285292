import json

import pytest
import torch

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import StoreError
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


def broken_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "config.json").unlink(), "FileNotFoundError"),
        (lambda folder: (folder / "config.json").write_text("{"), "JSONDecodeError"),
        (lambda folder: broken_config(folder, n_classes=4), "size mismatch"),
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
