"""Expectation values under noise against Aer's density matrix, closed forms, and their own parts."""

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import DensityMatrix, Pauli, SparsePauliOp, Statevector

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.mean_field import mean_field
from hybhanas_jupyter.costs.observables import read_observables
from hybhanas_jupyter.costs.pauli_state import fixed_transfer
from hybhanas_jupyter.costs.timeline import Timeline
from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration, QubitCalibration
from hybhanas_jupyter.hardware.noise import noisy_density

T1, T2 = 80e-6, 60e-6


def bound(circuit, seed=0):
    return circuit.assign_parameters(np.random.default_rng(seed).uniform(-np.pi, np.pi, circuit.num_parameters))


def qaoa(n):
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for qubit in range(n):
        circuit.rzz(0.8, qubit, (qubit + 1) % n)
    circuit.rx(0.9, range(n))
    return circuit


def kicked_ising(n, layers, angle):
    circuit = QuantumCircuit(n)
    for _ in range(layers):
        circuit.rx(angle, range(n))
        for qubit in range(n - 1):
            circuit.rzz(-np.pi / 2, qubit, qubit + 1)
    return circuit


def aers(cost, device, operators):
    """Aer's value of operators on the logical qubits, last letter for qubit 0."""
    density, _, qubits = noisy_density(cost.cost.physical_circuit, hyb.device(device))
    places = [qubits.index(qubit) for qubit in cost.cost.measured_qubits]
    state = DensityMatrix(density)
    return np.array([state.expectation_value(SparsePauliOp(o), places).real for o in operators])


CIRCUITS = {
    "ansatz": bound(hyb.Ansatz(4, 3, ("RZ", "RY"), "CZ", "full").to_circuit()),
    "EfficientSU2": bound(efficient_su2(5, reps=2), 1),
    "QAOA": qaoa(4),
    "kicked Ising": kicked_ising(6, 4, 0.6),
    "short kicked Ising": kicked_ising(7, 1, 0.6),
}


