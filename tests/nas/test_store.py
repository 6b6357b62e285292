import random
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas import store as module
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.evaluation import GenerationRecord
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.runs import runs
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.store import Store
from tests.nas import toy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def store(path):
    store = Store(path, write=True)
    yield store
    store.close()


def evaluated():
    loop = toy.loop(toy.config(constraints={"quantum_time": 60}))
    loop.generation()
    return loop


def test_everything_of_a_run_comes_back(store, path):
    loop, config = evaluated(), toy.config(seed=11)
    run = store.add_run(config)
    for evaluation in loop.state.evaluations.values():
        store.add_evaluation(run, evaluation, b"\0weights")
    store.add_generation(run, replace(loop.state.generations[0], hypervolume=0.25))
    provenance = {"data": asdict(toy.DATA), "versions": {"torch": "2"}}
    store.set_provenance(run, provenance)

    reader = Store(path)
    known = Run.read(reader)
    assert (known.id, known.config, known.hypervolumes) == (run, config, (0.25,))
    assert repr(known.evaluations) == repr(tuple(sorted(loop.state.evaluations.values(), key=lambda e: e.number)))
    assert {e.status for e in known.evaluations} == {"ok", "infeasible"}
    assert reader.generations(run) == (replace(loop.state.generations[0], hypervolume=0.25),)
    assert isinstance(reader.generations(run)[0], GenerationRecord)
    assert reader.weights(run, 3) == b"\0weights"
    assert reader.provenance(run)["versions"] == {"torch": "2"}
    assert (known.data, known.store) == (toy.DATA, str(path))
    reader.close()


def test_one_file_holds_many_runs_and_the_latest_is_the_default(store):
    first, second = store.add_run(toy.config()), store.add_run(toy.config(seed=5))
    assert store.runs() == (first, second)
    assert Run.read(store).id == second
    assert Run.read(store, first).config.seed == 3


def test_a_store_in_memory_is_written_like_another():
    with Store(":memory:", write=True) as store:
        assert store.find(store.add_run(toy.config())) == store.runs()[0]


def test_what_is_stored_is_json_that_others_read(store, path):
    run = store.add_run(SearchConfig())
    for evaluation in evaluated().state.evaluations.values():
        store.add_evaluation(run, evaluation, b"")
    with sqlite3.connect(path) as plain:  # its JSON functions refuse NaN and Infinity
        rows = plain.execute(
            "SELECT json_extract(result, '$.architecture.ansatz.n_qubits') FROM evaluations"
        ).fetchall()
    plain.close()
    assert len(rows) == 8
    assert all(2 <= qubits <= 6 for (qubits,) in rows)


def test_an_unknown_run_and_an_empty_store_are_named(store):
    with pytest.raises(StoreError, match="No run"):
        Run.read(store)
    known = store.add_run(SearchConfig())
    with pytest.raises(StoreError, match=known):
        Run.read(store, "nonsense")


def test_a_missing_file_is_not_created_by_reading(path):
    with pytest.raises(StoreError, match=r"runs\.db"):
        Store(path)
    assert not path.exists()


def damaged(path):
    path.write_bytes(b"this is no database" * 100)


def foreign(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()


def newer(path):
    Store(path, write=True).close()
    with sqlite3.connect(path) as future:
        future.execute("PRAGMA user_version = 99")
    future.close()


@pytest.mark.parametrize(
    ("spoil", "word"), [(damaged, "not a database"), (foreign, "another program"), (newer, "newer version")]
)
@pytest.mark.parametrize("write", [False, True])
def test_a_file_that_cannot_be_used_is_refused_and_left_alone(spoil, word, write, path):
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=word) as error:
        Store(path, write=write)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("path", ["/proc/runs.db", "/nowhere/runs.db"])
def test_a_place_that_cannot_be_written_is_one_line(path):
    with pytest.raises(StoreError, match="unable to open") as error:
        Store(path, write=True)
    assert "\n" not in str(error.value)


