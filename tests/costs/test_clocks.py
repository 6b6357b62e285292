"""Clocks: their arithmetic by hand, a fit that finds known constants, and jobs that real devices ran."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.clocks import Clock, Jobs, fit_clock, ratio_interval, vendor_clock
from hybhanas_jupyter.errors import UnknownNameError
from hybhanas_jupyter.hardware.calibration import Calibration

HARDWARE = Path(__file__).parents[3] / "shared" / "data" / "hardware"
needs_jobs = pytest.mark.skipif(not HARDWARE.is_dir(), reason=f"the jobs of real devices are not in {HARDWARE}")


def clock(**constants):
    return Clock(**{"name": "test", "source": "", "per_job": 2.0, "spread": (0.9, 1.2), **constants})


def named(name):
    return hyb.device("fake_kyiv").calibration.model_copy(update={"name": name})


def test_seconds_by_hand():
    made = clock(per_circuit=0.1, per_execution=1e-3, per_cell=1e-6, usual_shot=5e-4)
    assert made.seconds(circuits=10, shots=100) == pytest.approx(2 + 1 + 1000 * 1.5e-3)
    assert made.seconds(circuits=10, shots=100, shot_time=0) == pytest.approx(2 + 1 + 1)
    assert made.seconds(circuits=10, shots=100, n_qubits=11, depth=200) == pytest.approx(2 + 1 + 1000 * 3e-3)
    assert made.seconds(circuits=10, shots=100, shot_time=0, jobs=4) == pytest.approx(8 + 1 + 1)
    assert made.interval(circuits=10, shots=100, shot_time=0) == pytest.approx((3.6, 4.8))


def test_published_form_is_ibms():
    """IBM's guide: about 2 s + executions x (delay + circuit), with the reset of initialized qubits."""
    calibration = hyb.device("fake_miami").calibration  # 4 ms between shots
    published = vendor_clock(calibration, "published")
    assert published.seconds(shots=1000, shot_time=1e-5) == pytest.approx(2 + 1000 * (4e-3 + 1e-5))
    kyiv = hyb.device("fake_kyiv").calibration
    reset = 1.2942222222222222e-06  # props_kyiv.json
    assert vendor_clock(kyiv, "published").per_execution == pytest.approx(250e-6 + reset)


def test_the_name_of_a_device_decides_its_clock():
    names = ("fake_kyiv", "ibm_boston", "our_lab", "Helmi", "VTT_Q50", "IQM Garnet")
    clocks = [vendor_clock(named(name)).name for name in names]
    assert clocks == ["IBM measured"] * 3 + ["IQM Helmi measured", "IQM Q50 measured", "IQM Q50 measured"]
    with pytest.raises(UnknownNameError, match="Allowed: measured, published"):
        vendor_clock(named("x"), "billed")


def test_facts_about_jobs_enter_the_calibration_and_old_files_still_load(tmp_path):
    calibration = hyb.device("fake_miami").calibration
    assert (calibration.rep_delay_range, calibration.max_circuits, calibration.clops) == ((1e-3, 4e-3), 75, 24000)
    assert hyb.device("fake_boston").calibration.reset == pytest.approx(2.232e-6)
    old = calibration.model_dump_json(exclude={"rep_delay_range", "reset", "max_circuits", "clops"})
    (tmp_path / "old.json").write_text(old)
    loaded = Calibration.load(tmp_path / "old.json")
    assert loaded.max_circuits is None
    assert hyb.training_cost(hyb.Ansatz(2, 1), calibration, samples=9, epochs=1).circuits_per_job == 75
    assert hyb.training_cost(hyb.Ansatz(2, 1), loaded, samples=9, epochs=1).circuits_per_job == 300


def jobs(seconds, circuits, shots, known=0.0, cells=0.0):
    return Jobs(*np.broadcast_arrays(seconds, circuits, shots, known, cells))


def test_a_fit_finds_the_constants_and_does_not_follow_jobs_that_waited():
    rng = np.random.default_rng(3)
    circuits, shots, cells = rng.integers(1, 30, 60), rng.integers(100, 5000, 60), rng.integers(1, 3000, 60)
    seconds = 1.5 + 0.05 * circuits + circuits * shots * (3e-4 + 2e-7 * cells)
    seconds *= rng.normal(1, 0.02, 60)
    seconds[::10] *= 3
    fitted = fit_clock(jobs(seconds, circuits, shots, cells=cells), clock(), name="mine", source="60 jobs")
    assert fitted.per_job == pytest.approx(1.5, rel=0.1)
    assert fitted.per_execution == pytest.approx(3e-4, rel=0.05)
    assert fitted.per_cell == pytest.approx(2e-7, rel=0.05)
    assert fitted.spread[0] > 0.9
    assert fitted.spread[1] > 2.5  # one job in ten waited


