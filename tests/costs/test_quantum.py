import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import CXGate, RZGate, SXGate
from qiskit.circuit.random import random_circuit
from qiskit.transpiler import InstructionProperties, Target
from qiskit_ibm_runtime.fake_provider import FakeKyiv

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.clocks import vendor_clock
from hybhanas_jupyter.costs.quantum import QuantumCost, quantum_cost
from hybhanas_jupyter.costs.reliability import LogSuccess, penalties
from hybhanas_jupyter.errors import CircuitError, UnknownNameError
from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration, QubitCalibration
from hybhanas_jupyter.hardware.devices import Device
from hybhanas_jupyter.hardware.noise import noisy_fidelity


def bell(n_qubits: int = 2) -> QuantumCircuit:
    circuit = QuantumCircuit(n_qubits, name="bell")
    circuit.h(0)
    for qubit in range(n_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


@pytest.mark.parametrize(
    "device_name", ["fake_kyiv", "fake_torino", "fake_algiers", "fake_burlington", "fake_fractional"]
)
@pytest.mark.parametrize("level", [0, 2])
def test_makespan_is_qiskits(device_name, level):
    target = hyb.device(device_name).target
    for seed in range(4):
        circuit = random_circuit(2 + seed, 20 + 20 * seed, max_operands=2, seed=seed)
        cost = quantum_cost(circuit, device_name, optimization_level=level, seed=seed)
        expected = cost.physical_circuit.estimate_duration(target, unit="s")
        assert cost.execution_time == pytest.approx(expected, rel=1e-12)


def test_same_circuit_as_qiskits_transpiler():
    device = hyb.device("fake_kyiv")
    circuit = Ansatz(4, 2, topology="full").to_circuit()
    reference = transpile(circuit, target=device.target, optimization_level=2, seed_transpiler=7)
    cost = quantum_cost(circuit, device, seed=7)
    assert cost.physical_circuit.count_ops() == reference.count_ops()
    assert cost.depth == reference.depth()
    assert list(cost.layout) == reference.layout.initial_index_layout(filter_ancillas=True)
    assert cost.physical.two_qubit == reference.num_nonlocal_gates()


@pytest.mark.parametrize("ansatz", [Ansatz(2, 1), Ansatz(5, 2, topology="full"), Ansatz(4, 1, entangler="CZ")])
def test_parts_sum_to_qiskits_makespan_over_the_success_probability(ansatz):
    cost = quantum_cost(ansatz, "fake_kyiv")
    makespan = cost.physical_circuit.estimate_duration(hyb.device("fake_kyiv").target, unit="s")
    assert cost.logical_time + cost.routing_time == pytest.approx(makespan, rel=1e-12)
    assert sum(cost.parts.values()) == pytest.approx(makespan / math.exp(cost.log_success_probability), rel=1e-12)
    assert math.exp(cost.log_effective_time) == pytest.approx(cost.effective_time, rel=1e-12)
    assert min(cost.parts.values()) >= 0


def without_coupling(circuit, device, level):
    """Qiskit's own all-to-all compilation: the device's gates, no coupling map."""
    gates = [name for name in device.target.operation_names if name != "delay"]
    return transpile(circuit, basis_gates=gates, optimization_level=level, seed_transpiler=0)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("device_name", ["fake_kyiv", "fake_torino"])
def test_logical_gates_are_those_without_coupling_at_the_same_level(device_name, level):
    device = hyb.device(device_name)
    for seed in range(3):
        circuit = random_circuit(5, 8, max_operands=2, seed=seed)
        cost = quantum_cost(circuit, device, optimization_level=level)
        assert cost.logical.two_qubit == without_coupling(circuit, device, level).num_nonlocal_gates()


def all_pairs(backend, layout):
    """A Qiskit target of the backend's gates on these qubits, every pair coupled, others as long as the median."""
    target = Target(num_qubits=len(layout), dt=backend.target.dt)
    for name in ("rz", "sx", "x", "ecr"):
        known = {qubits: properties.duration for qubits, properties in backend.target[name].items()}
        entries = {}
        for qubits in permutations(range(len(layout)), len(next(iter(known)))):
            on = tuple(layout[qubit] for qubit in qubits)
            length = known.get(on, known.get(on[::-1], median(known.values())))
            entries[qubits] = InstructionProperties(length, 1e-3)
        target.add_instruction(backend.target.operation_from_name(name), entries)
    return target


def test_routing_is_not_hidden_by_what_the_optimizer_saves():
    circuit = random_circuit(5, 8, max_operands=2, seed=0)
    plain, cost = (quantum_cost(circuit, "fake_kyiv", optimization_level=level) for level in (1, 2))
    assert (plain.logical.two_qubit, cost.logical.two_qubit, cost.physical.two_qubit) == (26, 17, 26)
    target = all_pairs(FakeKyiv(), cost.layout)
    logical = transpile(circuit, target=target, optimization_level=2, seed_transpiler=5, initial_layout=range(5))
    physical = cost.physical_circuit.estimate_duration(FakeKyiv().target, unit="s")
    assert cost.logical_time == pytest.approx(logical.estimate_duration(target, unit="s"), rel=1e-12)
    assert cost.routing_time == pytest.approx(physical - logical.estimate_duration(target, unit="s"), rel=1e-12)


def test_a_physical_circuit_faster_than_the_logical_one_is_said():
    cost = quantum_cost(random_circuit(2, 7, max_operands=2, seed=3), "fake_manila")
    assert cost.routing_time == 0
    assert any(
        "nothing is counted as routing: the circuit takes 107 ns less" in warning
        for warning in cost.provenance.warnings
    )


def test_linear_ansatz_needs_no_routing_and_full_does():
    assert quantum_cost(Ansatz(4, 2), "fake_kyiv").physical.two_qubit == 6
    full = quantum_cost(Ansatz(6, 2, topology="full"), "fake_kyiv")
    assert full.logical.two_qubit == 30 < full.physical.two_qubit
    assert full.routing_time > 0


def test_parameters_stay_symbolic_so_that_no_angle_is_optimised_away():
    circuit = Ansatz(4, 2, ("RY", "RZ")).to_circuit()
    at_zero = quantum_cost(circuit.assign_parameters(np.zeros(20)), "fake_kyiv")
    symbolic = quantum_cost(circuit, "fake_kyiv")
    assert set(symbolic.physical_circuit.parameters) == set(circuit.parameters)
    assert at_zero.physical.one_qubit < symbolic.physical.one_qubit


def test_usage_time_adds_job_start_delay_and_readout():
    device = hyb.device("fake_kyiv")
    one, many = (quantum_cost(bell(), device, shots=shots) for shots in (1, 10_001))
    clock = vendor_clock(device.calibration)
    shot = clock.per_execution + one.execution_time + device.target["measure"][(0,)].duration
    assert clock.per_execution > 250e-6
    assert one.usage_time == pytest.approx(clock.per_job + shot)
    assert many.usage_time - one.usage_time == pytest.approx(10_000 * shot)


def test_only_measured_qubits_are_read_out():
    circuit = bell(3)
    circuit.add_bits(QuantumCircuit(0, 1).clbits)
    everything = quantum_cost(circuit, "fake_kyiv")
    circuit.measure(1, 0)
    one = quantum_cost(circuit, "fake_kyiv")
    assert (len(everything.measured_qubits), len(one.measured_qubits)) == (3, 1)
    error = hyb.device("fake_kyiv").target["measure"][one.measured_qubits].error
    assert one.readout_success_probability == pytest.approx(1 - error)


def test_second_call_comes_from_the_cache_and_circuits_are_not_mixed_up():
    first = quantum_cost(bell(), "fake_kyiv")
    assert quantum_cost(bell(), "fake_kyiv") is first
    assert quantum_cost(bell(3), "fake_kyiv") is not first
    assert quantum_cost(bell(), "fake_torino") is not first
    blocks = [QuantumCircuit(2, name="block"), QuantumCircuit(2, name="block")]
    blocks[0].cx(0, 1)
    blocks[1].h(0)
    costs = []
    for block in blocks:
        circuit = QuantumCircuit(2)
        circuit.append(block.to_instruction(), [0, 1])
        costs.append(quantum_cost(circuit, "fake_kyiv"))
    assert [cost.physical.two_qubit for cost in costs] == [1, 0]


def test_threads_get_what_one_thread_gets():
    ansaetze = [Ansatz(n, 2, topology="full") for n in (2, 3, 4, 5)] * 3
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda ansatz: quantum_cost(ansatz, "fake_kyiv", seed=77).to_dict(), ansaetze))
    assert together == [quantum_cost(ansatz, "fake_kyiv", seed=77).to_dict() for ansatz in ansaetze]


