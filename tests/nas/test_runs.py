import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from safetensors.torch import save

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.cli import main
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.models.hybrid import HybridNet
from hybhanas_jupyter.nas.foreground import search
from hybhanas_jupyter.nas.runs import runs
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.store import Store
from tests.nas import real, toy


@pytest.fixture
def path(tmp_path):
    """A finished run, one that was stopped in its second generation, one without an evaluation."""
    path = tmp_path / "runs.db"
    with Store(path, write=True) as store:
        for generations, made in ((1, 1), (3, 2), (2, 0)):
            loop = toy.loop(toy.config(generations=generations, population=4))
            run = store.add_run(loop.config)
            for _ in range(made):
                loop.generation()
            for evaluation in loop.state.evaluations.values():
                store.add_evaluation(run, evaluation, b"")
            for record in loop.state.generations[:1]:
                store.add_generation(run, record)
    return path


def test_a_row_says_where_each_run_stands(path):
    rows = runs(path).rows
    assert [(r.state, r.generations, r.evaluations) for r in rows] == [
        ("finished", 1, 4),
        ("stopped", 1, 8),
        ("stopped", 0, 0),
    ]
    for row in rows:
        run = Search.load(path, row.id).run
        assert (row.front_size, row.data, row.backend) == (len(run.front), "digits", "fake_kyiv")
        assert row.hypervolume == (run.hypervolumes[-1] if run.hypervolumes else 0)
        assert abs((datetime.now(UTC) - row.created).total_seconds()) < 3600
    assert runs(path).to_dataframe()["state"].tolist() == ["finished", "stopped", "stopped"]
    assert json.loads(json.dumps(runs(path).to_dict()))[rows[0].id]["evaluations"] == 4
    assert repr(runs(path)).splitlines()[0] == f"3 runs in {path}"
    assert rows[1].id in runs(path)._repr_html_()


def test_a_run_that_some_process_writes_is_running(path):
    last = runs(path).rows[-1].id
    with Store(path, write=True) as store, store.locked(last):
        assert [row.state for row in runs(path).rows] == ["finished", "stopped", "running"]


def test_a_damaged_run_does_not_hide_the_others(path):
    with sqlite3.connect(path) as database:
        database.execute("UPDATE runs SET config = '{' WHERE rowid = 2")
    assert [row.state for row in runs(path).rows] == ["finished", "damaged", "stopped"]
    assert "damaged" in repr(runs(path))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "runs.db"
    search(real.config(generations=1), store=path, progress=False)
    return path


@pytest.fixture
def copy(trained, tmp_path):
    with closing(sqlite3.connect(trained)) as source, closing(sqlite3.connect(tmp_path / "copy.db")) as target:
        source.backup(target)
    return tmp_path / "copy.db"


def spoil(path, statement, *values):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement, values)


def test_a_check_finds_nothing_in_a_whole_store(copy):
    found = runs(copy, check=True)
    assert (found.damage, [row.state for row in found.rows]) == ((), ["finished"])


def weights_of_another_network():
    net = HybridNet((1, 8, 8), 10, (), Ansatz(7, 1))
    return save({name: value.contiguous() for name, value in net.state_dict().items()})


@pytest.mark.parametrize("weights", [b"no", 10**15, None, weights_of_another_network()], ids=lambda w: str(w)[:6])
def test_damaged_weights_are_named_by_run_and_evaluation(copy, weights):
    run = Search.load(copy).run
    number = next(e.number for e in run.evaluations if e.shared_with is None)
    if weights is None:  # in part
        with Store(copy) as store:
            weights = store.weights(run.id, number)[:-8]
    spoil(copy, "UPDATE evaluations SET weights = ? WHERE number = ?", weights, number)
    with pytest.raises(StoreError, match=f"evaluation {number} of run '{run.id}'") as caught:
        run.network(number)
    assert "\n" not in str(caught.value)
    (row,) = runs(copy, check=True).rows
    assert (row.state, row.damage) == ("damaged", (str(caught.value),))


def test_a_check_names_every_damaged_row(copy):
    spoil(copy, "UPDATE evaluations SET result = '{' WHERE number IN (0, 2)")
    spoil(copy, "UPDATE generations SET state = '[]'")
    spoil(copy, "UPDATE runs SET provenance = json_remove(provenance, '$.calibration.qubits')")
    spoil(copy, "UPDATE runs SET created = 'yesterday'")
    found = runs(copy, check=True)
    for what in ("evaluation 0", "evaluation 2", "generation 1", "the provenance", "the date"):
        assert sum(what in line for line in found.damage) == 1, what
        assert what in repr(found)
    assert len(found.damage) == 5


def test_the_command_prints_what_is_damaged_and_fails(copy, capsys):
    assert main(["runs", "--check", "--store", str(copy)]) == 0
    spoil(copy, "UPDATE evaluations SET weights = x'00' WHERE number = 0")
    capsys.readouterr()
    assert main(["runs", "--check", "--store", str(copy)]) == 1
    out, err = capsys.readouterr()
    assert "the network of evaluation 0" in out
    assert (err.count("\n"), "damage, 1 in all" in err) == (1, True)


def test_no_store_is_one_line(tmp_path):
    with pytest.raises(StoreError, match=r"nothing\.db"):
        runs(tmp_path / "nothing.db")


def test_a_search_shows_itself_in_one_line(path):
    search = Search.load(path, runs(path).rows[1].id)
    assert repr(search) == (
        f"Search({search.id!r}, stopped: generation 2 of 3, 8 of 12 evaluations, "
        f"front of {len(search.run.front)}, {str(path)!r})"
    )
    assert repr(Search(toy.config())).startswith("Search('new', new: generation 1 of 6, 0 of 48 evaluations")