def test_few_jobs_keep_what_they_leave_open_and_have_wide_intervals():
    prior = clock(per_job=1.0, per_circuit=0.02, per_execution=2e-4)
    one = fit_clock(jobs([6.0], [1], [10_000]), prior, name="mine", source="one job")
    assert one.seconds(circuits=1, shots=10_000) == pytest.approx(6, rel=0.01)
    assert one.per_circuit == pytest.approx(prior.per_circuit, rel=0.05)
    assert one.spread[0] < 0.9 < 1.1 < one.spread[1]
    assert ratio_interval(np.full(3, 1.0))[1] > ratio_interval(np.full(19, 1.0))[1] > 1.03


def test_intervals_hold_for_nine_in_ten():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(300):
        low, high = ratio_interval(np.exp(rng.standard_t(3, 60) * 0.1))
        held.append(np.mean((new := np.exp(rng.standard_t(3, 200) * 0.1)) >= low) - np.mean(new > high))
    assert 0.88 < np.mean(held) < 0.93


def iqm_jobs(file):
    with (HARDWARE / file).open() as lines:
        rows = list(csv.DictReader(lines))
    count = "num_circuits" if "num_circuits" in rows[0] else "batches"
    columns = ("qpu_seconds", count, "shots", "num_qubits", "depth")
    return [np.array([float(row[name]) for row in rows]) for name in columns]


@needs_jobs
@pytest.mark.parametrize(
    ("device", "file", "goal"), [("Helmi", "iqm_helmi_jobs.csv", 0.9), ("Q50", "iqm_q50_jobs.csv", 0.75)]
)
def test_jobs_of_iqms_devices(device, file, goal):
    made = vendor_clock(named(device))
    seconds, *work = iqm_jobs(file)
    predicted = np.array(
        [
            made.seconds(circuits=circuits, shots=shots, n_qubits=n_qubits, depth=depth)
            for circuits, shots, n_qubits, depth in zip(*work, strict=True)
        ]
    )
    assert np.mean(abs(predicted / seconds - 1) <= 0.2) >= goal
    plain = [made.seconds(circuits=circuits, shots=shots) for circuits, shots in zip(*work[:2], strict=True)]
    assert np.mean(abs(np.array(plain) / seconds - 1) <= 0.2) >= goal  # without qubits and depth too
    low, high = made.spread
    assert 0.85 <= np.mean((seconds >= low * predicted) & (seconds <= high * predicted)) <= 0.95


@needs_jobs
def test_jobs_of_ibms_devices():
    """Mirror circuits and QML kernels are microseconds: 10 and 1 circuits, 1000 shots each."""
    made = {"measured": [], "published": []}
    for line in (HARDWARE / "ibm_runs.jsonl").read_text().splitlines():
        run = json.loads(line)
        if run["runtime_seconds"] and run["benchmark"] in ("Mirror Circuits", "QML Kernel"):
            calibration = hyb.device(run["device"].replace("ibm", "fake")).calibration
            job = {"circuits": run["params"].get("num_circuits", 1), "shots": run["params"]["shots"], "shot_time": 5e-6}
            for form, errors in made.items():
                errors.append(vendor_clock(calibration, form).seconds(**job) / run["runtime_seconds"] - 1)
    within = {form: np.mean(np.abs(errors) <= 0.2) for form, errors in made.items()}
    assert within["measured"] > 0.75 > within["published"]  # jobs that waited for another one are a fifth of these
    assert np.median(np.abs(made["measured"])) < 0.03


def test_what_a_clock_shows():
    shown = repr(vendor_clock(hyb.device("fake_kyiv").calibration))
    assert shown == str(vendor_clock(hyb.device("fake_kyiv").calibration))
    assert "IBM measured clock" in shown
    assert "906 ms" in shown
    assert "metriq-data" in vendor_clock(hyb.device("fake_kyiv").calibration)._repr_html_()
    assert "IBM measured" in repr(hyb.quantum_cost(hyb.Ansatz(2, 1), "fake_kyiv"))
