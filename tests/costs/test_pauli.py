"""Predicted damping against density matrices: exact where it is meant to be, and in its limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import CXGate, CZGate, ECRGate, RXGate, RZGate, RZZGate, SXGate, UGate
from qiskit.quantum_info import PTM, DensityMatrix, Operator, Statevector, average_gate_fidelity
from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

from hybhanas_jupyter.costs.pauli import Damping, gate_eigenvalues, idle_eigenvalues, log_mixed_damping, transfer
from hybhanas_jupyter.costs.schedule import schedule
from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration, GateData, QubitCalibration

T1, T2 = 80e-6, 60e-6


def small_calibration(error=0.02, sx_error=0.001) -> Calibration:
    one = [("rz", 0.0, 0.0), ("sx", 4e-8, sx_error), ("x", 4e-8, sx_error)]
    gates = [GateCalibration(name=n, qubits=(q,), duration=t, error=e) for n, t, e in one for q in range(3)]
    pairs = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]
    gates += [GateCalibration(name="cx", qubits=pair, duration=4e-7, error=error) for pair in pairs]
    return Calibration(name="small", n_qubits=3, qubits=(QubitCalibration(t1=T1, t2=T2),) * 3, gates=tuple(gates))


def log_damping(circuit, calibration, n_qubits):
    damping = Damping(calibration)
    data = calibration.gate_data
    return damping.finish(schedule(circuit, calibration, lambda gate: data[gate].duration, damping.take), n_qubits)


def predicted_fidelity(circuit, calibration, n_qubits):
    p = math.exp(sum(log_damping(circuit, calibration, n_qubits)))
    return p * (1 - 2**-n_qubits) + 2**-n_qubits


@pytest.mark.parametrize(
    "gate", [SXGate(), RZGate(0.3), RXGate(1.1), UGate(0.1, 0.2, 0.3), CXGate(), CZGate(), ECRGate(), RZZGate(0.7)]
)
def test_transfer_is_the_squared_pauli_transfer_matrix(gate):
    n = gate.num_qubits
    # Qiskit's PTM counts the last qubit's Pauli slowest, ours the first qubit's.
    order = list(range(4)) if n == 1 else [4 * b + a for a in range(4) for b in range(4)]
    expected = PTM(Operator(gate)).data.real[np.ix_(order, order)] ** 2
    assert np.allclose(transfer(gate.name, tuple(map(float, gate.params))), expected, atol=1e-12)


@pytest.mark.parametrize(("name", "gate"), [("rx", RXGate), ("rz", RZGate), ("rzz", RZZGate)])
def test_symbolic_angles_are_averaged_over_a_turn(name, gate):
    angles = np.linspace(0, 4 * np.pi, 101)[:-1]
    expected = np.mean([transfer(name, (float(angle),)) for angle in angles], axis=0)
    assert np.allclose(transfer(name, (None,)), expected, atol=1e-9)


def test_idle_eigenvalues_are_those_of_aers_relaxation():
    channel = PTM(thermal_relaxation_error(T1, T2, 5e-6).to_quantumchannel()).data.real
    assert np.allclose(np.diag(channel), idle_eigenvalues(5e-6, T1, T2))


@pytest.mark.parametrize("error", [0.02, 0.3])
def test_gate_noise_has_the_calibrated_average_error(error):
    eigenvalues = gate_eigenvalues(GateData(duration=4e-7, error=error), ((T1, T2), (T1, T2)))
    process = eigenvalues.mean()
    assert 1 - (4 * process + 1) / 5 == pytest.approx(error)


def test_gate_is_never_better_than_its_relaxation():
    relaxation = thermal_relaxation_error(T1, T2, 4e-6)
    expected = average_gate_fidelity(relaxation.to_quantumchannel())
    eigenvalues = gate_eigenvalues(GateData(duration=4e-6, error=0.0), ((T1, T2),))
    assert (2 * eigenvalues.mean() + 1) / 3 == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(angles=st.lists(st.floats(0, 6.28), min_size=8, max_size=8), rounds=st.integers(1, 30))
def test_two_qubits_are_exact_for_clifford_circuits(angles, rounds):
    """Depolarizing gates only (T1 and T2 infinite): the fidelity of a density matrix, to all digits."""
    calibration = small_calibration()
    calibration = calibration.model_copy(update={"qubits": (QubitCalibration(t1=None, t2=None),) * 3})
    circuit, state = QuantumCircuit(2), DensityMatrix.from_label("00")
    for number in range(rounds):
        for qubit in (0, 1):
            if angles[(number + qubit) % 8] > 3:
                circuit.sx(qubit)
        circuit.cx(number % 2, 1 - number % 2)
    for gate in circuit.data:
        on = [circuit.find_bit(q).index for q in gate.qubits]
        size = 2 ** len(on)
        error = {1: 0.001, 2: 0.02}[len(on)]
        noise = depolarizing_error(error * size / (size - 1), len(on)).to_quantumchannel()
        state = state.evolve(gate.operation, on).evolve(noise, on)
    wide = QuantumCircuit(3)
    wide.compose(circuit, [0, 1], inplace=True)
    ideal = Statevector(circuit)
    expected = (ideal.data.conj() @ state.data @ ideal.data).real
    assert predicted_fidelity(wide, calibration, 2) == pytest.approx(expected, rel=1e-9)


def test_idling_in_a_basis_state_after_x_costs_less_than_in_a_superposition():
    calibration = small_calibration(sx_error=0.0)
    flipped, superposed = QuantumCircuit(3), QuantumCircuit(3)
    flipped.x(0)
    superposed.sx(0)
    for circuit in (flipped, superposed):
        circuit.delay(20, 0, unit="us")
    decay, dephasing = math.exp(-20e-6 / T1), math.exp(-20e-6 / T2)
    assert predicted_fidelity(flipped, calibration, 1) == pytest.approx((1 + decay) / 2, rel=1e-3)
    assert predicted_fidelity(superposed, calibration, 1) == pytest.approx((1 + dephasing) / 2, rel=1e-3)


def test_deep_circuits_damp_on_by_the_mean_of_all_strings():
    calibration = small_calibration()
    angle = Parameter("a")
    logs = []
    for layers in (1000, 2000):
        circuit = QuantumCircuit(3)
        for _ in range(layers):
            for qubit in range(3):
                circuit.rz(angle, qubit)
                circuit.sx(qubit)
            circuit.cx(0, 1)
            circuit.cx(1, 2)
        logs.append(sum(log_damping(circuit, calibration, 3)))
    assert math.isfinite(logs[1])
    assert logs[1] == pytest.approx(2 * logs[0], rel=0.1)


def test_mixed_damping_is_the_mean_over_all_strings_but_the_identity():
    rng = np.random.default_rng(0)
    eigenvalues = np.concatenate([[1.0], rng.uniform(0.5, 1, 3)])
    strings = np.kron(eigenvalues, np.ones(16))  # the same damping whatever the two other qubits carry
    assert math.exp(log_mixed_damping(eigenvalues, 3)) == pytest.approx(np.delete(strings, 0).mean())
    assert log_mixed_damping(np.ones(16), 2) == 0


@pytest.mark.parametrize("gates", [1, 3, 600])
def test_gates_that_leave_nothing_are_an_infinity_and_no_crash(gates):
    circuit = QuantumCircuit(3)
    circuit.sx(0)
    for _ in range(gates):
        circuit.cx(0, 1)
    calibration = small_calibration(error=0.9)
    assert log_damping(circuit, calibration, 2)[0] == -math.inf
