"""Clocks of own jobs: every form that jobs come in, what is kept of them, and what cannot be read."""

import json

import pandas as pd
import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs import own_runs
from hybhanas_jupyter.errors import DataError

JOBS = [  # 3 s + circuits x (0.02 s + shots x 0.5 ms)
    {"circuits": c, "shots": s, "seconds": 3 + c * (0.02 + 5e-4 * s)}
    for c, s in ((1, 1000), (10, 1000), (40, 500), (100, 200), (200, 50), (1, 50_000), (3, 9000))
]


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(own_runs, "cache_folder", lambda: tmp_path / "cache")


def written(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("form", ["dicts", "frame", "csv", "json", "jsonl", "other names"])
def test_jobs_come_in_many_forms(form, tmp_path):
    frame = pd.DataFrame(JOBS)
    jobs = {
        "dicts": lambda: JOBS,
        "frame": lambda: frame,
        "csv": lambda: written(tmp_path, "jobs.csv", frame.to_csv()),
        "json": lambda: str(written(tmp_path, "jobs.json", json.dumps(JOBS))),
        "jsonl": lambda: written(tmp_path, "jobs.jsonl", frame.to_json(orient="records", lines=True)),
        "other names": lambda: frame.rename(columns={"circuits": "num_circuits", "seconds": "qpu_seconds"}),
    }[form]()
    made = hyb.calibrate_clock(jobs)
    assert made.seconds(circuits=20, shots=2000) == pytest.approx(3 + 20 * (0.02 + 1), rel=0.01)
    low, high = made.interval(circuits=20, shots=2000)
    assert low < 23.4 < high
    assert not (tmp_path / "cache").exists()


def metrics(running, finished, **usage):
    """As qiskit-ibm-runtime's RuntimeJobV2.metrics() gives them."""
    return {
        "timestamps": {"created": "2026-01-01T00:00:00Z", "running": running, "finished": finished},
        "usage": usage,
        "num_circuits": 1,
        "num_qubits": [5],
    }


def test_metrics_of_ibms_jobs():
    used = metrics("2026-01-01T00:00:10Z", "2026-01-01T00:09:10.5Z", quantum_seconds=4, seconds=4)
    span = metrics("2026-01-01T00:00:10Z", "2026-01-01T00:00:14.5Z")
    for job, seconds in ((used, 4), (span, 4.5)):
        made = hyb.calibrate_clock([{**job, "shots": 10_000}])
        assert made.seconds(circuits=1, shots=10_000) == pytest.approx(seconds, rel=0.02)
        assert hyb.calibrate_clock({**job, "executions": 10_000}) == made


def test_own_clock_is_used_until_it_is_forgotten():
    circuit = hyb.Ansatz(2, 1)
    before = hyb.quantum_cost(circuit, "fake_kyiv")
    made = hyb.calibrate_clock(JOBS, "fake_kyiv")
    after = hyb.quantum_cost(circuit, "fake_kyiv")
    shot_time = after.execution_time + after.readout_time
    assert after.usage_time == made.seconds(circuits=1, shots=1000, shot_time=shot_time) != before.usage_time
    assert hyb.clock("fake_kyiv") == made
    assert (before.provenance.clock, after.provenance.clock) == ("IBM measured", "fake_kyiv calibrated")
    training = hyb.training_cost(circuit, "fake_kyiv", samples=10, epochs=1)
    assert training.clock == made
    assert hyb.clock("fake_torino").name == "IBM measured"
    assert hyb.forget_runs("fake_kyiv")
    assert not hyb.forget_runs("fake_kyiv")
    assert hyb.quantum_cost(circuit, "fake_kyiv").usage_time == before.usage_time
    assert hyb.clock("fake_kyiv", "published").per_job == 2


def test_a_fake_backend_shares_the_clock_of_its_device():
    made = hyb.calibrate_clock(JOBS, "fake_kyiv")
    real = hyb.device("fake_kyiv").calibration.model_copy(update={"name": "ibm_kyiv"})
    assert own_runs.clock_of(real) == made


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([], "There are no jobs"),
        ([{"circuits": 1, "shots": 100}], r"job 1 has no positive seconds; it has circuits, shots\."),
        ([{"seconds": 1, "circuits": 2}], "job 1 has no positive shots"),
        ([JOBS[0], {**JOBS[0], "seconds": "soon"}], "job 2 has seconds = 'soon': give a number"),
        ([{**JOBS[0], "seconds": -1}], "job 1 has no positive seconds"),
        ("missing.csv", r"Cannot read 'missing\.csv': No such file"),
    ],
)
def test_jobs_that_cannot_be_read(jobs, message):
    with pytest.raises(DataError, match=message):
        hyb.calibrate_clock(jobs)


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(DataError, match="is neither CSV nor JSON"):
        hyb.calibrate_clock(written(tmp_path, "jobs.json", "{"))
    hyb.calibrate_clock(JOBS, "fake_kyiv")
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.write_text('{"clock": 3}')
    with pytest.raises(DataError, match="is damaged, delete it and calibrate anew: clock"):
        hyb.clock("fake_kyiv")
    assert hyb.forget_runs("fake_kyiv")
