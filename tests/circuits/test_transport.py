import pickle

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.circuits.transport import from_bytes, to_bytes
from hybhanas_jupyter.costs.quantum import quantum_cost


def test_circuits_come_back_with_their_parameters_and_measurements():
    circuit = QuantumCircuit(3, 2)
    vector = ParameterVector("w", 2)
    circuit.ry(vector[0] * 2 + Parameter("a"), 0)
    circuit.rzz(vector[1], 1, 2)
    circuit.measure([0, 1], [0, 1])
    assert from_bytes(to_bytes(circuit)) == circuit


def test_a_cost_comes_back_from_another_process_as_it_was():
    cost = quantum_cost(Ansatz(5, 2, ("RX", "RZ"), topology="full"), "fake_kyiv")
    back = pickle.loads(pickle.dumps(cost))
    assert back == cost
    circuit, expected = back.physical_circuit, cost.physical_circuit
    assert circuit == expected
    assert circuit.parameters == expected.parameters
    assert circuit.layout.initial_index_layout() == expected.layout.initial_index_layout()
    assert circuit.layout.final_index_layout() == expected.layout.final_index_layout()
    assert repr(back) == repr(cost)
