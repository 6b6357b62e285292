"""Our makespan against Qiskit's `estimate_duration`: random and ansatz circuits on every fake device with durations.

    python benchmarks/costs_makespan.py

Figure: relative difference <= 1e-12.
"""

import numpy as np
from qiskit.circuit.random import random_circuit
from recording import record

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import TOPOLOGIES, Ansatz
from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.formatting import text_table

LIMIT = 1e-12


def circuits(rng, width):
    """Two random circuits and two ansatz circuits that fit `width` qubits."""
    for _ in range(2):
        n_qubits = int(rng.integers(1, min(5, width) + 1))
        depth = int(rng.integers(50, 301))
        yield random_circuit(n_qubits, depth, max_operands=min(2, n_qubits), seed=int(rng.integers(2**31)))
        n_qubits = int(rng.integers(1, min(8, width) + 1))
        yield Ansatz(n_qubits, int(rng.integers(1, 9)), ("RY", "RZ"), topology=str(rng.choice(TOPOLOGIES))).to_circuit()


def compare(name, rng):
    """Largest relative difference on one device, the number of circuits, and the first reason of a refusal."""
    device = hyb.device(name)
    largest, count, refused = 0.0, 0, ""
    for circuit in circuits(rng, device.n_qubits):
        level = int(rng.integers(0, 4))
        try:
            cost = hyb.quantum_cost(circuit, device, optimization_level=level)
        except CircuitError as error:
            refused = refused or str(error)
            continue
        expected = cost.physical_circuit.estimate_duration(device.target, unit="s")
        difference = abs(cost.execution_time - expected) / expected if expected else cost.execution_time
        largest, count = max(largest, difference), count + 1
    return {"device": name, "circuits": count, "largest relative difference": largest, "refused": refused}


def main():
    rng = np.random.default_rng(3)
    rows = [compare(row.name, rng) for row in hyb.devices()]
    record(rows)
    print(text_table(list(rows[0]), [list(row.values()) for row in rows]))
    largest = max(row["largest relative difference"] for row in rows)
    circuits_in_all = sum(row["circuits"] for row in rows)
    print(f"\n{len(rows)} devices, {circuits_in_all} circuits: at most {largest:.1e} (figure: {LIMIT:.0e})")


if __name__ == "__main__":
    main()
