import gzip
import hashlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hybhanas_jupyter import data
from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.errors import DataError, UnknownNameError

MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist"


def rows(*arrays):
    return sorted(map(bytes, np.concatenate(arrays)))


def test_digits_are_all_there_once_and_stratified():
    dataset = load_dataset()
    digits = load_digits()
    assert dataset.input_shape == (1, 8, 8)
    assert (dataset.n_classes, dataset.samples) == (10, len(dataset.x_train))
    assert rows(dataset.x_train, dataset.x_validation) == rows((digits.images / 16).astype(np.float32))
    shares = np.bincount(dataset.y_validation) / np.bincount(digits.target)
    assert abs(shares - 0.2).max() < 0.005
    assert dataset.x_train.dtype == np.float32
    assert dataset.y_train.dtype == np.int64


def test_labels_stay_with_their_images():
    digits = load_digits()
    label = dict(zip(map(bytes, (digits.images / 16).astype(np.float32)), digits.target, strict=True))
    dataset = load_dataset(per_class=20)
    assert [label[bytes(x)] for x in dataset.x_train] == list(dataset.y_train)


def test_seed_decides_the_split():
    first, same, other = (load_dataset(per_class=50, seed=seed) for seed in (1, 1, 2))
    assert (first.x_train == same.x_train).all()
    assert not (first.x_train == other.x_train).all()


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"the MNIST test files are not in {MNIST}")
def test_mnist_as_in_the_paper():
    dataset = load_dataset("mnist", folder=MNIST)
    assert dataset.input_shape == (1, 28, 28)
    assert (np.bincount(dataset.y_train) == 320).all()
    assert (np.bincount(dataset.y_validation) == 80).all()
    assert (dataset.x_train.min(), dataset.x_train.max()) == (0, 1)
    assert len(set(rows(dataset.x_train, dataset.x_validation))) == 4000


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_folder_of_plain_or_gzipped_files(tmp_path, suffix, pack):
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 5), np.uint8)
    labels = np.repeat(np.arange(2, dtype=np.uint8), 5)
    (tmp_path / f"train-images-idx3-ubyte{suffix}").write_bytes(pack(idx(images)))
    (tmp_path / f"train-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(labels)))
    dataset = load_dataset("mnist", folder=tmp_path, per_class=5)
    assert dataset.input_shape == (1, 4, 5)
    assert rows(dataset.x_train, dataset.x_validation) == rows(images.astype(np.float32) / np.float32(255))


@pytest.fixture
def mnist_server(tmp_path, monkeypatch):
    """A server of two small MNIST files, and an empty cache."""
    files = tmp_path / "served"
    files.mkdir()
    contents = idx(np.arange(160, dtype=np.uint8).reshape(8, 4, 5)), idx(np.arange(8, dtype=np.uint8) // 4)
    for name, content in zip(data._MNIST_FILES, contents, strict=True):
        (files / name).write_bytes(gzip.compress(content))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SilentHandler, directory=files))
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(data, "MNIST_URL", f"http://127.0.0.1:{server.server_port}/")
    sums = [f"md5:{hashlib.md5((files / name).read_bytes()).hexdigest()}" for name in data._MNIST_FILES]
    monkeypatch.setattr(data, "_MNIST_CHECKSUMS", sums)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield files
    server.shutdown()
    server.server_close()


class SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_mnist_is_downloaded_once(mnist_server):
    first = load_dataset("mnist", per_class=4)
    for file in mnist_server.iterdir():
        file.unlink()
    assert (load_dataset("mnist", per_class=4).x_train == first.x_train).all()


def test_download_that_fails_or_is_not_what_it_should_be(mnist_server):
    images = mnist_server / data._MNIST_FILES[0]
    images.write_bytes(b"something else")
    with pytest.raises(DataError, match=r"MNIST cannot be downloaded .* Give folder=..."):
        load_dataset("mnist")
    images.unlink()
    with pytest.raises(DataError, match="MNIST cannot be downloaded"):
        load_dataset("mnist")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01\0\0\0\x05ab", b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0"])
def test_broken_files(tmp_path, content):
    for kind in ("images-idx3", "labels-idx1"):
        (tmp_path / f"train-{kind}-ubyte").write_bytes(content)
    with pytest.raises(DataError, match="is not an IDX file of bytes"):
        load_dataset("mnist", folder=tmp_path)


def test_folder_without_files(tmp_path):
    with pytest.raises(DataError, match="No MNIST files in"):
        load_dataset("mnist", folder=tmp_path)


@pytest.mark.parametrize(("shape", "image"), [((20, 4, 5), (1, 4, 5)), ((20, 3, 4, 5), (3, 4, 5))])
def test_own_images(shape, image):
    x = np.random.default_rng(0).normal(size=shape)
    dataset = load_dataset((x, ["cat", "dog"] * 10))
    assert dataset.input_shape == image
    assert (np.bincount(dataset.y_train).tolist(), np.bincount(dataset.y_validation).tolist()) == ([8, 8], [2, 2])
    assert rows(dataset.x_train, dataset.x_validation) == rows(x.astype(np.float32))


