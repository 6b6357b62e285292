"""How other threads hold or end the loop of a search."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

T = TypeVar("T")
POLL = 0.2  # seconds between looks at what another thread does
_NAP = 0.02  # seconds
# Qiskit 2.6 crashes the process if the thread that imported it first has ended, as a search's thread does.
_LASTING_THREAD = ThreadPoolExecutor(1, "hybhanas-loading")


class StopRequestedError(Exception):
    """Ends the loop; everything that is known is in the store."""


class BudgetSpentError(Exception):
    """Ends the loop because the time budget is spent."""


class Flags:
    """Those of one session: `loop.Control` by events that any thread may set, and by `time_budget` seconds from now.

    `done` is set when the session has ended.
    """

    def __init__(self, time_budget: float | None) -> None:
        self.stop, self.pause, self.done = Event(), Event(), Event()
        self._time_budget, self._began = time_budget, time.monotonic()

    @property
    def paused(self) -> bool:
        """Whether no further candidate may start."""
        return self.pause.is_set()

    def check(self) -> None:
        """End the loop if a stop was requested or the time is up."""
        if self.stop.is_set():
            raise StopRequestedError
        if self._time_budget is not None and time.monotonic() - self._began > self._time_budget:
            raise BudgetSpentError(f"time budget of {self._time_budget:g} s spent")

    def ended(self, timeout: float) -> bool:
        """Whether the session has ended, after waiting up to `timeout` seconds for it.

        In short sleeps: an interrupt within `Event.wait` can leave its lock neither held nor free.
        """
        deadline = time.monotonic() + timeout
        while not self.done.is_set() and time.monotonic() < deadline:
            time.sleep(_NAP)
        return self.done.is_set()

    def aside(self, load: Callable[[], T]) -> T:
        """What `load` returns; it may take seconds, in which the search can be stopped."""
        loading = _LASTING_THREAD.submit(load)
        while not wait([loading], POLL).done:
            self.check()
        return loading.result()
