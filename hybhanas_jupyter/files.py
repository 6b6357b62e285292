"""Files that are written whole or not at all, and read with one line for whatever is wrong."""

from pathlib import Path
from uuid import uuid4


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8; whoever reads `path` meanwhile, or after a crash, finds the old file or the new one."""
    draft = Path(path).with_name(f".{uuid4().hex}")  # of its own in every call, and short enough for any file system
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_text(path: str | Path, what: str, error: type[Exception]) -> str:
    """The UTF-8 text of `path`; raises `error` in one line that names `what`, such as "configuration"."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as reason:
        raise error(f"Cannot read {what} {str(path)!r}: {reason.strerror}.") from None
    except ValueError as reason:  # not UTF-8, or no path at all, such as one with a null character
        raise error(f"Cannot read {what} {str(path)!r}: {reason}.") from None
