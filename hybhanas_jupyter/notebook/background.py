"""Work that would keep the kernel from answering: drawing, transpiling, calibrating."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_log = logging.getLogger(__name__)
# The threads last: Qiskit 2.6 crashes the process if the thread that imported it first has ended.
_POOL = ThreadPoolExecutor(2, "hybhanas-views")


def in_background(task: Callable[..., None], *arguments: object) -> None:
    """Call `task` on another thread."""
    _POOL.submit(task, *arguments).add_done_callback(_report)


def _report(future: "Future[Any]") -> None:
    error = future.exception()
    if error is not None:
        _log.error("A view could not be filled.", exc_info=error)
