"""A run as one JSON file: it comes back whole, and a damaged file is refused with everything that is wrong in it."""

import json
import math
from dataclasses import fields, replace

import pytest

from hybhanas_jupyter.errors import ConfigError, StoreError
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.run import Run
from tests.nas import toy


@pytest.fixture(scope="module")
def run():
    """Trained, infeasible, failed and infinitely expensive candidates, with a gap in their numbers."""
    config = toy.config(constraints={"quantum_time": 60})
    loop = toy.loop(config)
    for _ in range(2):
        loop.generation()
    evaluations = sorted(loop.state.evaluations.values(), key=lambda e: e.number)
    evaluations[1] = replace(evaluations[1], status="failed", reason="no <b>memory</b>", accuracy=math.nan)
    evaluations[2] = replace(evaluations[2], usage_time=math.inf, cost={"routing_time": math.inf})
    del evaluations[5]
    return Run("20260101-abc", config, tuple(evaluations), (0.1, 0.25), 4, invalid=2, data=toy.DATA, store="runs.db")


@pytest.fixture
def path(run, tmp_path):
    run.save(tmp_path / "run.json")
    return tmp_path / "run.json"


def test_everything_but_the_store_comes_back(run, path):
    back = Run.load(path)
    assert {e.status for e in back.evaluations} == {"ok", "failed", "infeasible"}
    for old, new in zip(run.evaluations, back.evaluations, strict=True):
        for field in fields(Evaluation):  # repr, since NaN is not equal to NaN
            assert repr(getattr(new, field.name)) == repr(getattr(old, field.name)), field.name
    assert (back.id, back.config, back.hypervolumes) == (run.id, run.config, run.hypervolumes)
    assert (back.repeated, back.invalid, back.data, back.store) == (4, 2, toy.DATA, "")


def test_front_and_report_are_those_of_the_run(run, path):
    assert run.front
    assert repr(Run.load(path)) == repr(run)


def test_file_is_strict_json(path):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads(path.read_text(), parse_constant=refuse)


def changed(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    return path


def test_all_wrong_values_are_named_at_once(path):
    def damage(values):
        values["config"]["generations"] = 0
        values["evaluations"][3]["accuracy"] = "high"
        values["evaluations"][4]["colour"] = "red"
        values["repeated"] = -1

    with pytest.raises(ConfigError) as error:
        Run.load(changed(path, damage))
    text = str(error.value)
    assert "\n" not in text
    for part in (
        "config.generations is 0",
        "evaluations.3.accuracy is 'high'",
        "evaluations.4.colour",
        "repeated is -1",
    ):
        assert part in text


def test_evaluations_out_of_order_are_refused(path):
    with pytest.raises(ConfigError, match="ascending numbers"):
        Run.load(changed(path, lambda values: values["evaluations"].reverse()))


def test_file_of_a_newer_form_is_refused(path):
    with pytest.raises(ConfigError, match="version is 2"):
        Run.load(changed(path, lambda values: values.update(version=2)))


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(StoreError, match=r"Cannot read run '.*none\.json'"):
        Run.load(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("no JSON")
    with pytest.raises(ConfigError, match="not JSON"):
        Run.load(tmp_path / "text.json")


@pytest.mark.parametrize("action", ["verify", "recost", "export"])
def test_what_needs_the_store_says_so(path, tmp_path, action):
    run = Run.load(path)
    arguments = {"verify": (), "recost": ("fake_torino",), "export": (0, tmp_path)}[action]
    with pytest.raises(StoreError, match="in no run store"):
        getattr(run, action)(*arguments)