@pytest.mark.parametrize("device", ["fake_torino", "fake_algiers"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_bound_circuits_are_as_aer_says(name, device):
    circuit = CIRCUITS[name]
    n = circuit.num_qubits
    strings = ["I" * (n - 1) + "Z", "Z" + "I" * (n - 1), "ZZ" + "I" * (n - 2), "X" + "I" * (n - 3) + "YZ"]
    cost = hyb.expectation_cost(circuit, device, strings)
    ideal = [Statevector(circuit).expectation_value(Pauli(string)).real for string in strings]
    assert cost.methods == ("exact",) * 4
    assert cost.ideal == pytest.approx(ideal, abs=1e-9)
    assert cost.noisy(ideal, readout=False) == pytest.approx(aers(cost, device, strings), abs=1e-6)


def test_light_cones_give_what_the_whole_circuit_gives():
    """A chain of 30 qubits: its end is as it is without the other end, whose gates come later in every layer."""
    device = "fake_torino"
    cost = hyb.expectation_cost(kicked_ising(30, 2, 0.6), device, optimization_level=1)
    assert set(cost.methods) == {"exact"}
    physical, first = cost.cost.physical_circuit, cost.cost.measured_qubits[:2]
    timeline = Timeline(physical, hyb.device(device).calibration)
    steps = timeline.cone(first, math.inf)
    used = {qubit for step in steps for qubit in step.qubits}
    assert len(used) < 8
    part = physical.copy_empty_like()
    for gate in physical.data:
        if {physical.find_bit(qubit).index for qubit in gate.qubits} <= used:
            part.append(gate)
    ideal = [Statevector(kicked_ising(8, 2, 0.6)).expectation_value(Pauli("Z"), [qubit]).real for qubit in (0, 1)]
    assert cost.ideal[:2] == pytest.approx(ideal, abs=1e-6)
    whole = hyb.expectation_cost(part, device)
    assert cost.ideal[:2] == pytest.approx(whole.ideal[list(first)], abs=1e-6)


def test_relaxation_of_an_excited_qubit_is_damping_and_offset():
    """<Z> of |1> after waiting is 1 - 2 exp(-t / T1): -1 damped, and drawn to 1."""
    calibration = one_qubit()
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.delay(20, 0, unit="us")
    cost = hyb.expectation_cost(circuit, device_of(calibration))
    left = math.exp(-20e-6 / T1)
    assert cost.noisy(readout=False)[0] == pytest.approx(1 - 2 * left, abs=1e-9)
    assert cost.damping[0] == pytest.approx(left, abs=1e-3)
    assert cost.offset[0] == pytest.approx(1 - left, abs=1e-3)


def one_qubit(readout=0.02):
    gates = [GateCalibration(name=n, qubits=(0,), duration=0.0, error=0.0) for n in ("rz", "sx", "x")]
    gates += [GateCalibration(name="measure", qubits=(0,), duration=1e-6, error=readout)]
    return Calibration(name="one", n_qubits=1, qubits=(QubitCalibration(t1=T1, t2=T2),), gates=tuple(gates))


def device_of(calibration):
    return hyb.device(calibration)


def test_readout_is_apart_and_shots_grow_with_what_is_lost():
    circuit = QuantumCircuit(1)
    circuit.x(0)
    cost = hyb.expectation_cost(circuit, device_of(one_qubit(0.02)), precision=0.01)
    assert cost.readout_damping[0] == pytest.approx(0.96)
    assert cost.noisy()[0] == pytest.approx(-0.96)
    assert cost.shots[0] == math.ceil(1 / (0.01 * 0.96) ** 2)
    # The usage clock: what more shots add to a job, nothing else.
    one, many = (hyb.quantum_cost(circuit, device_of(one_qubit(0.02)), shots=n).usage_time for n in (1, 1001))
    assert cost.time[0] == pytest.approx(cost.shots[0] * (many - one) / 1000)
    assert cost.expectation_time == pytest.approx(cost.time[0])


def test_asymmetric_readout_is_as_aer_reads_it():
    """Counts of Aer, flips by IBM's own properties of the device, and nothing else noisy."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel
    from qiskit_ibm_runtime.fake_provider import FakeTorino

    backend, circuit = FakeTorino(), CIRCUITS["ansatz"]
    strings = ["IIIZ", "ZIIZ", "ZZZZ"]
    cost = hyb.expectation_cost(circuit, backend, strings)
    properties = backend.properties()
    model = NoiseModel()
    for place, qubit in enumerate(cost.cost.measured_qubits):
        one, zero = (properties.qubit_property(qubit, f"prob_meas{a}_prep{b}")[0] for a, b in ((1, 0), (0, 1)))
        model.add_readout_error([[1 - one, one], [zero, 1 - zero]], [place])
    measured = circuit.copy()
    measured.measure_all()
    counts = AerSimulator(noise_model=model, seed_simulator=1).run(measured, shots=200_000).result().get_counts()
    read = [
        sum(
            n * (-1) ** sum(bit == "1" and letter == "Z" for bit, letter in zip(bits, string, strict=True))
            for bits, n in counts.items()
        )
        / 200_000
        for string in strings
    ]
    # Readout of the ideal state: the offset that the cost states is for its own, noisy one.
    assert cost.readout_damping * cost.ideal + cost.readout_offset == pytest.approx(read, abs=0.008)
    assert cost.readout_offset[0] == pytest.approx(offset(properties, cost.cost.measured_qubits[0]), abs=1e-12)


def offset(properties, qubit):
    return (
        properties.qubit_property(qubit, "prob_meas0_prep1")[0]
        - properties.qubit_property(qubit, "prob_meas1_prep0")[0]
    )


def test_sums_are_the_sums_of_their_terms():
    circuit, device = CIRCUITS["EfficientSU2"], "fake_kyiv"
    strings, coefficients = ["ZIIII", "IZZII", "XXIII", "IIIII"], [0.5, -1.5, 0.25, 3.0]
    parts = hyb.expectation_cost(circuit, device, strings)
    whole = hyb.expectation_cost(circuit, device, SparsePauliOp(strings, coefficients))
    assert whole.noisy()[0] == pytest.approx(parts.noisy() @ coefficients, abs=1e-9)
    assert whole.noisy(readout=False)[0] == pytest.approx(parts.noisy(readout=False) @ coefficients, abs=1e-9)
    assert whole.groups == (2,)
    assert parts.damping[3] == 1
    assert parts.shots[3] == 0


def test_physical_circuits_take_observables_on_their_own_qubits():
    logical = hyb.expectation_cost(CIRCUITS["ansatz"], "fake_kyiv")
    physical = hyb.expectation_cost(logical.cost.physical_circuit, "fake_kyiv")
    places = list(logical.cost.measured_qubits)
    assert len(physical.damping) == 127
    assert physical.noisy()[places] == pytest.approx(logical.noisy(), abs=1e-9)


def test_measurements_do_not_change_what_is_read():
    circuit = CIRCUITS["ansatz"].copy()
    circuit.measure_all()
    plain, measured = (hyb.expectation_cost(c, "fake_kyiv") for c in (CIRCUITS["ansatz"], circuit))
    assert np.array_equal(plain.noisy(), measured.noisy())


def test_symbolic_angles_are_averaged_over():
    ansatz = hyb.Ansatz(4, 2, ("RY",), "CZ", "linear").to_circuit()
    cost = hyb.expectation_cost(ansatz, "fake_kyiv")
    assert np.isnan(cost.ideal).all()
    with pytest.raises(CircuitError, match="give them"):
        cost.noisy()
    errors = []
    for seed in range(8):
        circuit = bound(cost.cost.physical_circuit, seed)
        exact = hyb.expectation_cost(circuit, "fake_kyiv")
        places = list(cost.cost.measured_qubits)
        ideal, noisy = exact.ideal[places], exact.noisy(readout=False)[places]
        errors.append(abs(cost.noisy(ideal, readout=False) - noisy).mean())
    assert np.mean(errors) < 0.005


def test_mean_field_is_close_where_the_exact_values_are_known():
    errors, ideal_errors = [], []
    for name, circuit in CIRCUITS.items():
        exact = hyb.expectation_cost(circuit, "fake_kyiv")
        timeline = Timeline(exact.cost.physical_circuit, hyb.device("fake_kyiv").calibration)
        logs, offsets = mean_field(timeline, [{qubit: "Z"} for qubit in exact.cost.measured_qubits])
        errors.extend(abs(np.exp(logs) * exact.ideal + offsets - exact.noisy(readout=False)))
        ideal_errors.extend(abs(exact.ideal - exact.noisy(readout=False)))
        assert name in CIRCUITS
    assert np.mean(errors) < 0.01 < np.mean(ideal_errors)


def test_large_circuits_get_the_mean_field_and_finite_shots():
    cost = hyb.expectation_cost(hyb.Ansatz(12, 6, ("RY",), "CZ", "full"), "fake_kyiv", optimization_level=1)
    assert set(cost.methods) == {"mean field"}
    assert (cost.damping > 0).all()
    assert (cost.damping < 0.5).all()
    assert np.isfinite(cost.shots).all()


@pytest.mark.parametrize("name", ["sx", "cx", "ecr", "cz"])
def test_transfer_of_a_clifford_gate_moves_strings_as_qiskit_does(name):
    from qiskit.circuit.library import get_standard_gate_name_mapping

    gate = get_standard_gate_name_mapping()[name]
    letters = "IXYZ" if gate.num_qubits == 1 else [b + a for a in "IXYZ" for b in "IXYZ"]
    matrix = fixed_transfer(name, ())
    for before, label in enumerate(letters):
        after = Pauli(label).evolve(gate, frame="s")
        sign = {0: 1, 2: -1}[after.phase]
        place = list(letters).index(after.to_label().lstrip("-"))
        assert matrix[place, before] == pytest.approx(sign)


@pytest.mark.parametrize(
    ("observables", "message"),
    [
        ("ZZ", "has 2 letters, the circuit has 4 qubits"),
        ("ZZAB", "no Pauli string"),
        ([], "No observables"),
        (3, "no observable"),
        (SparsePauliOp(["ZZZZ"], [1j]), "must be a real number"),
    ],
)
def test_observables_that_do_not_fit_are_one_line_errors(observables, message):
    with pytest.raises(CircuitError, match=message):
        hyb.expectation_cost(CIRCUITS["ansatz"], "fake_kyiv", observables)


def test_branches_have_no_expectation_value():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    with pytest.raises(CircuitError, match="contains if_else: it has no one expectation value"):
        hyb.expectation_cost(circuit, "fake_torino")


def test_precision_must_be_positive():
    with pytest.raises(CircuitError, match="precision is 0"):
        hyb.expectation_cost(CIRCUITS["ansatz"], "fake_kyiv", precision=0)


def test_terms_are_grouped_qubit_wise():
    (observable,) = read_observables(SparsePauliOp(["ZZI", "IZZ", "XXI", "XIZ", "III"]), 3)
    groups = observable.groups()
    assert sorted(len(group) for group in groups) == [2, 2]
    for group in groups:
        basis = {}
        for term in group:
            assert all(basis.setdefault(qubit, letter) == letter for qubit, letter in term.letters)


def test_report_data_and_html_show_the_same():
    cost = hyb.expectation_cost(CIRCUITS["ansatz"], "fake_kyiv")
    frame = cost.to_dataframe()
    assert list(frame["observable"]) == ["Z0", "Z1", "Z2", "Z3"]
    assert np.array_equal(frame["damping"], cost.damping)
    assert cost.to_dict()["shots"] == cost.shots.tolist()
    assert "exact (4)" in repr(cost)
    assert f"{cost.damping[2]:.4f}" in cost._repr_html_()
