import numpy as np
import pennylane as qml
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import EfficientSU2, RXGate, efficient_su2

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.training_cost import training_cost
from hybhanas_jupyter.errors import CircuitError


def test_executions_and_clocks_by_hand():
    ansatz = Ansatz(3, 2)
    training = training_cost(ansatz, "fake_kyiv", samples=100, epochs=3, shots=500, batch_size=32, circuits_per_job=200)
    evaluations = 1 + 2 * (6 + 3)
    assert training.executions == 100 * 3 * 500 * evaluations
    assert training.jobs == 3 * (3 * 4 + 1)  # 32 x 19 = 608 circuits: 4 jobs; the last 4 samples: 76 circuits, 1 job
    cost = hyb.quantum_cost(ansatz, "fake_kyiv")
    assert training.quantum_time == pytest.approx(training.executions * cost.effective_time)
    clock = training.clock  # of its own, tests/costs/test_clocks.py
    shot = clock.per_execution + cost.execution_time + cost.readout_time
    assert training.usage_time == pytest.approx(clock.per_job * 39 + training.executions * shot)


def test_observables_that_do_not_commute_need_circuits_of_their_own():
    run = {"samples": 64, "epochs": 1, "batch_size": 64, "circuits_per_job": 300}
    one, three = (training_cost(Ansatz(2, 1), "fake_kyiv", **run, measurement_groups=n) for n in (1, 3))
    assert three.executions == 3 * one.executions
    assert (one.jobs, three.jobs) == (2, 6)  # 64 samples x 9 evaluations = 576 and 1,728 circuits


def test_report_states_the_assumptions():
    training = training_cost(Ansatz(2, 1), "fake_kyiv", samples=10, epochs=1)
    for text in (repr(training), training._repr_html_()):
        for label in ("quantum time", "usage time", "batch size", "circuits per job", "between two shots"):
            assert label in text


def test_bad_sizes_and_unknown_rules_are_named():
    with pytest.raises(CircuitError, match="epochs is 0"):
        training_cost(Ansatz(2, 1), "fake_kyiv", samples=1, epochs=0)


def test_composites_are_trained_as_they_are_costed():
    run = {"samples": 10, "epochs": 1}
    composite = training_cost(EfficientSU2(3, reps=1), "fake_kyiv", **run)
    written = training_cost(efficient_su2(3, reps=1), "fake_kyiv", **run)
    assert composite.evaluations_per_sample == written.evaluations_per_sample == 1 + 24
    controlled = training_cost(_controlled(), "fake_kyiv", **run)
    assert controlled.evaluations_per_sample == 1 + 12  # as many as Qiskit's gradient takes


def _controlled():
    circuit = QuantumCircuit(3)
    circuit.append(RXGate(Parameter("a")).control(2), [0, 1, 2])
    return circuit


def test_a_qnode_says_what_it_measures_and_which_arguments_are_data():
    @qml.qnode(qml.device("default.qubit", wires=4))
    def node(x, w):
        qml.AngleEmbedding(x, wires=range(4))
        qml.DoubleExcitation(w, wires=range(4))
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    run = {"samples": 10, "epochs": 1, "arguments": (np.zeros(4), 0.1)}
    every, weights = (training_cost(node, "fake_kyiv", data_parameters=d, **run) for d in ([], ["x"]))
    assert every.measurement_groups == weights.measurement_groups == 2
    assert (every.evaluations_per_sample, weights.evaluations_per_sample) == (1 + 2 * 4 + 4, 1 + 4)


def test_jobs_of_any_number_of_samples_are_counted_at_once():
    sizes = {"epochs": 2, "batch_size": 3, "circuits_per_job": 7}
    training = training_cost(Ansatz(2, 1), "fake_kyiv", samples=10**17 + 1, **sizes)
    per_sample = 1 + 2 * 4
    steps = [3] * 33 + [2]
    assert training_cost(Ansatz(2, 1), "fake_kyiv", samples=101, **sizes).jobs == 2 * sum(
        -(-n * per_sample // 7) for n in steps
    )
    assert training.jobs == 2 * ((10**17 + 1) // 3 * 4 + (-(-((10**17 + 1) % 3) * per_sample // 7)))
    assert training.usage_time > 1e17


def test_expectation_time_is_that_of_z_on_every_qubit():
    ansatz = hyb.Ansatz(3, 2)
    cost = hyb.training_cost(ansatz, "fake_kyiv", samples=10, epochs=1, precision=0.05)
    expected = hyb.expectation_cost(ansatz, "fake_kyiv", precision=0.05)
    assert cost.expectation_time == expected.expectation_time == expected.time.mean()
    assert cost.to_dict()["expectation_time"] == expected.expectation_time
    assert "an expectation value to +-0.05" in repr(cost)


def test_a_training_is_one_flat_row():
    training = training_cost(Ansatz(2, 1), "fake_kyiv", samples=10, epochs=2)
    row = training.to_dataframe().iloc[0]
    assert not [name for name, value in row.items() if isinstance(value, dict)]
    assert (row["usage_time"], row["cost_usage_time"]) == (training.usage_time, training.cost.usage_time)