OTHER = """
import sys
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.evaluation import GenerationRecord
from hybhanas_jupyter.nas import store as module
from hybhanas_jupyter.nas.store import Store
store = Store(sys.argv[1], write=True)
print(len(Run.read(store, sys.argv[2]).evaluations))
try:
    with store.locked(sys.argv[2]):
        print("locked")
except StoreError as error:
    print(error)
"""


def test_a_second_process_may_read_but_not_write_the_same_run(store, path):
    run, free = store.add_run(SearchConfig()), store.add_run(SearchConfig())

    def other(name):
        done = subprocess.run([sys.executable, "-c", OTHER, path, name], capture_output=True, text=True, check=True)
        return done.stdout

    with store.locked(run):
        assert "being written by another process" in other(run)
        assert other(free) == "0\nlocked\n"
    assert other(run) == "0\nlocked\n"
    assert [file.name for file in path.parent.iterdir() if "lock" in file.name] == []


FULL = """
import resource, signal, sys
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.evaluation import GenerationRecord
from hybhanas_jupyter.nas import store as module
from hybhanas_jupyter.nas.store import Store
from tests.nas import toy
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(sys.argv[1], write=True)
run = store.add_run(toy.config())
loop = toy.loop(toy.config())
loop.generation()
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = 0
try:
    for evaluation in loop.state.evaluations.values():
        store.add_evaluation(run, evaluation, bytes(100_000))
        kept += 1
except StoreError as error:
    print(kept, error)
"""


def test_a_full_disk_is_one_line_and_what_was_written_is_intact(path):
    done = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True)
    kept, message = done.stdout.split(" ", 1)
    assert message.count("\n") == 1
    assert "full" in message or "disk I/O" in message
    assert 0 < int(kept) < 8
    store = Store(path)
    assert len(Run.read(store).evaluations) == int(kept)
    store.close()


OPEN = """
import sys
from hybhanas_jupyter.nas.evaluation import GenerationRecord
from hybhanas_jupyter.nas import store as module
from hybhanas_jupyter.nas.store import Store
from tests.nas import toy
sys.stdin.readline()
store = Store(sys.argv[1], write=True)
print(store.add_run(toy.config()))
store.close()
"""


def test_processes_that_create_a_store_at_once_all_find_their_run_in_it(path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", OPEN, path]
    starting = [subprocess.Popen(command, **pipes) for _ in range(8)]
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120) for process in starting]
    assert [err for _, err in ended if err] == []
    store = Store(path)
    assert sorted(store.runs()) == sorted(out.strip() for out, _ in ended)
    store.close()


def test_threads_that_create_a_store_at_once_all_find_their_run_in_it(tmp_path):
    def begin(path):
        store = Store(path, write=True)
        run = store.add_run(toy.config())
        store.close()
        return run

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            path = tmp_path / f"{number}.db"
            runs = list(pool.map(begin, [path] * 8))
            store = Store(path)
            assert sorted(store.runs()) == sorted(runs)
            store.close()


def test_a_copy_of_the_file_alone_holds_what_the_last_generation_left(store, path, tmp_path):
    run = store.add_run(toy.config())
    loop = evaluated()
    store.add_generation(run, replace(loop.state.generations[0], hypervolume=0.25))
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    reader = Store(copy)
    assert Run.read(reader).hypervolumes == (0.25,)
    reader.close()


READ_ONLY = """
import os, sys
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.evaluation import GenerationRecord
from hybhanas_jupyter.nas import store as module
from hybhanas_jupyter.nas.store import Store
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
store = Store(sys.argv[1])
run = Run.read(store)
print(len(run.evaluations), os.listdir(os.path.dirname(sys.argv[1])))
try:
    with store.locked(run.id):
        print("locked")
except StoreError as error:
    print(error)
try:
    Store(sys.argv[1], write=True)
except StoreError as error:
    print(error)
"""


