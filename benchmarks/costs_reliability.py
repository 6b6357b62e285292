"""Predicted success against Aer's noisy simulation, beside the usual estimates, on circuits the formula never saw.

    python benchmarks/costs_reliability.py [algorithms] [circuits per set]

The formula was chosen on other circuits (200, of another seed). Set "same devices" is drawn on the five devices of that
choice, set "new devices" on five others. With "algorithms": families of Qiskit's circuit library, which nothing was
fitted to, instead. Figures: Spearman >= 0.997, mean absolute error <= 0.010, floor included.
"""

import sys
from math import exp, log, log1p

import numpy as np
from costs_coverage import QISKIT
from recording import record
from scipy.stats import spearmanr

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES, Ansatz
from hybhanas_jupyter.costs.compilation import active_qubits
from hybhanas_jupyter.costs.schedule import schedule
from hybhanas_jupyter.formatting import text_table
from hybhanas_jupyter.hardware.noise import noisy_fidelity

SETS = {
    "same devices": (101, ("fake_kyiv", "fake_torino", "fake_brisbane", "fake_fez", "fake_algiers")),
    "new devices": (102, ("fake_sherbrooke", "fake_marrakesh", "fake_osaka", "fake_hanoi", "fake_pittsburgh")),
}
ALGORITHMS = {
    "algorithms": (103, ("fake_kyiv", "fake_torino", "fake_sherbrooke", "fake_marrakesh", "fake_hanoi")),
}
NOT_JUDGED = {"random, dynamic", "initialize"}  # Aer's state after a measurement is not one state


def ansaetze(rng, count):
    """2-6 qubits, 1-6 layers, all gates and topologies."""
    for _ in range(count):
        rotations = rng.permutation(ROTATIONS)[: rng.integers(1, 4)].tolist()
        entangler, topology = str(rng.choice(ENTANGLERS)), str(rng.choice(TOPOLOGIES))
        yield Ansatz(int(rng.integers(2, 7)), int(rng.integers(1, 7)), tuple(rotations), entangler, topology)


def products(circuit, device):
    """The usual ESP, the paper's form on every gate's own error, and the product of docs/cost_model.md, section 3."""
    calibration = device.calibration
    timing = schedule(circuit, calibration, lambda gate: calibration.gate_data[gate].duration)
    gates = [(calibration.gate_data[gate].error, len(gate[1]), times) for gate, times in timing.gates.items()]
    usual = sum(times * log1p(-error) for error, _, times in gates)
    paper = usual - timing.makespan / min(calibration.relaxation[qubit][1] for qubit in timing.idle)
    product = sum(times * log1p(-error * (1 + 2.0**-size)) for error, size, times in gates)
    for qubit, idle in timing.idle.items():
        t1, t2 = calibration.relaxation[qubit]
        product += log(0.25 + 0.25 * exp(-idle / t1) + 0.5 * exp(-idle / t2))
    return exp(usual), exp(paper), exp(product)


def algorithms(rng, count):
    """Families of Qiskit's library at 3 to 6 qubits, in turn, bound to random angles and without measurements."""
    families = [name for name in QISKIT if name not in NOT_JUDGED]
    for number in range(count):
        circuit = QISKIT[families[number % len(families)]](3 + number // len(families) % 4)
        circuit = circuit.remove_final_measurements(inplace=False)
        yield circuit.assign_parameters(rng.uniform(-np.pi, np.pi, circuit.num_parameters))


def estimates(circuit, device, rng):
    """Aer's fidelity of one circuit at random angles, and every estimate of it; None where Aer would take too long."""
    cost = hyb.quantum_cost(circuit, device)
    physical = cost.physical_circuit
    bound = physical.assign_parameters(rng.uniform(-np.pi, np.pi, physical.num_parameters))
    if not cost.execution_time or len(active_qubits(physical)) > 8:
        return None
    usual, paper, product = products(physical, device)
    floor = 2.0**-cost.active_qubits
    return {
        "Aer": noisy_fidelity(bound, device),
        "product of 1 - e (usual)": usual,
        "... x exp(-T / min T2) (paper's form)": paper,
        "process fidelities and idling, floor": product * (1 - floor) + floor,
        "the state followed (ours)": cost.expected_fidelity,
    }


def main(count, mode):
    rows, results = [], []
    for label, (seed, names) in (ALGORITHMS if mode else SETS).items():
        rng = np.random.default_rng(seed)
        devices = [hyb.device(name) for name in names]
        drawn = (algorithms if mode else ansaetze)(rng, count)
        every = [estimates(circuit, devices[i % len(devices)], rng) for i, circuit in enumerate(drawn)]
        found = [row for row in every if row]
        columns = {name: np.array([row[name] for row in found]) for name in found[0]}
        reference = columns.pop("Aer")
        for name, values in columns.items():
            errors = abs(values - reference)
            figures = [float(spearmanr(values, reference).statistic), float(errors.mean()), float(errors.max())]
            rows.append(
                [f"{label} ({len(found)}): {name}", f"{figures[0]:.4f}", f"{figures[1]:.4f}", f"{figures[2]:.3f}"]
            )
            named = dict(zip(("spearman", "mean", "max"), figures, strict=True))
            results.append({"mode": mode, "set": label, "circuits": len(found), "estimate": name, **named})
    record(results)
    print(text_table(["estimate", "Spearman", "mean abs error", "max"], rows))


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    algorithmic = "algorithms" in sys.argv[1:]
    main(numbers[0] if numbers else 87 if algorithmic else 150, "algorithms" if algorithmic else None)
