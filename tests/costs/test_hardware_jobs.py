"""Recorded jobs: clocks that were fitted without them, on jobs whose clock is known, and on those of real devices."""

import json
from pathlib import Path

import numpy as np
import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.hardware_jobs import clock_checks, clock_table
from hybhanas_jupyter.errors import DataError

HARDWARE = Path(__file__).parents[3] / "shared" / "data" / "hardware"
needs_jobs = pytest.mark.skipif(not HARDWARE.is_dir(), reason=f"the jobs of real devices are not in {HARDWARE}")


def runs(folder, seconds):
    """Jobs of 1 to 30 mirror circuits on three devices, that take `seconds` of circuits, shots and delay."""
    lines = []
    for number, device in enumerate(("boston", "fez", "miami") * 12):
        circuits, delay = 1 + number % 30, 4e-3 if device == "miami" else 250e-6
        params = {"num_circuits": circuits, "num_layers": 8, "width": 32, "shots": 1000}
        run = {"device": f"ibm_{device}", "benchmark": "Mirror Circuits", "score": None, "params": params}
        lines.append(json.dumps({**run, "runtime_seconds": seconds(circuits, 1000, delay)}))
    (folder / "ibm_runs.jsonl").write_text("\n".join(lines))


def test_a_clock_that_is_known_is_found_on_devices_left_out(tmp_path):
    runs(tmp_path, lambda circuits, shots, delay: 1.5 + circuits * (0.1 + shots * (delay + 30e-6)))
    (check,) = clock_checks(tmp_path)
    figures = check.figures()
    assert figures["jobs"] == 36
    assert figures["mean error"] < 0.01
    assert figures["within 20 %"] == 1


def test_the_published_form_is_right_where_jobs_follow_it(tmp_path):
    runs(tmp_path, lambda circuits, shots, delay: 2 + circuits * shots * (delay + 4e-6))
    (check,) = clock_checks(tmp_path)
    assert check.figures()["published within 20 %"] == 1
    assert np.allclose(check.published, check.seconds, rtol=0.01)


def test_without_the_folder_and_with_a_file_that_is_none(tmp_path):
    with pytest.raises(DataError, match=r"has no ibm_runs\.jsonl: give the folder of recorded runs"):
        hyb.checks.hardware(tmp_path)
    with pytest.raises(DataError, match="Which recorded runs"):
        hyb.checks.hardware()
    runs(tmp_path, lambda circuits, shots, delay: 2.0)
    (tmp_path / "iqm_q50_jobs.csv").write_text("depth,batches,shots\n1,2,3\n")
    with pytest.raises(DataError, match="is no file of IQM's jobs"):
        clock_checks(tmp_path)


@needs_jobs
def test_iqms_devices_reach_their_goals(tmp_path):
    runs(tmp_path, lambda circuits, shots, delay: 1 + circuits * shots * delay)
    for name in ("iqm_helmi_jobs.csv", "iqm_q50_jobs.csv"):
        (tmp_path / name).symlink_to(HARDWARE / name)
    _, *checks = clock_checks(tmp_path)
    helmi, q50 = (check.figures() for check in checks)
    assert helmi["within 20 %"] >= 0.9
    assert q50["within 20 %"] >= 0.75
    for figures in (helmi, q50):
        assert figures["published within 20 %"] < 0.1
        assert 0.85 <= figures["held"] <= 0.95
    headers, rows = clock_table(checks)
    assert len(headers) == len(rows[0])
    assert [row[0] for row in rows] == [f"Helmi, {helmi['jobs']:.0f} jobs", f"Q50, {q50['jobs']:.0f} jobs"]