def test_a_store_where_nothing_can_be_written_is_read_and_not_resumed():
    with TemporaryDirectory() as folder:  # tmp_path is for its owner only
        path = Path(folder) / "runs.db"
        store = Store(path, write=True)
        run = store.add_run(toy.config())
        for evaluation in evaluated().state.evaluations.values():
            store.add_evaluation(run, evaluation, b"")
        store.close()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        Path(folder).chmod(0o755)
    kept, locked, opened = done.stdout.splitlines()
    assert kept == "8 ['runs.db']"
    assert "cannot be written: Permission denied" in locked
    assert "readonly" in opened


def test_a_store_that_cannot_be_made_whole_is_not_made_at_all(path, monkeypatch):
    broken = module._SCHEMA.replace(
        "CREATE TABLE evaluations", "CREATE TABLE runs (twice TEXT); CREATE TABLE evaluations"
    )
    monkeypatch.setattr(module, "_SCHEMA", broken)
    with pytest.raises(StoreError, match="already exists"):
        Store(path, write=True)
    monkeypatch.undo()
    with Store(path, write=True) as store:
        run = store.add_run(toy.config())
        assert (store.runs(), store.evaluations(run)) == ((run,), ())


def test_no_path_is_refused():
    with pytest.raises(StoreError, match="give a path"):
        Store("", write=True)


COLUMNS = ("runs.config", "runs.provenance", "evaluations.result", "evaluations.weights", "generations.state")
GARBAGE = ("", "{", "[]", "{}", "null", '"x"', "[" * 100_000, "1" * 5000, b"\xff\xfe", 10**15)
FINE = (
    ("runs.config", "{}"),
    ("runs.provenance", "[]"),
    ("runs.provenance", "{}"),
    ("evaluations.weights", b"\xff\xfe"),
)


@pytest.mark.parametrize(
    ("column", "garbage"),
    [case for case in product(COLUMNS, GARBAGE) if case not in FINE],
    ids=lambda value: str(value)[:20],
)
def test_a_damaged_row_is_named_and_other_runs_stay_readable(column, garbage, store, path):
    spoiled, whole = (written(store) for _ in range(2))
    table, name = column.split(".")
    key = "id" if table == "runs" else "run"
    with sqlite3.connect(path) as plain:
        plain.execute(f"UPDATE {table} SET {name} = ? WHERE {key} = ?", (garbage, spoiled))
    plain.close()
    assert Run.read(store, whole).evaluations
    assert store.weights(whole, 1)
    with pytest.raises(StoreError, match=spoiled) as caught:
        store.weights(spoiled, 1) if name == "weights" else Run.read(store, spoiled)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_read_or_refused_in_one_line(seed, path):
    with Store(path, write=True) as store:
        whole = [written(store) for _ in range(3)]
    mutated(path, random.Random(seed))
    rows = ()
    with suppress(StoreError):
        rows = runs(path, check=True).rows
    for row in rows:
        assert all("\n" not in line for line in row.damage)
        if row.id in whole and row.state != "damaged":
            assert Search.load(path, row.id).run.front


def mutated(path, rng):
    """Bytes changed, a part zeroed, cut or doubled, as disks and copies do."""
    content = bytearray(path.read_bytes())
    at, size = rng.randrange(len(content)), rng.choice((1, 4, 100, 4096))
    kind = rng.choice(("bytes", "zero", "cut", "double"))
    if kind == "bytes":
        for _ in range(size):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif kind == "zero":
        content[at : at + size] = bytes(len(content[at : at + size]))
    elif kind == "cut":
        del content[at:]
    else:
        content[at:at] = content[at : at + size]
    path.write_bytes(content)


def written(store):
    run, loop = store.add_run(toy.config()), evaluated()
    for evaluation in loop.state.evaluations.values():
        store.add_evaluation(run, evaluation, b"\0weights")
    store.add_generation(run, replace(loop.state.generations[0], hypervolume=0.25))
    store.set_provenance(run, {"data": asdict(toy.DATA), "versions": {}})
    return run
