"""One torch thread for a training run, without touching the threads of anyone else."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread on the calling thread, and only there, until the block ends.

    Small tensors train faster on one thread, and results are then the same bits in a notebook's thread and in a worker.
    """
    before = torch.get_num_threads()
    _set_here(1, elsewhere=before)
    try:
        yield
    finally:
        _set_here(before, elsewhere=before)


def _set_here(threads: int, *, elsewhere: int) -> None:
    # torch keeps the number of a thread that already ran in that thread, and a default for threads to come.
    # Setting it from a short-lived thread puts the default back and leaves this thread's own number alone.
    torch.set_num_threads(threads)
    restore = Thread(target=torch.set_num_threads, args=(elsewhere,))
    restore.start()
    restore.join()
