"""A real cluster of worker processes."""

import os
import signal
import sys

import pytest

from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.nas.foreground import search
from hybhanas_jupyter.nas.search import Search
from tests.nas import real, toy

distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")


@pytest.fixture(scope="module")
def client():
    # multiprocessing reads it, and under pytest-xdist it is missing.
    vars(sys.modules["__main__"]).setdefault("__spec__", None)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return search(real.config(generations=2), store=tmp_path_factory.mktemp("whole") / "runs.db", progress=False)


@pytest.mark.parametrize("way", ["client", "address", "default"])
def test_a_cluster_gives_the_same_run(way, client, whole, tmp_path):
    changes = {
        "client": {},
        "address": {"workers": "dask", "scheduler": client.scheduler.address},
        "default": {"workers": "dask"},
    }[way]
    given = client if way == "client" else None
    run = search(real.config(generations=2, **changes), store=tmp_path / "runs.db", executor=given, progress=False)
    assert toy.outcome(run.evaluations) == toy.outcome(whole.evaluations)
    assert run.hypervolumes == whole.hypervolumes
    assert client.status == "running"


def test_a_worker_killed_in_the_middle_of_a_generation_costs_nothing_but_time(client, tmp_path):
    config = real.config(generations=2, population=6, training={"epochs": 150, "early_stop_accuracy": 0})
    victim, evaluated = min(client.run(os.getpid).values()), []

    def kill(_):
        evaluated.append(running.progress.evaluated)
        if len(evaluated) == 1:
            os.kill(victim, signal.SIGKILL)

    running = Search(config, store=tmp_path / "runs.db", executor=client)
    running.on_evaluation(kill)
    running.start()
    run = running.result()
    assert evaluated[0] < 6
    undisturbed = search(config, store=tmp_path / "other.db", progress=False)
    assert toy.outcome(run.evaluations) == toy.outcome(undisturbed.evaluations)


def test_no_cluster_is_one_clear_line(tmp_path):
    wrong = real.config(workers="dask", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9") as error:
        search(wrong, store=tmp_path / "runs.db", progress=False)
    assert "\n" not in str(error.value)
