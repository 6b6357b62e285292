"""Who computes tasks: worker processes of this machine, this process, a Dask cluster, or any executor."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.processes import LocalProcesses
from hybhanas_jupyter.nas.tasks import Outcome, Task, hold, prepare, train, train_held

if TYPE_CHECKING:
    from distributed import Client

    from hybhanas_jupyter.data import Dataset

Submit = Callable[[Task], "Future[Outcome]"]
_GRACE = 5.0  # seconds that a training may take to notice its time limit before its process is killed
_KERNEL = 1.1e9  # bytes for Jupyter, the kernel and the system
_WORKER = 400e6  # bytes of one worker process with torch and the kernel, while it trains
_CGROUP = Path("/sys/fs/cgroup")


@contextmanager
def open_executor(
    config: SearchConfig, data: "Dataset", executor: "Executor | Client | None", stop: Callable[[], bool]
) -> Iterator[Submit]:
    """A function that submits tasks to `executor` (a Dask `Client` counts as one) or to what `config.workers` names.

    What this opened ends with the block, whatever it is doing; what was given stays open.
    Raises `ConfigError` if Dask is wanted and there is none.
    """
    if config.workers == "dask" or hasattr(executor, "get_executor"):
        with _dask(config, data, executor) as submit:
            yield submit
    elif executor is not None:
        yield lambda task: executor.submit(train, task, data)
    elif count := worker_count(config):
        limit = config.training.time_limit + _GRACE
        with _ended(LocalProcesses(count, (hold, (data,)), limit)) as processes:
            yield lambda task: processes.submit(train_held, task)
    else:
        with _ended(ThreadPoolExecutor(1, "hybhanas-training", prepare)) as thread:
            yield lambda task: thread.submit(train, task, data, stop)


@contextmanager
def _ended(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _dask(config: SearchConfig, data: "Dataset", given: Any) -> Iterator[Submit]:
    client = given if given is not None else _client(config.scheduler)
    # A task, not scattered data: the scheduler computes it again when the workers that held it die.
    held = client.submit(_same, data, pure=False)
    executor = client.get_executor(pure=False)
    try:
        yield lambda task: executor.submit(train, task, held)
    finally:
        executor.shutdown(wait=False)
        if given is None and config.scheduler is not None:
            client.close()


def _client(scheduler: str | None) -> "Client":
    try:
        from distributed import Client, get_client
    except ImportError:
        raise ConfigError("workers='dask' needs Dask: pip install 'hybhanas_jupyter[dask]'.") from None
    try:
        return Client(scheduler, timeout=5) if scheduler is not None else get_client()
    except (OSError, ValueError) as error:
        where = f"at {scheduler!r}" if scheduler is not None else "in this process"
        raise ConfigError(f"No Dask scheduler {where} ({error}). Start one and give scheduler='tcp://...'.") from None


def _same(data: "Dataset") -> "Dataset":
    return data


def worker_count(config: SearchConfig) -> int:
    """Worker processes of a search on this machine; 0 trains in this process."""
    return config.workers if isinstance(config.workers, int) else default_workers()


def default_workers() -> int:
    """Worker processes that cores and memory allow, at least one."""
    import joblib  # type: ignore[import-untyped]  # joblib has no type stubs

    return max(1, int(min(joblib.cpu_count(), (memory() - _KERNEL) / _WORKER)))


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
