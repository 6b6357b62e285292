"""Worker processes of this machine as an executor, and what runs in them."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import IO, Any

from hybhanas_jupyter.costs.profile import KEPT_MEMORY, ONE_THREAD
from hybhanas_jupyter.errors import HybHanasError

_BOOTS = 10  # times in a row that a worker may die before its first call: more is no accident


class WorkerError(HybHanasError):
    """A worker process died, ran out of time or could not run a call."""


class WorkerDiedError(WorkerError):
    """A worker process died: by its call, or by something that has nothing to do with it."""


class _Process:
    """One worker process; calls are made by one thread, `kill` by any."""

    def __init__(self, setup: tuple[Any, ...]) -> None:
        boot = f"import sys; sys.path[:] = {sys.path!r}; from hybhanas_jupyter.nas.processes import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", boot],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD, **KEPT_MEMORY},
        )
        self._expired = False
        self._setup: tuple[Any, ...] | None = setup

    def boot(self) -> None:
        """Call what must be called first; raises as `call`."""
        if self._setup is not None:
            self._exchange(*self._setup)
            self._setup = None

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], time_limit: float) -> Any:
        """The function's value; raises `WorkerError` if it raises, the process dies or `time_limit` seconds pass."""
        timer = threading.Timer(min(time_limit, threading.TIMEOUT_MAX), self._expire)
        timer.start()
        try:
            return self._exchange(function, args)
        finally:
            timer.cancel()

    def _exchange(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        call = pickle.dumps((function, args))
        try:
            stdin.write(call)
            stdin.flush()
            done, value = pickle.load(stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise self._obituary() from None
        if not done:
            raise WorkerError(value)
        return value

    def _obituary(self) -> WorkerError:
        self.close()
        if self._expired:
            return WorkerError("time limit: the worker did not answer and was killed")
        code = self._process.returncode
        cause = (
            f"signal {-code}" + (", perhaps out of memory" if code == -9 else "") if code < 0 else f"exit code {code}"
        )
        return WorkerDiedError(f"the worker died ({cause})")

    def _expire(self) -> None:
        self._expired = True
        self._process.kill()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # a call that the dead process did not read
                    stream.close()


class LocalProcesses(Executor):
    """An executor of independent worker processes: one that dies or hangs takes only its own call with it.

    `setup` is (function, arguments), called first in every process; `time_limit` in seconds is for each call.
    Pools of the standard library and of loky lose every running call when one worker dies and have no time limit for a
    call. One loky pool for each worker would still need both; measured with loky 3.7, such a pool also holds up the end
    of its parent until the running call is done, and leaves idle workers behind when the parent is killed.
    """

    def __init__(self, workers: int, setup: tuple[Any, ...], time_limit: float) -> None:
        self._calls: SimpleQueue[Any] = SimpleQueue()
        self._setup = setup
        self._time_limit = time_limit
        self._closed = self._cancelled = False
        self._replacing = threading.Lock()  # no process may start behind the back of a shutdown
        self._processes = [_Process(setup) for _ in range(workers)]
        self._threads = [threading.Thread(target=self._serve, args=(i,), daemon=True) for i in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Schedule `fn(*args, **kwargs)`, which must be picklable, on the next free process."""
        if self._closed:
            raise RuntimeError("The worker processes have ended.")
        future: Future[Any] = Future()
        self._calls.put((future, partial(fn, **kwargs) if kwargs else fn, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: after the calls that were submitted, or at once with `cancel_futures`."""
        self._closed, self._cancelled = True, cancel_futures
        for _ in self._threads:
            self._calls.put(None)
        if cancel_futures:
            with self._replacing:
                for process in self._processes:
                    process.kill()
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self, slot: int) -> None:
        while (item := self._calls.get()) is not None:
            future, function, args = item
            if self._cancelled:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._booted(slot).call(function, args, self._time_limit))
            except Exception as error:  # whatever went wrong belongs to the future
                future.set_exception(error)
        self._processes[slot].close()

    def _booted(self, slot: int) -> _Process:
        """The slot's process, ready for a call. One that dies before is no call's fault: another takes its place."""
        for attempt in range(_BOOTS):
            process = self._process(slot)
            try:
                process.boot()
            except WorkerDiedError:
                if attempt == _BOOTS - 1:
                    raise
            else:
                break
        return process

    def _process(self, slot: int) -> _Process:
        with self._replacing:
            if not self._processes[slot].alive:
                if self._cancelled:
                    raise WorkerError("the worker processes have ended")
                self._processes[slot] = _Process(self._setup)
            return self._processes[slot]


def serve() -> None:
    """Be a worker process: pickled calls come in by stdin, pickled results go out by stdout, until stdin closes.

    Started as `python -c`, not by multiprocessing, which would import the user's `__main__` again.
    """
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
