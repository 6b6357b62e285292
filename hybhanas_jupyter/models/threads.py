"""One torch thread for a training run, without touching the threads of anyone else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any

import torch

_lock = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread on the calling thread, and only there, until the block ends.

    Small tensors train faster on one thread, and results are then the same bits in a notebook's thread and in a worker.
    """
    before = _set_here(1)
    try:
        yield
    finally:
        _set_here(before)


def _set_here(threads: int) -> int:
    """Set the number of the calling thread and return what it was."""
    with _lock:
        before, default = torch.get_num_threads(), _elsewhere(torch.get_num_threads)
        torch.set_num_threads(threads)
        # torch has a number for each thread that has computed and one for those to come: put the latter back
        _elsewhere(lambda: torch.set_num_threads(default))
        return before


def _elsewhere(call: Callable[[], Any]) -> Any:
    """The value of `call` on a new thread."""
    values: list[Any] = []
    thread = Thread(target=lambda: values.append(call()))
    thread.start()
    thread.join()
    return values[0]
