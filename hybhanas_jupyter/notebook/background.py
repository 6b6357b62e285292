"""Work that would keep the kernel from answering: drawing, transpiling, calibrating."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

_log = logging.getLogger(__name__)
# One thread that lasts: Qiskit 2.6 crashes the process if the thread that imported it first has ended, and importing
# its parts on two threads at once can fail.
_POOL = ThreadPoolExecutor(1, "hybhanas-views", initializer=import_module, initargs=("qiskit",))
_NETWORK = ThreadPoolExecutor(1, "hybhanas-network")


def in_background(task: Callable[..., None], *arguments: object) -> None:
    """Call `task` on another thread."""
    _POOL.submit(task, *arguments).add_done_callback(_report)


def over_network(task: Callable[..., None], *arguments: object) -> None:
    """Call `task`, which waits for a server, on a thread of its own: what is drawn need not wait for it."""
    imported = _POOL.submit(import_module, "qiskit_ibm_runtime")
    imported.add_done_callback(lambda _: _NETWORK.submit(task, *arguments).add_done_callback(_report))


def _report(future: "Future[Any]") -> None:
    error = future.exception()
    if error is not None:
        _log.error("A view could not be filled.", exc_info=error)
