import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, wait
from pathlib import Path

import pytest

from hybhanas_jupyter.nas import processes as module
from hybhanas_jupyter.nas.processes import LocalProcesses, WorkerDiedError, WorkerError
from tests.nas import calls
from tests.nas.waiting import until


@pytest.fixture
def processes():
    with LocalProcesses(2, (calls.remember, ("setup",)), time_limit=5.0) as executor:
        yield executor


def test_results_come_back_and_every_process_is_set_up(processes):
    assert [future.result() for future in [processes.submit(calls.double, i) for i in range(20)]] == list(
        range(0, 40, 2)
    )
    found = [future.result() for future in [processes.submit(calls.recall) for _ in range(20)]]
    assert {value for value, _ in found} == {"setup"}
    assert os.getpid() not in {pid for _, pid in found}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ((calls.die, signal.SIGKILL), "signal 9, perhaps out of memory"),
        ((calls.die, signal.SIGSEGV), "signal 11"),
        ((calls.leave, 3), "exit code 3"),
        ((calls.sleep, 60), "time limit"),
        ((calls.fail,), "ValueError: no luck"),
        ((calls.exhaust,), "MemoryError"),
    ],
)
def test_a_call_that_goes_wrong_takes_nothing_with_it(processes, call, reason):
    bad = processes.submit(*call)
    good = [processes.submit(calls.double, i) for i in range(10)]
    with pytest.raises(WorkerError, match=reason):
        bad.result(timeout=30)
    assert [future.result(timeout=30) for future in good] == list(range(0, 20, 2))
    assert processes.submit(calls.recall).result(timeout=30)[0] == "setup"


def test_a_worker_that_dies_before_its_first_call_is_no_calls_fault(tmp_path):
    with LocalProcesses(1, (calls.die_at_first, (str(tmp_path), 3)), time_limit=60) as executor:
        assert executor.submit(calls.double, 4).result(timeout=60) == 8
    assert len(list(tmp_path.iterdir())) == 4


def test_workers_that_never_start_end_the_call():
    with LocalProcesses(1, (calls.leave, (1,)), time_limit=60) as executor, pytest.raises(WorkerDiedError):
        executor.submit(calls.double, 4).result(timeout=60)


def test_a_call_that_cannot_be_sent_leaves_its_process_usable(processes):
    with pytest.raises((AttributeError, pickle.PicklingError)):
        processes.submit(lambda: None).result()
    assert processes.submit(calls.double, value=3).result() == 6


def test_nothing_is_taken_after_the_shutdown():
    executor = LocalProcesses(1, (calls.remember, (1,)), time_limit=60)
    last = executor.submit(calls.double, 2)
    executor.shutdown()
    assert last.result() == 4
    with pytest.raises(RuntimeError):
        executor.submit(calls.double, 2)


def test_what_a_library_prints_does_not_spoil_the_results(processes):
    assert processes.submit(calls.make_noise).result() == "quiet"


def test_workers_ignore_ctrl_c_and_do_not_import_the_users_main(processes):
    assert processes.submit(calls.interrupts).result()
    assert processes.submit(calls.main_module).result() is None


def test_a_process_that_dies_while_idle_is_replaced(processes):
    pids = {processes.submit(calls.recall).result()[1] for _ in range(10)}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in pids))
    assert [processes.submit(calls.double, i).result(timeout=30) for i in range(4)] == [0, 2, 4, 6]


def test_a_shutdown_that_cancels_does_not_wait_for_hanging_calls():
    executor = LocalProcesses(1, (calls.remember, (1,)), time_limit=60)
    executor.submit(calls.double, 1).result()
    hanging = executor.submit(calls.sleep, 60)
    until(hanging.running)
    queued = executor.submit(calls.double, 1)
    executor.shutdown(cancel_futures=True)
    assert not wait([hanging, queued], timeout=5).not_done
    with pytest.raises(WorkerError):
        hanging.result()
    with pytest.raises(CancelledError):
        queued.result()


def test_a_process_that_starts_during_the_shutdown_ends_with_it(monkeypatch):
    """The worker died, its successor is just starting when the executor ends: it must not run the call to its end."""
    starting, go_on = threading.Event(), threading.Event()

    class Slow(module._Process):
        def __init__(self, setup):
            super().__init__(setup)
            starting.set()
            go_on.wait(60)

    executor = LocalProcesses(1, (calls.remember, (1,)), time_limit=300)
    monkeypatch.setattr(module, "_Process", Slow)
    with pytest.raises(WorkerError):
        executor.submit(calls.leave, 0).result()
    hanging = executor.submit(calls.sleep, 300)
    assert starting.wait(60)
    ending = threading.Thread(target=executor.shutdown, kwargs={"cancel_futures": True}, daemon=True)
    ending.start()
    until(lambda: executor._closed)
    go_on.set()
    ending.join(60)
    assert not ending.is_alive()
    with pytest.raises(WorkerError):
        hanging.result()


def alive(pid):
    """Whether any thread lives: of a killed process the main thread is often a zombie before the others have ended."""
    return any(running(f"/proc/{pid}/task/{thread}/stat") for thread in threads(pid))


def threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def running(stat):
    try:
        return Path(stat).read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


PARENT = """
import time
from hybhanas_jupyter.nas.processes import LocalProcesses
from tests.nas import calls
executor = LocalProcesses(2, (calls.remember, (1,)), time_limit=60)
print(*{executor.submit(calls.recall).result()[1] for _ in range(20)}, flush=True)
executor.submit(calls.sleep, 60)
time.sleep(60)
"""


def test_workers_end_when_their_parent_is_killed():
    """Idle ones and one that is busy; started from a script without `if __name__ == "__main__"`."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert pids
    assert all(alive(pid) for pid in pids)
    parent.kill()
    parent.communicate()
    until(lambda: not any(alive(pid) for pid in pids))


def test_a_training_worker_needs_neither_qiskit_nor_pennylane():
    from hybhanas_jupyter.data import load_dataset
    from hybhanas_jupyter.nas.tasks import hold

    with LocalProcesses(1, (hold, (load_dataset(per_class=10),)), time_limit=60) as executor:
        assert executor.submit(calls.modules).result() == ["torch", "hybhanas_jupyter"]