def test_another_process_gets_the_same_cost():
    code = (
        "import json, hybhanas_jupyter as hyb;"
        "print(json.dumps(hyb.quantum_cost(hyb.Ansatz(5, 2, topology='full'), 'fake_kyiv', seed=3).to_dict()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert json.loads(output.stdout) == quantum_cost(Ansatz(5, 2, topology="full"), "fake_kyiv", seed=3).to_dict()


def test_physical_circuit_is_taken_as_it_is():
    device = hyb.device("fake_kyiv")
    physical = transpile(bell(3), target=device.target, optimization_level=0, initial_layout=[10, 40, 90])
    cost = quantum_cost(physical, device, optimization_level=3)
    assert cost.physical_circuit == physical
    assert cost.routing_time == 0
    assert any("taken as it is" in warning for warning in cost.provenance.warnings)


def test_faulty_coupler_that_the_circuit_insists_on_is_an_explained_infinity():
    pair = hyb.device("fake_kyiv").calibration.faulty_couplers[0]
    circuit = QuantumCircuit(127)
    circuit.ecr(*pair)
    cost = quantum_cost(circuit, "fake_kyiv")
    assert (cost.success_probability, cost.effective_time) == (0, math.inf)
    assert any(f"faulty ecr on {pair}" in warning for warning in cost.provenance.warnings)
    assert "inf" in repr(cost)


def test_deep_circuits_survive_underflow():
    pair = min(qubits for qubits in hyb.device("fake_kyiv").target["ecr"])
    circuit = QuantumCircuit(127)
    for _ in range(200_000):
        circuit.ecr(*pair)
    cost = quantum_cost(circuit, "fake_kyiv")
    assert cost.success_probability == 0
    assert cost.effective_time == math.inf
    assert 300 * math.log(10) < cost.log_effective_time < math.inf
    assert "1e" in repr(cost)


@pytest.mark.parametrize("view", [repr, QuantumCost._repr_html_])
def test_report_shows_the_parts(view):
    text = view(quantum_cost(Ansatz(5, 2, topology="full"), "fake_kyiv"))
    for label in ("logical gates", "routing", "= execution", "gate errors", "decoherence", "= effective", "fake_kyiv"):
        assert label in text


def with_angle(angle) -> QuantumCircuit:
    circuit = bell()
    circuit.rx(angle, 1)
    return circuit


def with_delay(duration, unit) -> QuantumCircuit:
    circuit = bell()
    circuit.delay(duration, 0, unit=unit)
    circuit.cx(0, 1)
    return circuit


def with_opaque_gate() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.append(Gate("mystery", 2, []), [0, 1])
    return circuit


@pytest.mark.parametrize(("duration", "unit"), [(3, "us"), (1000, "dt"), (500, "ns")])
def test_delays_take_their_time_and_decohere(duration, unit):
    cost, without = quantum_cost(with_delay(duration, unit), "fake_kyiv"), quantum_cost(bell(), "fake_kyiv")
    expected = cost.physical_circuit.estimate_duration(hyb.device("fake_kyiv").target, unit="s")
    assert cost.execution_time == pytest.approx(expected, rel=1e-12)
    assert cost.execution_time > without.execution_time
    assert cost.decoherence_penalty > without.decoherence_penalty


def test_gaps_of_a_target_are_explained():
    target = Target(num_qubits=2)
    target.add_instruction(SXGate(), {(q,): InstructionProperties(3e-8) for q in (0, 1)})
    target.add_instruction(RZGate(Parameter("a")), {(q,): InstructionProperties(0) for q in (0, 1)})
    target.add_instruction(CXGate(), {(0, 1): InstructionProperties(3e-7)})
    cost = quantum_cost(bell(), target)
    assert cost.execution_time == pytest.approx(3e-7 + 3e-8)
    assert cost.success_probability == pytest.approx(1, abs=1e-12)
    assert math.isnan(cost.usage_time)
    assert math.isnan(cost.readout_success_probability)
    warnings = " ".join(cost.provenance.warnings)
    assert "no error for any cx" in warnings
    assert "no measurements" in warnings
    target.update_instruction_properties("cx", (0, 1), None)
    with pytest.raises(CircuitError, match="no duration for any cx"):
        quantum_cost(bell(), target)


@pytest.mark.parametrize(
    ("circuit", "device_name", "message"),
    [
        (QuantumCircuit(), "fake_kyiv", "no qubits"),
        (bell(6), "fake_manila", "has 6 qubits, fake_manila has 5"),
        (bell(), "fake_armonk", "has 2 qubits, fake_armonk has 1"),
        (bell(), "fake_kyoto", "no working two-qubit gate"),
        (bell(3), "fake_cairo", "cannot be turned. Use another device"),
        (bell(127), "fake_kyiv", "its working couplers connect 12[0-6] qubits at most. Use fewer"),
        ("bell", "fake_kyiv", "str is no circuit"),
        (with_angle(math.nan), "fake_kyiv", "rx on qubit 1"),
        (with_angle(math.inf), "fake_kyiv", "give finite angles"),
        (with_delay(100, "dt"), "fake_burlington", "cannot be transpiled to fake_burlington"),
        (with_opaque_gate(), "fake_kyiv", "mystery"),
    ],
)
def test_what_cannot_be_costed_is_named_in_one_line(circuit, device_name, message):
    with pytest.raises(CircuitError, match=message) as caught:
        quantum_cost(circuit, device_name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shots": 0}, CircuitError, "shots is 0"),
        ({"shots": 10**30}, CircuitError, "shots is 1e\\+30: it must be at most 1e18"),
        ({"shots": 10**400}, CircuitError, "shots is 1e\\+400: it must be at most 1e18"),
        ({"shots": 10**5000}, CircuitError, "shots is 1e\\+5000: it must be at most 1e18"),
        ({"shots": -(10**5000)}, CircuitError, "shots is a value too long to print"),
        ({"shots": 1.5}, CircuitError, "shots is 1.5"),
        ({"seed": -1}, CircuitError, "seed is -1"),
        ({"optimization_level": 4}, CircuitError, "optimization_level is 4"),
        ({"model": "exact"}, UnknownNameError, "Unknown model 'exact'"),
        ({"backend": "fake_kyv"}, UnknownNameError, "Did you mean 'fake_kyiv'"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        quantum_cost(bell(), **{"backend": "fake_kyiv", **options})


def test_one_qubit_circuit_runs_on_a_one_qubit_device():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    cost = quantum_cost(circuit, "fake_armonk")
    assert cost.physical.two_qubit == 0 < cost.execution_time


def test_virtual_gates_only_cost_nothing():
    circuit = QuantumCircuit(1)
    circuit.rz(0.3, 0)
    cost = quantum_cost(circuit, "fake_kyiv")
    assert (cost.execution_time, cost.effective_time, cost.success_probability) == (0, 0, 1)


@pytest.mark.parametrize("barriers", [False, True])
def test_waiting_before_a_virtual_gate_is_charged_once(barriers):
    """By hand: a qubit in a superposition keeps (1 + exp(-t / T2)) / 2 of its fidelity while it waits for t."""
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    if barriers:  # qubit 0 waits for qubit 1's delay
        circuit.barrier()
        circuit.delay(20, 1, unit="us")
        circuit.barrier()
    else:
        circuit.delay(20, [0, 1], unit="us")
    circuit.h([0, 1])
    device = hyb.device("fake_kyiv")
    cost = quantum_cost(circuit, device, optimization_level=0)
    expected = math.prod((1 + math.exp(-20e-6 / device.calibration.relaxation[q][1])) / 2 for q in cost.layout)
    assert cost.expected_fidelity == pytest.approx(expected, abs=0.003)
    assert noisy_fidelity(cost.physical_circuit, device) == pytest.approx(expected, abs=0.003)


def test_a_changed_calibration_is_not_taken_for_the_old_one():
    calibration = hyb.device("fake_manila").calibration
    slow = [gate.model_copy(update={"duration": 2 * (gate.duration or 0.0)}) for gate in calibration.gates]
    other = calibration.model_copy(update={"gates": tuple(slow)})
    assert calibration.fingerprint != other.fingerprint
    one = quantum_cost(bell(), hyb.device("fake_manila"))
    two = quantum_cost(bell(), Device.from_calibration(other))
    assert two.execution_time == pytest.approx(2 * one.execution_time)


def test_nobody_can_change_the_circuits_of_a_shared_cost():
    device = hyb.device("fake_kyiv")
    cost = quantum_cost(bell(), device, seed=5)
    depth = cost.depth
    cost.physical_circuit.measure_all()
    assert quantum_cost(bell(), device, seed=5).depth == depth
    own = transpile(bell(), target=device.target, seed_transpiler=5)
    cost = quantum_cost(own, device)
    own.x(0)
    assert cost.physical_circuit.count_ops().get("x", 0) == own.count_ops()["x"] - 1


def test_reports_of_one_gate_do_not_fail_by_rounding():
    """On some devices gate errors took 1 + 1e-16 of the penalty, and decoherence was negative."""
    for name in ("fake_marrakesh", "fake_torino", "fake_fez", "fake_brisbane"):
        for ansatz in (Ansatz(1, 1), Ansatz(1, 1, ("RX",)), Ansatz(1, 2, ("RZ",))):
            assert "effective" in repr(quantum_cost(ansatz, name))


@given(total=st.floats(1e-6, 1), share=st.floats(0, 1))
def test_penalties_are_never_negative(total, share):
    success = LogSuccess(gates=-total * share, decoherence=-total * (1 - share), readout=0.0)
    parts = penalties(1e-6, success)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(1e-6 * math.expm1(total), rel=1e-9)


def test_the_papers_success_contains_the_readout():
    calibrated, paper = (quantum_cost(bell(), "fake_kyiv", model=model) for model in ("calibrated", "paper"))
    errors = hyb.device("fake_kyiv").calibration.averages
    without = paper.log_success_probability - paper.log_readout_success_probability
    assert paper.log_readout_success_probability == pytest.approx(2 * math.log1p(-errors.readout_error))
    assert without < 0
    assert calibrated.log_readout_success_probability < 0


def test_a_calibration_without_durations_for_pairs_is_named_by_the_papers_model_too():
    gates = [GateCalibration(name="cx", qubits=(0, 1), duration=None, error=0.01)]
    gates += [GateCalibration(name=n, qubits=(q,), duration=3e-8, error=1e-3) for n in ("sx", "rz") for q in (0, 1)]
    qubits = (QubitCalibration(t1=1e-4, t2=1e-4),) * 2
    calibration = Calibration(name="untimed", n_qubits=2, qubits=qubits, gates=tuple(gates))
    for model in ("calibrated", "paper"):
        with pytest.raises(CircuitError, match="no duration for any cx"):
            quantum_cost(bell(), Device.from_calibration(calibration), model=model)
    with pytest.raises(ValueError, match="less than or equal to 1000000"):
        GateCalibration(name="cx", qubits=(0, 1), duration=1e308, error=0.01)
