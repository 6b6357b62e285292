"""Predicted expectation values under noise against Aer's density matrix, beside the usual estimates.

    python benchmarks/observables_accuracy.py [circuits of each family and size]

Z on every qubit and ZZ on neighbours, of bound circuits that nothing was fitted to, on ten devices: 3-6 qubits (five
families), and a tenth as many on 8-10 qubits with up to 50 gates on pairs, as Aer takes minutes for more. Estimates:
`expectation_cost` of the bound circuit; of the circuit with its angles left open (symbolic); its mean field alone, as
large circuits have it; ideal values; success probability x ideal; usual ESP x ideal. One circuit is also judged by
PennyLane's default.mixed.
"""

import sys
from math import exp, log1p

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import DensityMatrix, SparsePauliOp, Statevector
from recording import record, table

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES, Ansatz
from hybhanas_jupyter.costs.mean_field import mean_field
from hybhanas_jupyter.costs.timeline import Timeline
from hybhanas_jupyter.hardware.noise import noisy_density

DEVICES = ("fake_kyiv", "fake_torino", "fake_brisbane", "fake_fez", "fake_algiers")
DEVICES += ("fake_sherbrooke", "fake_marrakesh", "fake_osaka", "fake_hanoi", "fake_pittsburgh")


def ansatz(rng, n):
    rotations = rng.permutation(ROTATIONS)[: rng.integers(1, 4)].tolist()
    entangler, topology = str(rng.choice(ENTANGLERS)), str(rng.choice(list(TOPOLOGIES)))
    return Ansatz(n, int(rng.integers(1, 7)), tuple(rotations), entangler, topology).to_circuit()


def efficient(rng, n):
    entanglement = str(rng.choice(["linear", "full", "circular"]))
    return efficient_su2(n, reps=int(rng.integers(1, 5)), entanglement=entanglement)


def qaoa(rng, n):
    layers = int(rng.integers(1, 4))
    circuit, angles = QuantumCircuit(n), iter(ParameterVector("a", 2 * layers))
    edges = [(i, j) for j in range(n) for i in range(j) if rng.random() < 0.6] or [(0, 1)]
    circuit.h(range(n))
    for _ in range(layers):
        gamma, beta = next(angles), next(angles)
        for pair in edges:
            circuit.rzz(gamma, *pair)
        circuit.rx(beta, range(n))
    return circuit


def kicked_ising(rng, n):
    circuit, (angle,) = QuantumCircuit(n), ParameterVector("a", 1)
    for _ in range(int(rng.integers(2, 9))):
        circuit.rx(angle, range(n))
        for first in (0, 1):
            for i in range(first, n - 1, 2):
                circuit.rzz(-np.pi / 2, i, i + 1)
    return circuit


def random(rng, n):
    return random_circuit(n, int(rng.integers(4, 15)), max_operands=2, seed=int(rng.integers(2**31)))


FAMILIES = {"ansatz": ansatz, "EfficientSU2": efficient, "QAOA": qaoa, "kicked Ising": kicked_ising, "random": random}


def strings(n):
    """Z on every qubit, ZZ on neighbours."""
    labels = [{i} for i in range(n)] + [{i, i + 1} for i in range(n - 1)]
    return ["".join("Z" if i in label else "I" for i in reversed(range(n))) for label in labels]


def compared(circuit, device, rng):
    """Values of one circuit: Aer's, and every estimate."""
    n = circuit.num_qubits
    bound = circuit.assign_parameters(rng.uniform(-np.pi, np.pi, circuit.num_parameters))
    cost = hyb.expectation_cost(bound, device, strings(n))
    physical, places = cost.cost.physical_circuit, cost.cost.measured_qubits
    density, small, qubits = noisy_density(physical, device)
    on = [[places[i] for i, letter in enumerate(reversed(string)) if letter == "Z"] for string in strings(n)]
    noisy, ideal = values(DensityMatrix(density), qubits, on), values(Statevector(small), qubits, on)
    found = {"Aer": noisy, "bound (ours)": cost.noisy(ideal, readout=False)}
    if circuit.num_parameters:
        found["symbolic (ours)"] = hyb.expectation_cost(circuit, device, strings(n)).noisy(ideal, readout=False)
    timeline = Timeline(physical, device.calibration)
    logs, offsets = mean_field(timeline, [dict.fromkeys(support, "Z") for support in on])
    usual = sum(
        times * log1p(-device.calibration.gate_data[gate].error) for gate, times in timeline.schedule.gates.items()
    )
    return found | {
        "mean field (ours, of large circuits)": np.exp(logs) * ideal + offsets,
        "ideal": ideal,
        "success probability x ideal": cost.cost.success_probability * ideal,
        "usual ESP x ideal": exp(usual) * ideal,
    }


