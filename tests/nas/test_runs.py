import json
import sqlite3
from datetime import UTC, datetime

import pytest

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas.runs import runs
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.store import Store
from tests.nas import toy


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
