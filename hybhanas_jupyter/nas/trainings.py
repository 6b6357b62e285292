"""The trainings under way: submitted to an executor, retried once, withdrawn while the search is paused."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from time import sleep

from hybhanas_jupyter.nas.training import Task, Trained


@dataclass(frozen=True)
class _Job:
    key: str
    task: Task
    retried: bool = False


class Trainings:
    """Runs tasks on `submit` and gives their results by key; use from one thread."""

    def __init__(self, submit: "Callable[[Task], Future[Trained]]") -> None:
        self._submit = submit
        self._running: dict[Future[Trained], _Job] = {}
        self._held: list[_Job] = []

    def add(self, key: str, task: Task) -> None:
        """Train `task` at the next `finished`."""
        self._held.append(_Job(key, task))

    def finished(self, *, paused: bool, timeout: float) -> Iterator[tuple[str, Trained]]:
        """Results that come in within `timeout` seconds; while `paused` nothing starts that has not yet started."""
        if paused:
            self._withdraw()
        else:
            self._running.update({self._submit(job.task): job for job in self._held})
            self._held.clear()
        if not self._running:
            sleep(timeout)
        for future in wait(self._running, timeout, FIRST_COMPLETED).done:
            job = self._running.pop(future)
            trained, again = _outcome(future, job.task)
            if trained.status == "stopped":
                continue  # the search is ending
            if trained.status == "ok" or job.retried:
                yield job.key, trained
            else:
                self._held.append(replace(job, task=again, retried=True))

    def _withdraw(self) -> None:
        for future in [future for future in self._running if future.cancel()]:
            self._held.append(self._running.pop(future))


def _outcome(future: "Future[Trained]", task: Task) -> tuple[Trained, Task]:
    """The result, and the task to run if it failed: after a diverged training with another seed, else the same."""
    try:
        trained = future.result()
    except Exception as error:  # a dead worker, a time limit, an executor's own trouble
        return Trained("failed", str(error) or type(error).__name__), task
    return trained, replace(task, seed=task.seed + 1)