def values(state, qubits, on):
    """<Z...Z> on each of the supports `on`, in physical qubits; those that no gate acts on are in |0>."""
    active = [[qubits.index(qubit) for qubit in support if qubit in qubits] for support in on]
    operators = [SparsePauliOp.from_sparse_list([("Z" * len(a), a, 1)], len(qubits)) for a in active]
    return np.array([state.expectation_value(operator).real for operator in operators])


def drawn(make, rng, sizes, most):
    """A circuit of a family with at most so many gates on pairs."""
    while (circuit := make(rng, int(rng.choice(sizes)))).num_nonlocal_gates() > most:
        pass
    return circuit


def study(sizes, count, seed, most):
    """Errors of every estimate by family, (values,) each."""
    rng, errors = np.random.default_rng(seed), {}
    for number in range(count):
        device = hyb.device(DEVICES[number % len(DEVICES)])
        for family, make in FAMILIES.items():
            found = compared(drawn(make, rng, sizes, most), device, rng)
            reference = found.pop("Aer")
            for estimate, predicted in found.items():
                errors.setdefault((family, estimate), []).extend(abs(predicted - reference))
                errors.setdefault(("all", estimate), []).extend(abs(predicted - reference))
    return errors


def by_pennylane():
    """Largest difference to PennyLane's default.mixed of one noisy circuit: depolarizing and damping gate by gate."""
    import pennylane as qml
    from qiskit.circuit.library import get_standard_gate_name_mapping

    device = hyb.device("fake_kyiv")
    circuit = ansatz(np.random.default_rng(7), 4)
    cost = hyb.expectation_cost(circuit.assign_parameters(np.linspace(-3, 3, circuit.num_parameters)), device)
    timeline = Timeline(cost.cost.physical_circuit, device.calibration)
    steps = list(timeline.backwards())[::-1]
    wires = sorted({qubit for step in steps for qubit in step.qubits} | set(cost.cost.measured_qubits))
    data, relaxation = device.calibration.gate_data, device.calibration.relaxation

    def relaxed(qubit, seconds):
        t1, t2 = relaxation[qubit]
        qml.ThermalRelaxationError(0, t1, min(t2, 2 * t1), seconds, wires=qubit) if seconds else None

    @qml.qnode(qml.device("default.mixed", wires=wires))
    def noisy():
        for step in steps:
            if step.name != "wait":
                gate = type(get_standard_gate_name_mapping()[step.name])(*step.parameters)
                # PennyLane has the first wire first, Qiskit the first qubit last
                qml.QubitUnitary(gate.to_matrix(), wires=step.qubits[::-1])
                depolarize(qml, step, data[step.name, step.qubits], [relaxation[qubit] for qubit in step.qubits])
            for qubit in step.qubits:
                relaxed(qubit, step.seconds)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in cost.cost.measured_qubits]

    return float(np.max(abs(np.array(noisy()) - cost.noisy(readout=False))))


def depolarize(qml, step, data, relaxation):
    """What the calibrated average error exceeds relaxation by, as Kraus operators of full depolarizing."""
    d = 2 ** len(step.qubits)
    per_qubit = [(1 + exp(-step.seconds / t1) + 2 * exp(-step.seconds / t2)) for t1, t2 in relaxation]
    traces = float(np.prod(per_qubit))
    kept = ((1 - data.error) * (d + 1) * d - d - 1) / (traces - 1)
    kept = min(max(kept, 0.0), 1.0)
    if kept == 1:
        return
    paulis = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    products = paulis if d == 2 else [np.kron(a, b) for a in paulis for b in paulis]
    weights = [(1 + (d * d - 1) * kept) / d**2] + [(1 - kept) / d**2] * (d * d - 1)
    qml.QubitChannel([np.sqrt(w) * p for w, p in zip(weights, products, strict=True)], wires=step.qubits[::-1])


def main(count):
    results = []
    for sizes, circuits, seed, most in (((3, 4, 5, 6), count, 11, np.inf), ((8, 9, 10), max(count // 10, 1), 12, 50)):
        for (family, estimate), found in study(sizes, circuits, seed, most).items():
            figures = {"mean": np.mean(found), "p95": np.quantile(found, 0.95), "max": np.max(found)}
            label = {"qubits": f"{sizes[0]}-{sizes[-1]}", "family": family, "estimate": estimate, "values": len(found)}
            results.append({**label, **{name: float(value) for name, value in figures.items()}})
    record(results, circuits=5 * (count + max(count // 10, 1)), pennylane=by_pennylane())
    print(table(results))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
