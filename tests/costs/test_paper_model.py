"""The paper's model by hand, on a device with two kinds of durations."""

import math
from statistics import fmean

import pytest
from qiskit import QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target
from qiskit_ibm_runtime.fake_provider import FakeKyiv

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration, QubitCalibration


@pytest.fixture
def line():
    """Three qubits in a line; errors 0.001-0.003 on sx, 0.01 and 0.03 on cx."""
    gates = [GateCalibration(name="rz", qubits=(q,), duration=0.0, error=0.0) for q in range(3)]
    for qubit, (duration, error) in enumerate([(2e-8, 1e-3), (4e-8, 2e-3), (6e-8, 3e-3)]):
        gates += [GateCalibration(name=name, qubits=(qubit,), duration=duration, error=error) for name in ("sx", "x")]
        gates.append(GateCalibration(name="measure", qubits=(qubit,), duration=1e-6, error=0.02 * (qubit + 1)))
    for pair, duration, error in (
        ((0, 1), 2e-7, 0.01),
        ((1, 0), 2e-7, 0.01),
        ((1, 2), 6e-7, 0.03),
        ((2, 1), 6e-7, 0.03),
    ):
        gates.append(GateCalibration(name="cx", qubits=pair, duration=duration, error=error))
    qubits = [QubitCalibration(t1=1e-4, t2=t2) for t2 in (5e-5, 8e-5, 6e-5)]
    return Calibration(name="line", n_qubits=3, rep_delay=0.0, qubits=tuple(qubits), gates=tuple(gates))


def test_averages_charged_rz_and_product_of_successes(line):
    circuit = QuantumCircuit(3)
    circuit.sx(0)
    circuit.rz(0.3, 0)
    circuit.cx(0, 1)
    cost = quantum_cost(circuit, line, model="paper")
    one, two = 4e-8, 4e-7
    assert cost.execution_time == pytest.approx(one + one + two)
    assert cost.routing_time == 0
    success = (1 - 2e-3) ** 2 * (1 - 0.02) * (1 - 0.04) ** 2 * math.exp(-cost.execution_time / 5e-5)
    assert cost.measured_qubits == (0, 1)
    assert cost.success_probability == pytest.approx(success, rel=1e-9)
    assert cost.readout_success_probability == pytest.approx((1 - 0.04) ** 2)


def test_routing_is_added_gates_times_the_mean_duration(line):
    circuit = QuantumCircuit(3)
    circuit.h([0, 1, 2])
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.cx(0, 2)
    cost = quantum_cost(circuit, line, model="paper", optimization_level=1)
    assert (cost.logical.two_qubit, cost.physical.two_qubit) == (3, 6)  # the ends of the line meet by one swap
    assert cost.routing_time == pytest.approx(3 * 4e-7)


def test_gate_times_are_qiskits_on_a_device_of_averages():
    kyiv = FakeKyiv().target
    durations = {n: fmean(p.duration for p in kyiv[n].values() if p.error != 1) for n in ("sx", "x", "ecr")}
    one = fmean(p.duration for n in ("sx", "x", "id") for p in kyiv[n].values() if p.error != 1)
    average = Target(num_qubits=127)
    for name, length in {**durations, "rz": one}.items():
        entries = {qubits: InstructionProperties(length) for qubits in kyiv[name]}
        average.add_instruction(kyiv.operation_from_name(name), entries)
    cost = quantum_cost(Ansatz(5, 2, topology="full"), "fake_kyiv", model="paper")
    makespan = cost.physical_circuit.estimate_duration(average, unit="s")
    assert cost.execution_time == pytest.approx(makespan, rel=1e-12)
    assert sum(cost.parts.values()) == pytest.approx(makespan / cost.success_probability, rel=1e-9)
