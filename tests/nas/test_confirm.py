import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from hybhanas_jupyter.errors import ConfigError, DataError
from hybhanas_jupyter.models.fit import fit
from hybhanas_jupyter.models.hybrid import HybridNet
from hybhanas_jupyter.nas.analysis import wilson
from hybhanas_jupyter.nas.confirm import Confirmation, Confirmed
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.foreground import search
from hybhanas_jupyter.nas.tasks import Task, trained_as
from tests.nas import real, toy


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = real.config(per_class=20, generations=2, test_share=0.3, training={"epochs": 3})
    return search(config, store=tmp_path_factory.mktemp("store") / "runs.db", progress=False)


def accuracy_on_test(net, data):
    net.eval()
    with torch.no_grad():
        return float((net(torch.from_numpy(data.x_test)).argmax(1).numpy() == data.y_test).mean())


def test_the_front_is_trained_again_and_tested(run):
    found, data = run.confirm(2), run.config.load_data()
    assert [row.evaluation for row in found.rows] == list(run.front)
    assert len(data.x_test) == 60
    for row in found.rows:
        assert row.test == accuracy_on_test(run.network(row.evaluation), data)
        assert row.test_samples == 60
        assert len(row.repeats) == len(row.repeated_tests) == 2
    row = found.rows[0]
    architecture = trained_as(run.config, row.evaluation.architecture)
    task = Task.of(run.config, architecture, lambda _: None, 2)
    net = HybridNet((1, 8, 8), 10, architecture.convolutions, architecture.ansatz, seed=task.seed)
    assert row.repeats[1] == fit(net, data, **run.config.training.fitting, seed=task.seed).accuracy
    assert row.repeated_tests[1] == accuracy_on_test(net, data)
    assert any(accuracy != row.evaluation.accuracy for row in found.rows for accuracy in row.repeats)
    assert "other seeds" in repr(found)
    assert len(found.to_dataframe()) == len(run.front)


def test_the_search_does_not_see_the_test_part(run):
    """Its images may be anything: the training part, and so every result, stays the same."""
    data = run.config.load_data()
    changed = replace(data, x_test=data.x_test * 0 + 7)
    again = search(run.config, store=":memory:", data=changed, progress=False)
    assert [e.accuracy for e in again.evaluations] == [e.accuracy for e in run.evaluations]
    other = np.zeros((300, 8, 8)), np.arange(300) % 10
    with pytest.raises(DataError, match="other data"):
        run.confirm(0, data=other)


def test_no_seeds_only_test_and_less_are_refused(run):
    found = run.confirm(0)
    assert all(row.repeats == () and math.isfinite(row.test) for row in found.rows)
    with pytest.raises(ConfigError, match="seeds is -1"):
        run.confirm(-1)


def confirmed(accuracy, repeats):
    architecture = toy.config().space.sample(random.Random(0))
    return Confirmed(Evaluation(0, 1, architecture, "ok", accuracy=accuracy), repeats, math.nan, (), 0)


def test_figures_by_hand():
    rows = (confirmed(0.9, (0.8, 0.9, math.nan)), confirmed(0.8, (0.5, 0.7)), confirmed(0.7, (0.65, 0.65)))
    found = Confirmation(2, rows)
    assert [row.mean for row in rows] == pytest.approx([0.85, 0.6, 0.65])
    assert rows[0].spread == pytest.approx(0.05 * math.sqrt(2))
    assert found.rank_correlation == pytest.approx(0.5)  # ranks 1 2 3 against 1 3 2
    assert found.optimism == pytest.approx((0.05 + 0.2 + 0.05) / 3)
    assert found.to_dict()["candidates"][0]["failed"] == 1
    assert "search with test_share=0.2" in repr(found)


@pytest.mark.parametrize(("seen", "count"), [(0, 10), (7, 10), (57, 60), (60, 60)])
def test_wilsons_interval_is_scipys(seen, count):
    expected = binomtest(seen, count).proportion_ci(method="wilson")
    assert wilson(seen / count, count) == pytest.approx((expected.low, expected.high), abs=1e-4)
