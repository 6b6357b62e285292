"""A worker process: pickled calls come in by stdin, pickled results go out by stdout; it ends with its parent.

Started as `python -c`, not by multiprocessing, which would import the user's `__main__` again.
"""

import os
import pickle
import signal
import sys
import threading
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybhanas_jupyter.data import Dataset
    from hybhanas_jupyter.nas.training import Task, Trained

_data: "Dataset | None" = None


def main() -> None:
    """Serve calls one after the other until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the search's business
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not mix with the results
    calls: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, calls), daemon=True).start()
    while True:
        function, args = calls.get()
        try:
            reply = (True, function(*args))
        except Exception as error:  # any error of a candidate is its result, not the end of the worker
            reply = (False, f"{type(error).__name__}: {error}")
        pickle.dump(reply, results)
        results.flush()


def _receive(stream: IO[bytes], calls: "SimpleQueue[Any]") -> None:
    # Reading in a thread is also the watchdog: stdin closes when the parent dies, even by kill -9.
    try:
        while True:
            calls.put(pickle.load(stream))
    finally:
        os._exit(0)


def setup(data: "Dataset") -> None:
    """Load what training needs, before the first candidate."""
    from hybhanas_jupyter.nas.training import prepare

    global _data  # noqa: PLW0603  one process, one data set
    _data = data
    prepare()


def train_here(task: "Task") -> "Trained":
    """Train a candidate on the data of `setup`."""
    from hybhanas_jupyter.nas.training import train

    assert _data is not None
    return train(task, _data)
