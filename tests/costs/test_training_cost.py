import pennylane as qml
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.circuits.shift_rules import shift_evaluations
from hybhanas_jupyter.costs.training_cost import training_cost
from hybhanas_jupyter.errors import CircuitError


def shifted_tapes(build, *angles):
    """How many tapes PennyLane's own parameter-shift transform makes of a circuit."""
    with qml.queuing.AnnotatedQueue() as queue:
        build(*angles)
        qml.expval(qml.PauliZ(0))
    tape = qml.tape.QuantumScript.from_queue(queue)
    tape.trainable_params = list(range(len(tape.get_parameters(trainable_only=False))))
    return len(qml.gradients.param_shift(tape)[0])


@pytest.mark.parametrize(
    ("qiskit_gate", "pennylane_gate", "wires"),
    [
        ("rx", qml.RX, [0]),
        ("rz", qml.RZ, [0]),
        ("p", qml.PhaseShift, [0]),
        ("crx", qml.CRX, [0, 1]),
        ("cry", qml.CRY, [0, 1]),
        ("crz", qml.CRZ, [0, 1]),
        ("cp", qml.ControlledPhaseShift, [0, 1]),
        ("rzz", qml.IsingZZ, [0, 1]),
        ("rxx", qml.IsingXX, [0, 1]),
    ],
)
def test_evaluations_per_gate_are_pennylanes(qiskit_gate, pennylane_gate, wires):
    circuit = QuantumCircuit(2)
    getattr(circuit, qiskit_gate)(Parameter("a"), *wires)
    assert shift_evaluations(circuit) == shifted_tapes(lambda a: pennylane_gate(a, wires=wires), 0.3)


def test_shared_parameter_counts_once_per_gate():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.rx(a, 0)
    circuit.ry(2 * a + b, 1)
    circuit.crz(a, 0, 1)
    circuit.rx(0.5, 0)
    assert shift_evaluations(circuit) == 2 + 2 + 4


def test_inputs_count_unless_nothing_in_front_is_trained():
    circuit = Ansatz(4, 3, ("RY", "RZ")).to_circuit()
    assert shift_evaluations(circuit) == 2 * (24 + 4)
    assert shift_evaluations(circuit, data_parameters=["x"]) == 2 * 24
    assert shift_evaluations(circuit, data_parameters=["x[0]"]) == 2 * 27


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
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    with pytest.raises(CircuitError, match="shift rule"):
        shift_evaluations(_controlled(circuit))


def _controlled(circuit):
    outer = QuantumCircuit(2)
    outer.append(circuit.to_gate(label="mystery"), [0])
    return outer


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
