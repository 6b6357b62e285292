"""The hardware model: its form by hand, its intervals, own results, and runs that real devices recorded."""

import json
from datetime import UTC, datetime, timedelta
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs import own_runs
from hybhanas_jupyter.costs.hardware_model import (
    RANGE,
    SCALE,
    SHARE,
    SuccessScale,
    interval_width,
    losses_on_hardware,
    success_interval,
)
from hybhanas_jupyter.costs.hardware_runs import HardwareRun, fit_losses, hardware_check
from hybhanas_jupyter.errors import DataError

HARDWARE = Path(__file__).parents[3] / "shared" / "data" / "hardware"
needs_runs = pytest.mark.skipif(not HARDWARE.is_dir(), reason=f"the runs of real devices are not in {HARDWARE}")


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(own_runs, "_path", lambda calibration: tmp_path / f"{calibration.name}.json")


def pair(circuit, device="fake_torino"):
    return [hyb.quantum_cost(circuit, device, model=model) for model in ("calibrated", "hardware")]


def test_losses_by_hand():
    calibrated, hardware = pair(hyb.Ansatz(4, 3))
    calibration = hyb.device("fake_torino").calibration
    shot = calibrated.execution_time + calibrated.readout_time
    exposed = shot * sum(1 / calibration.relaxation[qubit][0] + 1 / 330e-6 for qubit in calibrated.measured_qubits)
    losses = -calibrated.log_success_probability - calibrated.log_readout_success_probability
    expected = 1.28 * losses**0.36 * exposed**0.64
    found = -hardware.log_success_probability - hardware.log_readout_success_probability
    assert found == pytest.approx(expected, rel=1e-9)
    ratio = found / losses
    assert hardware.log_readout_success_probability == pytest.approx(ratio * calibrated.log_readout_success_probability)
    assert hardware.measured_fidelity == pytest.approx(exp(-found) * (1 - 1 / 16) + 1 / 16)


def test_only_success_differs_from_the_calibrated_model():
    calibrated, hardware = pair(hyb.Ansatz(3, 2))
    for name in ("execution_time", "readout_time", "usage_time", "serial_time", "depth"):
        assert getattr(hardware, name) == getattr(calibrated, name)
    assert hardware.gate_error_penalty / hardware.decoherence_penalty == pytest.approx(
        calibrated.gate_error_penalty / calibrated.decoherence_penalty
    )
    assert calibrated.success_interval is None
    assert calibrated.measured_fidelity_interval is None
    assert calibrated.usage_interval[0] < calibrated.usage_time < calibrated.usage_interval[1]


def test_beyond_the_recorded_runs_the_nearest_factor_holds_and_is_said():
    facts = hyb.device("fake_torino").calibration.model_dump()
    facts["qubits"] = [{"t1": 1e-6, "t2": 1e-6}] * len(facts["qubits"])  # seconds: within a shot
    facts["gates"] = [{**gate, "error": min(gate["error"], 0.0)} for gate in facts["gates"]]
    calibrated, hardware = pair(hyb.Ansatz(3, 2), hyb.Calibration(**facts))
    factor = hardware.log_success_probability / calibrated.log_success_probability
    assert factor == pytest.approx(losses_on_hardware(RANGE[0], 1) / RANGE[0])
    assert "it is an extrapolation" in " ".join(hardware.provenance.warnings)
    assert "extrapolation" not in " ".join(pair(hyb.Ansatz(3, 2))[1].provenance.warnings)


def test_a_circuit_twice_as_long_loses_twice_as_much():
    assert losses_on_hardware(0.6, 0.2) == pytest.approx(2 * losses_on_hardware(0.3, 0.1))
    assert losses_on_hardware(0.6, 0.1) > losses_on_hardware(0.3, 0.1)


def test_an_unknown_readout_stays_unknown():
    facts = hyb.device("fake_torino").calibration.model_dump()
    facts["gates"] = [gate for gate in facts["gates"] if gate["name"] != "measure"]
    silent = hyb.Calibration(**facts)
    cost = hyb.quantum_cost(hyb.Ansatz(2, 1), silent, model="hardware")
    assert 0 < cost.success_probability < 1
    assert np.isnan(cost.readout_success_probability)


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.2, 0.5, 0.9, 0.99, 1.0])
def test_intervals_hold_the_estimate_and_stay_within_shares(p):
    low, high = success_interval(p)
    assert 0 <= low <= p <= high <= 1
    assert high - low < 0.45


def test_age_and_own_runs_decide_the_width():
    fresh = hyb.device("fake_torino").calibration.model_copy(update={"date": datetime(2026, 1, 1, tzinfo=UTC)})
    days = [interval_width(fresh.date, now=fresh.date + timedelta(days=age)) for age in (0, 7, 21, 400)]
    assert days[0] < days[1] < days[2] == days[3] == 1
    assert interval_width(None) == 1
    few, many = (SuccessScale(device="x", runs=n, weight=n, log_factor=0.0) for n in (1, 20))
    assert interval_width(None, many) < interval_width(None, few) < interval_width(None)


