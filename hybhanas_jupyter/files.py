"""Files that are written whole or not at all."""

import os
from pathlib import Path


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8; whoever reads `path` meanwhile, or after a crash, finds the old file or the new one."""
    draft = Path(f"{path}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
