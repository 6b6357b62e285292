"""Whether another process is writing a run."""

from pathlib import Path

from filelock import FileLock, Timeout


def is_written(store: str | Path, run: str) -> bool:
    """Whether a process holds the lock of `run`; a lock file that a killed process left behind does not count."""
    path = Path(f"{store}.{run}.lock")
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
