import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.errors import DataError, UnknownNameError

MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist"


def rows(*arrays):
    return sorted(map(bytes, np.concatenate(arrays)))


def test_digits_are_all_there_once_and_stratified():
    data = load_dataset()
    digits = load_digits()
    assert data.input_shape == (1, 8, 8)
    assert (data.n_classes, data.samples) == (10, len(data.x_train))
    assert rows(data.x_train, data.x_validation) == rows((digits.images / 16).astype(np.float32))
    shares = np.bincount(data.y_validation) / np.bincount(digits.target)
    assert abs(shares - 0.2).max() < 0.005
    assert data.x_train.dtype == np.float32
    assert data.y_train.dtype == np.int64


def test_labels_stay_with_their_images():
    digits = load_digits()
    label = dict(zip(map(bytes, (digits.images / 16).astype(np.float32)), digits.target, strict=True))
    data = load_dataset(per_class=20)
    assert [label[bytes(x)] for x in data.x_train] == list(data.y_train)


def test_seed_decides_the_split():
    first, same, other = (load_dataset(per_class=50, seed=seed) for seed in (1, 1, 2))
    assert (first.x_train == same.x_train).all()
    assert not (first.x_train == other.x_train).all()


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"the MNIST test files are not in {MNIST}")
def test_mnist_as_in_the_paper():
    data = load_dataset("mnist", folder=MNIST)
    assert data.input_shape == (1, 28, 28)
    assert (np.bincount(data.y_train) == 320).all()
    assert (np.bincount(data.y_validation) == 80).all()
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    assert len(set(rows(data.x_train, data.x_validation))) == 4000


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_folder_of_plain_or_gzipped_files(tmp_path, suffix, pack):
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 5), np.uint8)
    labels = np.repeat(np.arange(2, dtype=np.uint8), 5)
    (tmp_path / f"train-images-idx3-ubyte{suffix}").write_bytes(pack(idx(images)))
    (tmp_path / f"train-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(labels)))
    data = load_dataset("mnist", folder=tmp_path, per_class=5)
    assert data.input_shape == (1, 4, 5)
    assert rows(data.x_train, data.x_validation) == rows(images.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01\0\0\0\x05ab", b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0"])
def test_broken_files(tmp_path, content):
    for kind in ("images-idx3", "labels-idx1"):
        (tmp_path / f"train-{kind}-ubyte").write_bytes(content)
    with pytest.raises(DataError, match="is not an IDX file of bytes"):
        load_dataset("mnist", folder=tmp_path)


def test_folder_without_files(tmp_path):
    with pytest.raises(DataError, match="No MNIST files in"):
        load_dataset("mnist", folder=tmp_path)


@pytest.mark.parametrize(
    ("shape", "image"), [((20, 7), (1, 1, 7)), ((20, 4, 5), (1, 4, 5)), ((20, 3, 4, 5), (3, 4, 5))]
)
def test_own_arrays(shape, image):
    x = np.random.default_rng(0).normal(size=shape)
    data = load_dataset((x, ["cat", "dog"] * 10))
    assert data.input_shape == image
    assert (np.bincount(data.y_train).tolist(), np.bincount(data.y_validation).tolist()) == ([8, 8], [2, 2])
    assert rows(data.x_train, data.x_validation) == rows(x.astype(np.float32))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ((np.zeros(4), np.zeros(4)), r"X has shape \(4,\)"),
        ((np.zeros((4, 2)), np.zeros(3)), r"y \(3,\)"),
        ((np.full((4, 2), np.nan), [0, 0, 1, 1]), "not finite"),
        ((np.zeros((3, 2)), [0, 0, 1]), "smallest class has 1 samples"),
        ((np.zeros((0, 2)), []), "smallest class has 0 samples"),
        ((["a", "b"], [0, 1]), r"neither a known name nor \(X, y\)"),
        (3, r"neither a known name nor \(X, y\)"),
    ],
)
def test_bad_arrays(source, message):
    with pytest.raises(DataError, match=message):
        load_dataset(source)


def test_bad_names_and_sizes():
    with pytest.raises(UnknownNameError, match="Did you mean 'mnist'"):
        load_dataset("minst")
    with pytest.raises(DataError, match="per_class is 175: it must be from 2 to 174"):
        load_dataset("digits", per_class=175)
