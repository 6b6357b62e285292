"""Data sets of images and tables: embedded ones, MNIST, files, or the user's own arrays; split once, stratified."""

import gzip
import os
import zipfile
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.errors import DataError, check_name, nothing_left_by_imports, shown
from hybhanas_jupyter.files import cache_folder

TABLES = ("iris", "wine", "breast_cancer")  # embedded: samples of features, without neighbours
DATASETS = ("digits", "mnist", *TABLES)
VALIDATION_SHARE = 0.2
MNIST_PER_CLASS = 400
MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MNIST_FILES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
_MNIST_CHECKSUMS = ("md5:f68b3c2dcbeaaa9fbdd348bbdeb94873", "md5:d53e105ee54ea40749a09fcbcd1e9432")

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Source = str | tuple[npt.ArrayLike, npt.ArrayLike]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N, channels, height, width) float32 and labels (N,) int64 from 0 to n_classes - 1, in parts.

    - `x_train`, `y_train`: to learn from
    - `x_validation`, `y_validation`: by which a search judges candidates
    - `x_test`, `y_test`: that no search sees, for its results; empty unless a `test_share` was asked for

    A sample of a table is an image of one channel and one row: (1, 1, features).
    """

    name: str
    x_train: Images
    y_train: Labels
    x_validation: Images
    y_validation: Labels
    n_classes: int
    x_test: Images = field(default_factory=lambda: np.empty((0, 1, 1, 1), np.float32))
    y_test: Labels = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one image."""
        _, channels, height, width = self.x_train.shape
        return channels, height, width

    @property
    def samples(self) -> int:
        """Number of training images."""
        return len(self.x_train)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.input_shape))
        parts = [self.samples, len(self.x_validation), *([len(self.x_test)] if len(self.x_test) else [])]
        return f"Dataset {self.name}: {' + '.join(map(str, parts))} images {shape}, {self.n_classes} classes"


def is_path(name: str) -> bool:
    """Whether a data set of this name is an NPZ file or a folder of IDX files."""
    return name.endswith(".npz") or "/" in name or os.sep in name


def load_dataset(
    source: Source = "digits",
    *,
    per_class: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    test_share: float = 0.0,
) -> Dataset:
    """Load a data set and split it 80/20 into training and validation, stratified by class.

    - `source`: "digits" (8 x 8), "iris", "wine", "breast_cancer" (tables), all embedded; "mnist" (28 x 28; IDX files of
      `folder`, else downloaded once into the user's cache); an NPZ file with arrays X and y, a folder with IDX files of
      MNIST's names, such as Fashion-MNIST's; or `(X, y)` with X (N, features), (N, height, width) or (N, channels,
      height, width). Tables, X (N, features), are scaled to mean 0 and deviation 1 of the training part; images are
      taken as they are, those of IDX files from 0 to 1
    - `per_class`: so many samples of each class, drawn by `seed`; None: all, of MNIST 400 (paper section 3.1.4)
    - `test_share`: share of each class that is put aside first, as a test part that no search sees; 0 to below 1

    Raises `DataError` for arrays that do not fit or are not finite, too few samples, or files that cannot be read.
    """
    if folder is not None and source != "mnist":
        raise DataError("folder is for 'mnist' only, which is read from files. Leave it out.")
    if not 0 <= test_share < 1:
        raise DataError(f"test_share is {test_share}: it must be at least 0 and below 1.")
    name = source if isinstance(source, str) else "arrays"
    x, y = _read_named(source, folder) if isinstance(source, str) else _read_arrays(source)
    per_class = MNIST_PER_CLASS if per_class is None and name == "mnist" else per_class
    chosen = _draw(y, per_class, seed)
    data = _split(name, x[chosen], y[chosen], seed, test_share)
    return _standardised(data) if data.input_shape[:2] == (1, 1) else data


def _read_named(name: str, folder: str | Path | None) -> tuple[Images, Labels]:
    if is_path(name):
        return _read_npz(Path(name)) if name.endswith(".npz") else _read_idx_folder(Path(name))
    check_name("data set", name, DATASETS)
    if name == "digits":
        return _read_digits()
    return _read_table(name) if name in TABLES else _read_mnist(folder)


def _read_table(name: str) -> tuple[Images, Labels]:
    with nothing_left_by_imports():
        from sklearn import datasets

    table = getattr(datasets, f"load_{name}")()
    return _read_arrays((table.data, table.target))


