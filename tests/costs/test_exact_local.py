"""Exact local values against Aer's density matrices and counts, on families that nothing was fitted to."""

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import (
    CDKMRippleCarryAdder,
    HRSCumulativeMultiplier,
    QFTGate,
    get_standard_gate_name_mapping,
    quantum_volume,
)
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector, hellinger_fidelity, random_clifford
from qiskit_aer import AerSimulator

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.exact_local import _CLIFFORD, _LocalState, _StabilizerState, _unitary, follow
from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.costs.timeline import Timeline
from hybhanas_jupyter.errors import CircuitError, UnknownNameError
from hybhanas_jupyter.hardware.noise import NoisyCircuit, noisy_fidelity


def with_inputs(gate) -> QuantumCircuit:
    circuit = QuantumCircuit(gate.num_qubits)
    circuit.x(0)
    circuit.append(gate, range(gate.num_qubits))
    return circuit


def clifford(n_qubits) -> QuantumCircuit:
    circuit = QuantumCircuit(n_qubits)
    circuit.append(random_clifford(n_qubits, seed=1).to_instruction(), range(n_qubits))
    return circuit


FAMILIES = {
    "adder": lambda: with_inputs(CDKMRippleCarryAdder(2, "full")),
    "multiplier": lambda: with_inputs(HRSCumulativeMultiplier(1)),
    "fourier": lambda: with_inputs(QFTGate(5)),
    "random": lambda: random_circuit(5, 8, max_operands=2, seed=5),
    "volume": lambda: quantum_volume(4, 4, seed=2),
    "clifford": lambda: clifford(5),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("device_name", ["fake_kyiv", "fake_torino"])
def test_fidelity_of_algorithms_is_aers(family, device_name):
    cost = quantum_cost(FAMILIES[family](), device_name)
    assert cost.provenance.method == "exact"
    judge = noisy_fidelity(cost.physical_circuit, hyb.device(device_name))
    assert cost.expected_fidelity == pytest.approx(judge, abs=0.01 if judge > 0.7 else 0.04)


def test_a_waiting_qubit_decays_as_its_state_does():
    """By hand: |1> keeps exp(-t/T1), a superposition (1 + exp(-t/T2)) / 2, and |0> all."""
    device = hyb.device("fake_kyiv")
    t1, t2 = device.calibration.relaxation[0]
    for gate, left in (("x", math.exp(-30e-6 / t1)), ("sx", (1 + math.exp(-30e-6 / t2)) / 2), ("rz", 1.0)):
        circuit = QuantumCircuit(127)
        getattr(circuit, gate)(*((0.3, 0) if gate == "rz" else (0,)))
        circuit.delay(30, 0, unit="us")
        assert quantum_cost(circuit, device).expected_fidelity == pytest.approx(left, abs=1e-3)


def test_probabilities_are_those_of_the_statevector():
    device = hyb.device("fake_manila")
    circuit = random_circuit(4, 6, max_operands=2, seed=3)
    physical = quantum_cost(circuit, device).physical_circuit
    followed = follow(Timeline(physical, device.calibration), 4)
    for measured in ([0], [3, 1], [4, 2, 0, 1, 3]):
        assert np.allclose(followed.probabilities(measured), Statevector(physical).probabilities(measured))


def measured_counts(physical, measured, device, shots=200_000) -> dict[str, int]:
    run = NoisyCircuit.of(physical, device)
    noisy = run.noisy.copy()
    noisy.add_bits(QuantumCircuit(0, len(measured)).clbits)
    noisy.measure([run.qubits.index(qubit) for qubit in measured], range(len(measured)))
    simulator = AerSimulator(method="density_matrix", noise_model=run.noise_model, seed_simulator=1)
    return simulator.run(noisy, shots=shots).result().get_counts()


@pytest.mark.parametrize("family", ["adder", "fourier", "random", "volume"])
def test_counts_are_as_close_to_the_ideal_ones_as_aers(family):
    device = hyb.device("fake_kyiv")
    cost = quantum_cost(FAMILIES[family](), device)
    followed = follow(Timeline(cost.physical_circuit, device.calibration), cost.active_qubits)
    n = len(cost.measured_qubits)
    weights = followed.probabilities(cost.measured_qubits)
    ideal = {f"{index:0{n}b}": float(weight) for index, weight in enumerate(weights) if weight > 1e-12}
    counts = measured_counts(cost.physical_circuit, cost.measured_qubits, device)
    assert cost.counts_fidelity == pytest.approx(hellinger_fidelity(ideal, counts), abs=0.03)
    assert hellinger_fidelity(cost.noisy_counts(ideal), counts) > max(0.6, hellinger_fidelity(ideal, counts))


def test_noisy_counts_by_hand():
    circuit = QuantumCircuit(2)
    circuit.x(0)
    cost = quantum_cost(circuit, "fake_kyiv")
    (up, _), (_, down) = cost.readout_flips[1], cost.readout_flips[0]
    noisy = cost.noisy_counts({"01": 1000})
    assert sum(noisy.values()) == pytest.approx(1000)
    assert noisy["01"] == pytest.approx(1000 * cost.success_probability * (1 - up) * (1 - down), rel=2e-3)
    for strings in ({"1": 1.0}, {"0a": 1.0}):
        with pytest.raises(CircuitError, match="give strings of 2 bits"):
            cost.noisy_counts(strings)


def test_the_method_is_chosen_by_the_circuit_and_can_be_forced():
    bound = FAMILIES["fourier"]()
    free = hyb.Ansatz(3, 1)
    assert quantum_cost(free, "fake_kyiv").provenance.method == "mean field"
    assert math.isnan(quantum_cost(free, "fake_kyiv").counts_fidelity)
    exact, mean = (quantum_cost(bound, "fake_kyiv", method=m) for m in ("exact", "mean field"))
    assert quantum_cost(bound, "fake_kyiv").to_dict() == exact.to_dict()
    assert mean.provenance.method == "mean field"
    assert exact.success_probability != mean.success_probability == pytest.approx(exact.success_probability, abs=0.1)
    assert "state followed by: exact" in repr(exact)
    with pytest.raises(CircuitError, match="has free parameters"):
        quantum_cost(free, "fake_kyiv", method="exact")
    with pytest.raises(UnknownNameError, match="Unknown method 'best'"):
        quantum_cost(bound, "fake_kyiv", method="best")


def test_a_report_says_when_the_output_is_noise():
    circuit = QuantumCircuit(2)
    for _ in range(1500):
        circuit.cx(0, 1)
        circuit.ry(0.3, 1)
    cost = quantum_cost(circuit, "fake_kyiv", optimization_level=0)
    assert cost.success_probability < 1e-3
    text = repr(cost)
    assert f"the output is noise (p = {cost.success_text})" in text.splitlines()[0]
    assert "years" not in text
    assert "expectation_cost" not in text


def test_a_tableau_has_the_values_of_the_statevector():
    rng = np.random.default_rng(0)
    gates = {name: gate for name, gate in get_standard_gate_name_mapping().items() if name in _CLIFFORD - {"rz", "id"}}
    for _ in range(10):
        state, tableau = _LocalState([3, 5, 6, 9]), _StabilizerState([3, 5, 6, 9])
        for _ in range(60):
            name = str(rng.choice(sorted(gates)))
            qubits = tuple(int(q) for q in rng.permutation([3, 5, 6, 9])[: gates[name].num_qubits])
            unitary = _unitary(name, ())
            assert np.allclose(state.apply(qubits, unitary), tableau.apply(qubits, unitary), atol=1e-9)
            for qubit in (3, 9):
                assert np.allclose(state.values(qubit), tableau.values(qubit), atol=1e-9)


def test_clifford_circuits_of_any_size_are_followed():
    """As compiled: at level 2 the transpiler may write a Clifford circuit by gates that are none."""
    circuit = QuantumCircuit(40)
    circuit.h(0)
    for qubit in range(39):
        circuit.cx(qubit, qubit + 1)
    exact, mean = (
        quantum_cost(circuit, "fake_kyiv", optimization_level=1, method=method) for method in ("auto", "mean field")
    )
    assert exact.provenance.method == "exact"
    assert 0 < exact.success_probability < 1
    assert exact.success_probability == pytest.approx(mean.success_probability, rel=0.5)
    assert math.isnan(exact.counts_fidelity)
    circuit.rz(0.3, 0)
    circuit.h(0)
    assert quantum_cost(circuit, "fake_kyiv", optimization_level=1).provenance.method == "mean field"
