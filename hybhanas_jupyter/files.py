"""Files that are written whole or not at all."""

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
