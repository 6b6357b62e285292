"""Plans, beside brute force over levels, delays and shots with an error model written again."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from scipy.optimize import curve_fit

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.plan import Delay, Reading, predicted_error
from hybhanas_jupyter.errors import CircuitError

DEVICE = "fake_torino"
OBSERVABLES = ["ZZII", "IZZI", "XXXX"]


@pytest.fixture(scope="module")
def circuit():
    return hyb.Ansatz(4, 2).to_circuit()


@pytest.fixture(scope="module")
def workload(circuit):
    return hyb.workload([(circuit, OBSERVABLES, np.zeros(circuit.num_parameters))], DEVICE)


@pytest.fixture(scope="module")
def left(circuit):
    """Damping of state and of readout, by the expectation model."""
    cost = hyb.expectation_cost(circuit, DEVICE, OBSERVABLES)
    return list(zip(cost.damping, cost.readout_damping, strict=True))


def error(level, shots, left):
    """Root mean square error of a value of size 1: the bias that the level leaves, and shot noise."""
    worst = 0.0
    for d, r in left:
        grown = 1.0
        if level == 2:  # least squares through three points, by finite differences around the true curve
            x = np.array([1.0, 3.0, 5.0])
            step = 1e-6
            rate = -np.log(d)
            by_size = np.exp(-rate * x)
            by_rate = (np.exp(-(rate + step) * x) - np.exp(-(rate - step) * x)) / (2 * step)
            grown = np.sqrt(np.linalg.inv(np.array([by_size, by_rate]) @ np.array([by_size, by_rate]).T)[0, 0])
        bias = {0: 1 - d * r, 1: 1 - d, 2: 0.1 * (1 - d)}[level]
        spread = {0: 1.0, 1: 1 / r, 2: grown / r}[level]
        worst = max(worst, np.hypot(bias, spread / np.sqrt(shots)))
    return worst


@pytest.fixture(scope="module")
def brute_force(circuit, left):
    """(level, shots, seconds, error) of 3 levels and 120 numbers of shots at the usual delay."""
    pub = (circuit, OBSERVABLES, np.zeros(circuit.num_parameters))
    rows = []
    for level in (0, 1, 2):
        for shots in np.unique(np.geomspace(5, 60_000, 120).astype(int)):
            options = {"resilience_level": level, "default_shots": int(shots)}
            rows.append((level, shots, hyb.workload([pub], DEVICE, options).usage_time, error(level, shots, left)))
    return rows


@pytest.mark.parametrize("precision", [0.3, 0.15, 0.08, 0.04, 0.02, 0.012])
def test_a_plan_is_as_cheap_as_brute_force_finds(workload, brute_force, left, precision):
    plan = workload.plan(precision=precision)
    cheapest = min(seconds for _, _, seconds, error in brute_force if error <= precision)
    assert plan.choice.seconds <= 1.1 * cheapest
    assert plan.choice.error <= precision
    if plan.choice.delay.keeps == 1:
        assert error(plan.choice.level, plan.choice.shots, left) == pytest.approx(plan.choice.error, rel=1e-3)


@pytest.mark.parametrize("budget", [1.5, 3.0, 12.0, 40.0])
def test_a_budget_buys_what_brute_force_finds(workload, brute_force, budget):
    plan = workload.plan(budget=budget)
    most_precise = min(error for _, _, seconds, error in brute_force if seconds <= budget)
    assert plan.choice.error <= 1.1 * most_precise
    assert plan.choice.seconds <= budget


def test_the_choice_is_what_the_workload_says(workload, circuit):
    plan = workload.plan(precision=0.03)
    choice = plan.choice
    options = {"resilience_level": choice.level, "default_shots": choice.shots}
    if choice.delay.keeps < 1:
        options["execution"] = {"rep_delay": choice.delay.seconds}
    pub = (circuit, OBSERVABLES, np.zeros(circuit.num_parameters))
    again = hyb.workload([pub], DEVICE, options)
    assert again.usage_time == plan.workload.usage_time == choice.seconds
    assert again.executions == plan.workload.executions


def test_options_that_pubs_and_levels_bring_are_replaced(circuit):
    pub = (circuit, OBSERVABLES, np.zeros(circuit.num_parameters), 0.5)
    options = {"resilience": {"zne_mitigation": True}, "twirling": {"enable_gates": True}}
    plain = hyb.workload([pub[:3]], DEVICE).plan(precision=0.1)
    assert hyb.workload([pub], DEVICE, options).plan(precision=0.1).choice == plain.choice


def test_extrapolation_spreads_as_a_fit_does():
    """The growth of the standard deviation, by fitting noisy points 4,000 times."""
    damping, shots = 0.8, 100_000
    x, random = np.array([1.0, 3.0, 5.0]), np.random.default_rng(1)

    def fitted():
        points = damping**x + random.normal(0, 1 / np.sqrt(shots), 3)
        return curve_fit(lambda x, size, rate: size * np.exp(-rate * x), x, points, (1.0, 0.2))[0][0]

    measured = np.std([fitted() for _ in range(4000)])
    reading = Reading(norm=1.0, damping=damping, readout_damping=1.0, value=0.0)
    assert predicted_error(2, shots, reading, Delay(250e-6)) == pytest.approx(measured, rel=0.05)


def test_what_no_level_reaches_is_said_in_words():
    deep = QuantumCircuit(4)
    for _ in range(150):
        for i in range(3):
            deep.cx(i, i + 1)
            deep.sx(i)
    plan = hyb.workload([(deep, "ZZZZ")], DEVICE).plan(precision=1e-4)
    assert plan.choice is None
    assert "No level reaches 0.0001" in plan.advice[0]
    assert "No level reaches" in repr(plan)
    assert len(plan.to_dataframe()) == 0


def test_advice_in_words(workload, circuit):
    assert any(line.startswith("Lower the level from 1") for line in workload.plan(precision=0.2).advice)
    assert any(line.startswith("Raise the level from 1") for line in workload.plan(precision=0.012).advice)
    assert any(line.startswith("Continue") for line in workload.plan(precision=0.1, budget=100).advice)
    assert any("exceeds 2.00 s" in line for line in workload.plan(precision=0.02, budget=2).advice)
    pub = (circuit, OBSERVABLES, np.zeros(circuit.num_parameters))
    session = hyb.workload([pub], DEVICE, mode="session", iterations=10)
    assert any("As a batch it saves the 45.0 s" in line for line in session.plan(precision=0.1).advice)


@pytest.mark.parametrize(
    ("arguments", "text"), [({}, "Give the precision"), ({"precision": 0}, "above 0"), ({"budget": -1.0}, "above 0")]
)
def test_a_plan_needs_a_goal(workload, arguments, text):
    with pytest.raises(CircuitError, match=text):
        workload.plan(**arguments)


def test_a_sampler_has_nothing_to_plan(circuit):
    sampler = hyb.workload([(circuit, np.zeros(circuit.num_parameters))], DEVICE)
    with pytest.raises(CircuitError, match="Only an Estimator's"):
        sampler.plan(precision=0.1)