def test_reports_and_dictionaries_state_intervals():
    cost = hyb.quantum_cost(hyb.Ansatz(3, 2), "fake_torino", model="hardware")
    low, high = cost.measured_fidelity_interval
    assert f"{cost.measured_fidelity:.2f}, 90 %: {low:.2f} to {high:.2f}" in repr(cost)
    assert "hardware model" in repr(cost)
    assert cost.to_dict()["measured_fidelity_interval"] == [low, high]
    assert cost.to_dict()["success_interval"][0] < cost.success_probability < cost.to_dict()["success_interval"][1]


def test_intervals_of_expectation_values_are_those_of_their_damping():
    circuit = hyb.Ansatz(2, 1)
    cost = hyb.expectation_cost(circuit, "fake_torino", ["ZI", "IZ"])
    left = cost.damping * cost.readout_damping
    read, ends = cost.noisy([0.8, -0.5]), cost.read_interval([0.8, -0.5])
    still = cost.noisy([0.0, 0.0])
    for i, ideal in enumerate((0.8, -0.5)):
        low, high = ends[i]
        assert low < read[i] < high
        wanted = sorted(still[i] + ideal * end for end in success_interval(left[i]))
        assert [low, high] == pytest.approx(wanted)


def test_own_results_move_the_estimate_until_they_are_forgotten():
    circuits = [hyb.Ansatz(n, 3, topology="full") for n in (3, 4, 5, 6)]
    before = [hyb.quantum_cost(circuit, "fake_torino", model="hardware") for circuit in circuits]
    twice = [  # a device that loses twice as much
        exp(2 * (cost.log_success_probability + cost.log_readout_success_probability)) * (1 - 2**-n) + 2**-n
        for cost, n in zip(before, (3, 4, 5, 6), strict=True)
    ]
    scale = hyb.calibrate_success(zip(circuits, twice, strict=True), "fake_torino")
    assert 1.5 < scale.factor < 2  # drawn to 1, as four runs are few
    after = hyb.quantum_cost(circuits[0], "fake_torino", model="hardware")
    assert after.log_success_probability == pytest.approx(scale.factor * before[0].log_success_probability)
    assert "success calibrated by 4 own runs" in " ".join(after.provenance.warnings)
    width = np.diff(after.measured_fidelity_interval) / np.diff(success_interval(after.measured_fidelity))
    assert width[0] < 0.9
    again = hyb.calibrate_success(
        [{"circuit": c, "success": s} for c, s in zip(circuits, twice, strict=True)], "fake_torino"
    )
    assert again.factor == pytest.approx(scale.factor)
    assert hyb.quantum_cost(circuits[0], "fake_torino").log_success_probability != after.log_success_probability
    assert hyb.forget_runs("fake_torino")
    assert hyb.quantum_cost(circuits[0], "fake_torino", model="hardware") == before[0]
    assert "own runs" in repr(scale)


@pytest.mark.parametrize(
    ("results", "message"), [([], "There are no results"), ([(0, 1.2)], "result 1 has success = 1.2")]
)
def test_results_that_are_no_shares(results, message):
    with pytest.raises(DataError, match=message):
        hyb.calibrate_success(results, "fake_torino")


def test_a_fit_finds_its_constants():
    rng = np.random.default_rng(5)
    runs = [
        HardwareRun(f"device {i % 4}", "", "", exp(-losses_on_hardware(losses, exposed)), losses, exposed, 0.0)
        for i, (losses, exposed) in enumerate(rng.uniform((0.05, 0.01), (2, 1), (40, 2)).tolist())
    ]
    assert fit_losses(runs) == pytest.approx((SCALE, SHARE), rel=1e-3)


def test_without_the_folder_of_runs(tmp_path):
    with pytest.raises(DataError, match=r"has no ibm_runs\.jsonl: give the folder of recorded runs"):
        hardware_check(tmp_path)


@needs_runs
def test_small_kernels_of_real_devices(tmp_path):
    """Up to 20 qubits, which compile in little time; benchmarks/hardware_success.py judges all."""
    lines = (HARDWARE / "ibm_runs.jsonl").read_text().splitlines()
    kernels = [line for line in lines if '"benchmark": "QML Kernel"' in line]
    few = [line for line in kernels if json.loads(line)["params"]["num_qubits"] <= 20]
    values = [line for line in lines if '"benchmark": "WIT"' in line]
    (tmp_path / "ibm_runs.jsonl").write_text("\n".join(few + values))
    (tmp_path / "circuits").symlink_to(HARDWARE / "circuits")
    check = hardware_check(tmp_path)
    figures, expectation = check.figures["QML Kernel"], check.figures["WIT"]
    wit = [(run, p) for run, p in zip(check.runs, check.predicted, strict=True) if run.benchmark == "WIT"]
    assert np.mean([abs(p - run.measured) for run, p in wit if run.device != "ibm_fez"]) <= 0.05
    assert expectation["runs"] == len(values)
    assert figures["runs"] == len(few) > 40
    assert figures["coverage"] >= 0.8
    assert figures["hardware: mean error"] < 0.12
    assert "Share of right results on real devices" in repr(check)
    assert check.to_dict()["runs"][0]["low"] <= check.to_dict()["runs"][0]["predicted"]
    assert log(check.runs[0].usual) < 0
    axes = check.figure().axes[0]
    assert axes.get_legend_handles_labels()[1] == ["equal", "QML Kernel", "WIT"]
    drawn = axes.containers[0].lines[0].get_xydata()
    assert drawn.tolist() == [[r.measured, p] for r, p in zip(check.runs, check.predicted, strict=True)][: len(few)]
