"""What is lost if processes are killed, start at once or read damaged files? Nothing, and no internal error gets out.

python benchmarks/torture.py [minutes] [seed]  # 10 minutes by default, half of them for kills
"""

import json
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from recording import record, table

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `tests`

SEARCH = """
import sys
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.config import SearchConfig
path, workers = sys.argv[1], int(sys.argv[2])
config = SearchConfig.preset("quick", generations=3, population=4, per_class=20, workers=workers, seed=5)
search = Search.load(path) if len(sys.argv) > 3 else Search(config, store=path)
search.resume() if search.id else search.start()
search.result()
"""
OPEN = """
import sys
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.store import Store
sys.stdin.readline()
with Store(sys.argv[1], write=True) as store:
    print(store.add_run(SearchConfig()))
"""


def begin(path, workers):
    """A search in a process of its own, or what is left of it."""
    stored = bool(outcome(path))
    arguments = [sys.executable, "-c", SEARCH, str(path), str(workers), *(["resume"] if stored else [])]
    return subprocess.Popen(arguments, stderr=subprocess.DEVNULL)


def outcome(path):
    """All that must not depend on interruptions: the evaluations and the front."""
    from hybhanas_jupyter.errors import StoreError
    from hybhanas_jupyter.nas.runs import runs
    from hybhanas_jupyter.nas.search import Search

    try:
        if not runs(path).rows:
            return ""
        plain = Search.load(path).run.to_dict()
    except StoreError:
        return ""
    for evaluation in plain["evaluations"]:
        evaluation.pop("seconds")
        for epoch in evaluation["history"]:
            epoch.pop("seconds", None)
    return json.dumps([plain["evaluations"], plain["front"], plain["hypervolumes"]]) if plain["evaluations"] else " "


@dataclass
class Whole:
    """What a search finds that nothing disturbs, and how long it takes."""

    outcome: str
    seconds: float


def undisturbed(path):
    """One search to its end."""
    start = time.monotonic()
    begin(path, 0).wait()
    return Whole(outcome(path), time.monotonic() - start)


def kills_of_main(folder, rng, until, whole):
    """kill -9 at random moments of a search that trains in its own process or in workers."""
    kills = runs = differences = 0
    while time.monotonic() < until or not runs:
        path, workers = folder / f"main-{runs}.db", rng.choice((0, 1, 2))
        while (process := begin(path, workers)).poll() is None:
            try:
                process.wait(rng.uniform(0, whole.seconds) if time.monotonic() < until else None)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        runs, differences = runs + 1, differences + (outcome(path) != whole.outcome)
    return {"tries": kills, "wrong": differences, "runs": runs}


def kills_of_workers(folder, rng, until, whole):
    """Bursts: all workers of a search at once, also while they boot."""
    kills = runs = differences = 0
    while time.monotonic() < until or not runs:
        path = folder / f"workers-{runs}.db"
        process = begin(path, 2)
        while process.poll() is None:
            time.sleep(rng.uniform(0, whole.seconds / 3))
            for _ in range(rng.choice((1, 3))):
                for worker in children(process.pid):
                    worker.kill()
                    kills += 1
                time.sleep(0.1)
            if time.monotonic() > until:
                process.wait()  # undisturbed to its end
        runs, differences = runs + 1, differences + (outcome(path) != whole.outcome)
    return {"tries": kills, "wrong": differences, "runs": runs}


def children(pid):
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def first_starts(folder, rng, until, whole):
    """Processes that all find no store, and create one at the same moment."""
    tries = wrong = 0
    while time.monotonic() < until or not tries:
        path = folder / f"start-{tries}.db"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        starting = [subprocess.Popen([sys.executable, "-c", OPEN, str(path)], **pipes) for _ in range(5)]
        for process in starting:
            process.stdin.write("\n")
            process.stdin.flush()
        wrong += sum(not process.communicate()[0] for process in starting)
        tries += len(starting)
    return {"tries": tries, "wrong": wrong}


def inputs(kind):
    """The part that reads random inputs of a kind."""

    def read(folder, rng, until, whole):
        from tests.fuzzing import fuzz

        tries, internal, slowest = 0, [], 0.0
        while time.monotonic() < until or not tries:
            found = fuzz(kind, 50, rng.getrandbits(32))
            tries, slowest = tries + found.tried, max(slowest, found.slowest)
            internal += found.internal
        print(*internal[:10], sep="\n", end="\n" if internal else "")
        return {"tries": tries, "wrong": len(internal), "slowest_s": round(slowest, 2)}

    return read


def main(minutes=10.0, seed=0):
    """Run every part for its share of the time, print and record what went wrong."""
    from tests.fuzzing import KINDS

    parts = {"kill -9 of a search": kills_of_main, "kills of its workers": kills_of_workers}
    parts |= {"simultaneous first starts": first_starts, **{kind: inputs(kind) for kind in KINDS}}
    shares = {name: 0.25 if "kill" in name else 0.5 / (len(parts) - 2) for name in parts}
    rows = []
    with TemporaryDirectory() as folder:
        whole = undisturbed(Path(folder) / "whole.db")
        for name, part in parts.items():
            until = time.monotonic() + 60 * minutes * shares[name]
            found = part(Path(folder), random.Random(f"{name} {seed}"), until, whole)
            rows.append({"what": name, **dict.fromkeys(("tries", "wrong", "runs", "slowest_s")), **found})
            print(rows[-1], flush=True)
    record(rows, minutes=minutes, memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)
    print(table(rows))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
