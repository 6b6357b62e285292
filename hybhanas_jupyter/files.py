"""Files that are written whole or not at all, and read with one line for whatever is wrong."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

from hybhanas_jupyter.errors import FileError, shown


@contextmanager
def draft(path: str | Path) -> Iterator[Path]:
    """Where to write what becomes `path` at the end of the block: whoever reads `path` finds the old file or the new.

    Raises `FileError` in one line if it cannot be written; the old file and nothing else is then left.
    """
    beside = Path(path).with_name(f".{uuid4().hex}")  # of its own in every call, and short enough for any file system
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        raise FileError(f"Cannot write {shown(str(path), 300)}: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)


def cache_folder() -> Path:
    """The user's folder for what can be made again: calibrations, profiles, kernels, downloads."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("hybhanas_jupyter"))


def unused(path: str | Path) -> Path:
    """`path` itself if nothing is there, else the first of name-2, name-3, ... beside it: nothing is overwritten.

    Raises `FileError` if `path` has no name, as an empty one.
    """
    if not Path(path).name:
        raise FileError(f"{shown(str(path), 300)} is no name for what is written: give one, such as 'exported'.")
    path = Path(path)
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return path if not os.path.lexists(path) else next(other for other in names if not os.path.lexists(other))


def folder_for(folder: str | Path, names: Iterable[str], ours: Callable[[Path], bool]) -> Path:
    """`folder`, made if need be, for files of these names.

    Raises `FileError` if it cannot be made, or if it holds one of them and `ours` does not say that we wrote them.
    """
    if not str(folder).strip():
        raise FileError("No folder is given: name one, such as 'exported'.")
    try:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        taken = [name for name in names if os.path.lexists(folder / name)]
    except (OSError, ValueError) as error:
        raise FileError(f"Cannot write into {shown(str(folder), 300)}: {getattr(error, 'strerror', error)}.") from None
    if taken and not ours(folder):
        raise FileError(f"{shown(str(folder), 300)} holds {', '.join(taken)} already, not ours: give another folder.")
    return folder


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all; raises `FileError`."""
    with draft(path) as beside:
        beside.write_text(text, encoding="utf-8")


def read_text(path: str | Path, what: str, error: type[Exception]) -> str:
    """The UTF-8 text of `path`; raises `error` in one line that names `what`, such as "configuration"."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, TypeError, ValueError) as reason:  # not there; no path at all; not UTF-8
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise error(f"Cannot read {what} {shown(str(path) if isinstance(path, Path) else path, 300)}: {why}.") from None
