import re

import pytest
from matplotlib.figure import Figure

from hybhanas_jupyter.costs import checks
from hybhanas_jupyter.costs.checks import Check, Point
from hybhanas_jupyter.costs.profile import DeviceProfile
from hybhanas_jupyter.errors import DeviceError, UnknownNameError


def test_figures_by_hand():
    check = Check("time in s", "a clock", (Point("a", 1.1, 1.0), Point("b", 1.0, 2.0), Point("c", 3.0, 3.0)))
    assert check.mean_error == pytest.approx(1.1 / 3)
    assert check.mean_relative_error == pytest.approx(0.6 / 3)
    assert check.max_relative_error == pytest.approx(0.5)
    assert check.spearman == pytest.approx(0.5)
    assert check.to_dict()["points"][1] == ("b", 1.0, 2.0)
    assert re.search(r"Furthest off:\n +b: 1.000, reference 2.000\n +a: 1.100", repr(check))
    assert isinstance(check.figure(), Figure)


def test_scheduler_agrees_and_the_papers_averages_are_slightly_above():
    assert checks.scheduler(circuits=3).max_relative_error <= 1e-12
    paper = checks.scheduler(["fake_kyiv"], circuits=3, model="paper")
    assert all(1 < point.predicted / point.reference < 1.6 for point in paper.points)


def test_devices_that_cannot_be_simulated_are_named():
    with pytest.raises(DeviceError, match="fake_burlington has no dt"):
        checks.reliability(["fake_burlington"], circuits=1)


def test_reliability_follows_aer_on_circuits_of_its_own():
    check = checks.reliability(["fake_kyiv", "fake_fez", "fake_hanoi"], circuits=6, seed=1)
    assert check.mean_error < 0.015
    assert check.spearman > 0.98


def test_reliability_follows_aer_on_algorithms():
    check = checks.reliability(["fake_kyiv", "fake_torino"], circuits=6, seed=1, kind="algorithms")
    assert len({point.label.split(", ")[1].split(" on ")[0] for point in check.points}) == 6
    assert check.mean_error < 0.01
    assert check.spearman > 0.99
    with pytest.raises(UnknownNameError, match="Unknown kind 'all'"):
        checks.reliability(kind="all")


def test_training_steps_are_compared_with_what_the_profile_says(monkeypatch):
    profile = DeviceProfile(processor="any", torch="any", throughput=1e9, step=1e-3, operations={})
    work = {"flops": 10**7, "parameters": 10, "operations": {}, "allocated": 0}
    seconds = (0.01, 1e-3, 2e-3, 0.5e-3)  # the reference CNN's pace is the profile's
    steps = [{"kind": kind, "work": work, "seconds": s} for kind, s in zip("rsps", seconds, strict=True)]
    monkeypatch.setattr(checks, "measured_steps", lambda *_: steps)
    check = checks.classical(profile)
    assert [point.predicted / point.reference for point in check.points] == pytest.approx([1, 0.5, 2])
    assert check.mean_relative_error == pytest.approx(0.5)
    assert not check.notes
    paper = checks.classical(profile, model="paper")
    assert [point.predicted for point in paper.points] == pytest.approx([0.01] * 3)


def test_training_steps_of_networks_that_the_profile_never_saw_are_measured():
    check = checks.classical(DeviceProfile.measure(networks=6), networks=4, seed=2)
    kinds = [kind for kind in ("search", "plain") for point in check.points if f"({kind})" in point.label]
    assert kinds == ["search", "search", "plain", "plain"]
    assert all(point.predicted > 0 and point.reference > 0 for point in check.points)


@pytest.mark.parametrize(("speed", "notes"), [(1.0, 0), (2.0, 1), (0.5, 1)])
def test_a_machine_that_is_not_as_fast_as_when_it_was_profiled_is_told(monkeypatch, speed, notes):
    work = {"flops": 10**9, "parameters": 10, "operations": {}, "allocated": 0}
    monkeypatch.setattr(
        checks, "measured_steps", lambda *_: [{"kind": "plain", "work": work, "seconds": 0.1 / speed}] * 3
    )
    profile = DeviceProfile(processor="any", torch="any", throughput=1e10, step=0.001, operations={})
    found = checks.classical(profile).notes
    assert len(found) == notes
    assert all(f"{speed:.2f} times" in note for note in found)