def test_own_tables_are_scaled_by_their_training_part():
    x = np.random.default_rng(0).normal(5, 3, size=(40, 7))
    x[:, 2] = 4  # constant
    data = load_dataset((x, ["cat", "dog"] * 20), test_share=0.2)
    assert data.input_shape == (1, 1, 7)
    varied = [0, 1, 3, 4, 5, 6]
    train = data.x_train.reshape(-1, 7)
    assert train.mean(axis=0) == pytest.approx(np.zeros(7), abs=1e-6)
    assert train.std(axis=0)[varied] == pytest.approx(np.ones(6), abs=1e-5)
    assert not train[:, 2].any()
    scaled = np.concatenate([data.x_train, data.x_validation, data.x_test]).reshape(-1, 7)[:, 0]
    assert np.corrcoef(np.sort(scaled), np.sort(x[:, 0]))[0, 1] == pytest.approx(1)  # all parts by the same line


@pytest.mark.parametrize(
    ("name", "features", "sizes"),
    [("iris", 4, [50] * 3), ("wine", 13, [59, 71, 48]), ("breast_cancer", 30, [212, 357])],
)
def test_embedded_tables(name, features, sizes):
    """Sizes of the classes as the data sets' authors state them."""
    data = load_dataset(name)
    assert data.input_shape == (1, 1, features)
    assert np.bincount([*data.y_train, *data.y_validation]).tolist() == sizes


def test_a_test_part_is_stratified_and_shared_with_no_other():
    x = np.arange(300, dtype=np.float32).reshape(300, 1, 1) * np.ones((1, 2, 2), np.float32)
    y = np.repeat([0, 1, 2], [50, 100, 150])
    data = load_dataset((x, y), test_share=0.2)
    assert [np.bincount(part).tolist() for part in (data.y_test, data.y_validation, data.y_train)] == [
        [10, 20, 30],
        [8, 16, 24],
        [32, 64, 96],
    ]
    values = [part[:, 0, 0, 0] for part in (data.x_train, data.x_validation, data.x_test)]
    assert np.sort(np.concatenate(values)).tolist() == list(range(300))
    assert "192 + 48 + 60" in repr(data)
    assert len(load_dataset((x, y)).x_test) == 0
    with pytest.raises(DataError, match="test_share is 1"):
        load_dataset((x, y), test_share=1)
    with pytest.raises(DataError, match="fewer than 2 samples are left"):
        load_dataset((x[:6], [0, 0, 0, 1, 1, 1]), test_share=0.9)


def test_files_by_path(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(20, 3, 4)), np.arange(20) % 2
    np.savez(tmp_path / "own.npz", X=x, y=y)
    data = load_dataset(str(tmp_path / "own.npz"))
    assert rows(data.x_train, data.x_validation) == rows(x[:, None].astype(np.float32))
    np.savez(tmp_path / "other.npz", images=x)
    (tmp_path / "broken.npz").write_bytes(b"PK")
    for name in ("other.npz", "broken.npz", "none.npz"):
        with pytest.raises(DataError, match="is not an NPZ file with arrays X and y"):
            load_dataset(str(tmp_path / name))
    with pytest.raises(DataError, match="No MNIST files in"):
        load_dataset(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ((np.zeros(4), np.zeros(4)), r"X has shape \(4,\)"),
        ((np.zeros((4, 2)), np.zeros(3)), r"y \(3,\)"),
        ((np.full((4, 2), np.nan), [0, 0, 1, 1]), "not finite"),
        ((np.zeros((3, 2)), [0, 0, 1]), "smallest class has 1 samples"),
        ((np.zeros((0, 2)), []), "smallest class has 0 samples"),
        ((["a", "b"], [0, 1]), r"neither a known name nor \(X, y\)"),
        ((np.full((4, 2), 1e300), [0, 0, 1, 1]), "not finite as float32"),
        ((np.ones((4, 2), complex), [0, 0, 1, 1]), "real numbers"),
        ((np.array([["1"], ["2"]]), [0, 1]), "real numbers"),
        ((np.zeros((6, 2)), [0, 0, 1, 1, np.nan, np.nan]), "2 kinds: not finite, number"),
        ((np.zeros((4, 2)), ["a", "a", None, None]), "2 kinds: NoneType, text"),
        ((np.zeros((4, 2)), [1, 1, "1", "1"]), "2 kinds: number, text"),
        ((np.zeros((4, 2)), [1j, 1j, 0j, 0j]), "1 kinds: complex"),
        (3, r"neither a known name nor \(X, y\)"),
    ],
)
def test_bad_arrays(source, message):
    with pytest.raises(DataError, match=message):
        load_dataset(source)


def test_bad_names_and_sizes():
    with pytest.raises(UnknownNameError, match="Did you mean 'mnist'"):
        load_dataset("minst")
    with pytest.raises(DataError, match="folder is for 'mnist' only"):
        load_dataset("digits", folder=".")
    with pytest.raises(DataError, match="per_class is 175: it must be from 2 to 174"):
        load_dataset("digits", per_class=175)
