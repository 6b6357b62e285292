"""Circuits beyond gates in a row: measured and reset on their way, control flow, nothing at all; judged by Qiskit."""

import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.translation import ITERATIONS, straight_line
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.errors import CircuitError


def start() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    return circuit


def measured() -> QuantumCircuit:
    circuit = start()
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def measured_twice() -> QuantumCircuit:
    circuit = start()
    circuit.measure([0, 0], [0, 1])
    return circuit


def was_reset() -> QuantumCircuit:
    circuit = start()
    circuit.cx(0, 1)
    circuit.reset(0)
    circuit.h(0)
    return circuit


def initialized() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.initialize([0.6, 0, 0, 0.8], [0, 1])
    return circuit


def boxed() -> QuantumCircuit:
    circuit = start()
    with circuit.box():
        circuit.cx(0, 1)
    circuit.add_var("v", expr.lift(True))
    return circuit


@pytest.mark.parametrize("build", [measured, measured_twice, was_reset, initialized, boxed])
@pytest.mark.parametrize("device_name", ["fake_kyiv", "fake_boston"])
def test_makespan_is_qiskits(build, device_name):
    cost = quantum_cost(build(), device_name)
    expected = cost.physical_circuit.estimate_duration(hyb.device(device_name).target, unit="s")
    assert cost.execution_time == pytest.approx(expected, rel=1e-12)
    assert 0.9 < cost.success_probability < 1
    assert "effective" in repr(cost)


def test_a_measurement_on_the_way_takes_its_time_and_may_be_wrong():
    device = hyb.device("fake_kyiv")
    cost, plain = quantum_cost(measured(), device, optimization_level=0), quantum_cost(bell(), device)
    readout = device.calibration.readout(cost.layout[0])
    assert cost.execution_time > plain.execution_time + readout.duration
    assert cost.success_probability < (1 - readout.error) * plain.success_probability
    assert cost.provenance.method == "product"
    assert cost.physical_circuit.count_ops()["measure"] == 1
    paper = quantum_cost(measured(), device, model="paper")
    assert paper.execution_time > readout.duration


def bell() -> QuantumCircuit:
    circuit = start()
    circuit.cx(0, 1)
    return circuit


def test_a_reset_says_that_its_error_is_not_known():
    for build in (was_reset, initialized):
        assert any(
            "reset has no calibrated error" in text for text in quantum_cost(build(), "fake_kyiv").provenance.warnings
        )


def branches() -> QuantumCircuit:
    circuit = start()
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.cx(0, 1)
        circuit.x(1)
    return circuit


def test_control_flow_is_costed_by_its_longest_run():
    longest = start()
    longest.measure(0, 0)
    longest.cx(0, 1)
    longest.x(1)
    one, other = (quantum_cost(circuit, "fake_kyiv", optimization_level=1) for circuit in (branches(), longest))
    assert one.to_dict() == other.to_dict()
    assert any("the longest is costed" in text for text in one.provenance.warnings)
    line, notes = straight_line(longest)
    assert line is longest
    assert notes == ()


def test_loops_are_unrolled_or_run_a_stated_number_of_times():
    circuit = QuantumCircuit(2, 2)
    with circuit.for_loop(range(3)) as index:
        circuit.rx(0.1 * index, 0)
        with circuit.for_loop(range(2)):
            circuit.cx(0, 1)
    line, notes = straight_line(circuit)
    assert line.count_ops() == {"cx": 6, "rx": 3}
    assert [gate.params[0] for gate in line.data if gate.name == "rx"] == pytest.approx([0, 0.1, 0.2])
    assert notes == ()
    with circuit.while_loop((0, 0)):
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.break_loop()
    line, notes = straight_line(circuit)
    assert line.count_ops()["h"] == ITERATIONS
    assert any(f"{ITERATIONS} rounds" in note for note in notes)


def test_of_a_switch_the_longest_case_is_taken():
    circuit, register = start(), ClassicalRegister(2, "r")
    circuit.add_register(register)
    with circuit.switch(register) as case:
        with case(0):
            circuit.x(0)
        with case(1, 2):
            circuit.cx(0, 1)
    assert straight_line(circuit)[0].count_ops() == {"h": 1, "cx": 1}


@pytest.mark.parametrize("build", [lambda c: None, lambda c: c.measure([0, 1], [0, 1]), lambda c: c.barrier()])
@pytest.mark.parametrize("model", ["calibrated", "paper"])
def test_circuits_without_gates_cost_nothing(build, model):
    circuit = QuantumCircuit(2, 2, global_phase=1.0)
    build(circuit)
    cost = quantum_cost(circuit, "fake_kyiv", model=model)
    assert (cost.execution_time, cost.effective_time, cost.active_qubits) == (0, 0, 0)
    assert cost.usage_time > 0
    assert "effective 0 s" in repr(cost)
    if model == "calibrated":
        assert cost.expected_fidelity == 1


def with_delay(length) -> QuantumCircuit:
    circuit = start()
    circuit.delay(length if length is not None else circuit.add_stretch("wait"), 0)
    circuit.h(0)
    return circuit


def endless() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.for_loop(range(10**9), None, QuantumCircuit(1), [0], [])
    return circuit


@pytest.mark.parametrize(
    ("circuit", "message"),
    [
        (with_delay(Parameter("t")), "a delay of t: bind it"),
        (with_delay(None), "a delay of wait: bind it"),
        (endless(), "A loop of 1,000,000,000 rounds"),
    ],
)
def test_what_has_no_length_is_refused_in_one_line(circuit, message):
    with pytest.raises(CircuitError, match=message) as caught:
        quantum_cost(circuit, "fake_kyiv")
    assert "\n" not in str(caught.value)


def test_expectation_values_are_refused_and_training_goes_without_them():
    circuit = measured()
    circuit.rx(Parameter("a"), 1)
    with pytest.raises(CircuitError, match="measures or resets on its way"):
        hyb.expectation_cost(circuit, "fake_kyiv")
    training = hyb.training_cost(circuit, "fake_kyiv", samples=10, epochs=1)
    assert training.evaluations_per_sample == 1 + 2 * 0
    assert math.isnan(training.expectation_time)