def _read_npz(path: Path) -> tuple[Images, Labels]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key.lower(): file[key] for key in file.files}
        return _read_arrays((arrays["x"], arrays["y"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{str(path)!r} is not an NPZ file with arrays X and y ({error}).") from None


def _standardised(data: Dataset) -> Dataset:
    """Every feature with mean 0 and deviation 1 in the training part; one that is constant there is 0."""
    mean, deviation = data.x_train.mean(axis=0), data.x_train.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    parts = {name: getattr(data, name) for name in ("x_train", "x_validation", "x_test")}
    return replace(data, **{n: ((x - mean) / scale).astype(np.float32) if len(x) else x for n, x in parts.items()})


def _read_digits() -> tuple[Images, Labels]:
    with nothing_left_by_imports():
        from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images[:, None].astype(np.float32) / np.float32(16), digits.target.astype(np.int64)


def _read_mnist(folder: str | Path | None) -> tuple[Images, Labels]:
    """The training files of `folder` (or of the cache, downloaded if need be), else its test files."""
    return _read_images(*(_mnist_files(Path(folder)) if folder is not None else _download_mnist()))


def _read_idx_folder(folder: Path) -> tuple[Images, Labels]:
    return _read_images(*_mnist_files(folder))


def _read_images(images: Path, labels: Path) -> tuple[Images, Labels]:
    return _read_idx(images)[:, None].astype(np.float32) / np.float32(255), _read_idx(labels).astype(np.int64)


def _mnist_files(folder: Path) -> tuple[Path, Path]:
    for part in ("train", "t10k"):
        for suffix in ("", ".gz"):
            images, labels = (folder / f"{part}-{kind}-ubyte{suffix}" for kind in ("images-idx3", "labels-idx1"))
            if images.is_file() and labels.is_file():
                return images, labels
    raise DataError(f"No MNIST files in {str(folder)!r}: it must hold {_MNIST_FILES[0]} and {_MNIST_FILES[1]}.")


def _download_mnist() -> tuple[Path, Path]:
    import pooch

    cache = cache_folder() / "mnist"
    try:
        images, labels = (
            pooch.retrieve(MNIST_URL + name, known_hash=checksum, fname=name, path=cache)
            for name, checksum in zip(_MNIST_FILES, _MNIST_CHECKSUMS, strict=True)
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"MNIST cannot be downloaded from {MNIST_URL} ({error}). Give folder=... with its files."
        ) from None
    return Path(images), Path(labels)


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """An IDX file of bytes: two zeros, type 8, number of axes, big-endian sizes, data. Plain or gzipped."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        axes = content[3]
        shape = np.frombuffer(content, ">i4", axes, offset=4)
        if content[:3] != b"\0\0\x08":
            raise ValueError("wrong magic number")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except (OSError, EOFError, IndexError, ValueError) as error:
        raise DataError(f"{str(path)!r} is not an IDX file of bytes ({error}). Download MNIST again.") from None


def _read_arrays(source: tuple[npt.ArrayLike, npt.ArrayLike]) -> tuple[Images, Labels]:
    try:
        x, y = (np.asarray(array) for array in source)
        if x.dtype.kind not in "biufO":
            raise TypeError(x.dtype)
        with np.errstate(over="ignore"):  # what is too large for float32 is refused below
            x = x.astype(np.float32)
    except (OverflowError, TypeError, ValueError):
        raise DataError("Data is neither a known name nor (X, y). Give X as real numbers and y as labels.") from None
    if x.ndim not in (2, 3, 4) or y.shape != x.shape[:1]:
        raise DataError(
            f"X has shape {x.shape} and y {y.shape}: give X as (N, features), (N, height, width) or "
            "(N, channels, height, width), and one label in y for each of its N samples."
        )
    if not np.isfinite(x).all():
        raise DataError("X has values that are not finite as float32. Replace or drop them.")
    inner = {2: (1, 1, *x.shape[1:]), 3: (1, *x.shape[1:]), 4: x.shape[1:]}[x.ndim]
    _check_labels(np.asarray(source[1], object))
    return x.reshape(len(x), *inner), np.unique(y, return_inverse=True)[1].astype(np.int64)


def _check_labels(labels: npt.NDArray[np.object_]) -> None:
    """NumPy takes any mixture of labels as text, and a missing one as a class of its own."""
    kinds = {_kind(label) for label in labels}
    if len(kinds) > 1 or not kinds <= {"text", "number"}:
        raise DataError(
            f"y has labels of {len(kinds)} kinds: {', '.join(sorted(kinds))}. Give all as text or all as real numbers, "
            "and drop the samples without one."
        )


def _kind(label: object) -> str:
    if isinstance(label, (str, bytes)):
        return "text"
    if isinstance(label, (Real, np.bool_)):
        return "number" if np.isfinite(float(label)) else "not finite"
    return type(label).__name__


def _draw(y: Labels, per_class: int | None, seed: int) -> npt.NDArray[np.int64]:
    """Indices of `per_class` random samples of each class, in their order in the data."""
    smallest = np.bincount(y).min() if len(y) else 0
    if smallest < 2:
        raise DataError(f"The smallest class has {smallest} samples: every class needs 2, to train and to validate.")
    if per_class is None:
        return np.arange(len(y))
    if not isinstance(per_class, Integral) or not 2 <= per_class <= smallest:
        raise DataError(f"per_class is {shown(per_class)}: it must be from 2 to {smallest}, the smallest class.")
    random = np.random.default_rng(seed)
    members = (np.flatnonzero(y == label) for label in range(y.max() + 1))
    return np.sort(np.concatenate([random.choice(m, per_class, replace=False) for m in members]))


def _split(name: str, x: Images, y: Labels, seed: int, test_share: float) -> Dataset:
    """Put a share of each class, at least one sample, aside: for the test if there is one, then for validation."""
    test = _aside(y, test_share, np.random.default_rng([seed, 1])) if test_share else np.zeros(len(y), bool)
    classes = int(y.max()) + 1
    x_test, y_test, x, y = x[test], y[test], x[~test], y[~test]
    if np.bincount(y, minlength=classes).min() < 2:
        raise DataError(f"test_share is {test_share}: of some class fewer than 2 samples are left. Lower it.")
    aside = _aside(y, VALIDATION_SHARE, np.random.default_rng(seed))
    return Dataset(name, x[~aside], y[~aside], x[aside], y[aside], classes, x_test, y_test)


def _aside(y: Labels, share: float, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which samples are put aside: a share of each class, at least one sample."""
    aside = np.zeros(len(y), bool)
    for label in range(int(y.max()) + 1):
        members = random.permutation(np.flatnonzero(y == label))
        aside[members[: max(1, round(share * len(members)))]] = True
    return aside
