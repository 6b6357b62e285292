"""Devices of other makers: what a GHZ state of 3 qubits costs on each, and where each number is from.

The devices are those of mqt.bench, qiskit-ionq and iqm-client, as recorded in tests/hardware/vendor_targets.json. The
judge, where a maker has one, is its own noise model: the fidelity that IQM's gives to the circuit its compiler makes.

python benchmarks/costs_vendors.py
"""

import sys
from pathlib import Path

from qiskit import QuantumCircuit
from recording import record, table

import hybhanas_jupyter as hyb
from hybhanas_jupyter.hardware.vendors import vendor_of

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.hardware.vendor_devices import RECORDS, backend


def row(key):
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    device = hyb.device(backend(key))
    cost = hyb.quantum_cost(circuit, device)
    typical = sum("typical of" in line for line in device.calibration.assumed)
    own = RECORDS[key].get("ghz_fidelity")
    return {
        "device": key,
        "maker": vendor_of(device.name).name,
        "qubits": device.n_qubits,
        "execution, us": 1e6 * cost.execution_time,
        "fidelity": cost.expected_fidelity,
        "maker's noise model": own,
        "of its own circuit": None if own is None else native(key, device).expected_fidelity,
        "1,000 shots, s": cost.usage_time,
        "clock": cost.provenance.clock,
        "target of": RECORDS[key]["source"],
        "typical values": typical,
    }


def native(key, device):
    """The cost of the very circuit that the maker's compiler made."""
    circuit = QuantumCircuit(device.n_qubits)
    for name, parameters, qubits in RECORDS[key]["ghz_circuit"]:
        getattr(circuit, name)(*parameters, *qubits)
    return hyb.quantum_cost(circuit, device)


def main():
    rows = [row(key) for key in RECORDS]
    print(table(rows))
    record(rows)


if __name__ == "__main__":
    main()
