"""What this machine, or the container it runs in, really grants."""

import os
from pathlib import Path

from hybhanas_jupyter.nas.config import SearchConfig

_KERNEL = 1.1e9  # bytes for Jupyter, the kernel and the system
_WORKER = 400e6  # bytes of one worker process with torch and the kernel, while it trains
_CGROUP = Path("/sys/fs/cgroup")


def worker_count(config: SearchConfig) -> int:
    """Worker processes of a search on this machine; 0 trains in this process."""
    return config.workers if isinstance(config.workers, int) else default_workers()


def default_workers() -> int:
    """Worker processes that cores and memory allow, at least one."""
    return max(1, int(min(cores(), (memory() - _KERNEL) / _WORKER)))


def cores() -> int:
    """Cores that this process may use: its affinity, cut by the container's quota."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = (_read("cpu.max") or "max 1").split()
    return available if quota == "max" else max(1, min(available, int(int(quota) / int(period))))


def memory() -> float:
    """Bytes of the machine's memory, cut by the container's limit."""
    limit = _read("memory.max") or _read("memory/memory.limit_in_bytes") or "max"
    total = _total_memory()
    return total if limit == "max" else min(total, float(limit))


def _total_memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows: let the cores decide
        return float("inf")


def _read(name: str) -> str:
    try:
        return (_CGROUP / name).read_text().strip()
    except OSError:
        return ""
