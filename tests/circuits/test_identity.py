import pickle

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import AnnotatedOperation, InverseModifier, Parameter, ParameterVector, PowerModifier
from qiskit.circuit.library import CXGate, CZGate, PauliEvolutionGate
from qiskit.quantum_info import Clifford, SparsePauliOp

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.circuits.identity import fingerprint, from_bytes, to_bytes, written_out
from hybhanas_jupyter.costs.quantum import quantum_cost


def one_gate(build) -> QuantumCircuit:
    circuit = QuantumCircuit(3, 1)
    build(circuit)
    return circuit


def block(*gates) -> QuantumCircuit:
    inner = QuantumCircuit(2, name="block")
    for name, on in gates:
        getattr(inner, name)(*on)
    circuit = QuantumCircuit(3, 1)
    circuit.append(inner.to_instruction(), [0, 1])
    return circuit


def branch(circuit, value, gate):
    with circuit.if_test((0, value)):
        getattr(circuit, gate)(0)


def test_equal_circuits_are_equal_whatever_their_name():
    first, second = Ansatz(4, 2).to_circuit(), Ansatz(4, 2).to_circuit()
    second.name = "another"
    assert fingerprint(first) == fingerprint(second)


def test_every_difference_counts():
    different = [
        one_gate(lambda c: c.rx(0.1, 0)),
        one_gate(lambda c: c.rx(0.1, 1)),
        one_gate(lambda c: c.rx(0.1 + 1e-15, 0)),
        one_gate(lambda c: c.ry(0.1, 0)),
        one_gate(lambda c: c.rx(Parameter("a"), 0)),
        one_gate(lambda c: c.rx(Parameter("b"), 0)),
        one_gate(lambda c: c.cx(0, 1)),
        one_gate(lambda c: c.cx(1, 0)),
        one_gate(lambda c: c.delay(5, 0, unit="us")),
        one_gate(lambda c: c.delay(5, 0, unit="ns")),
        one_gate(lambda c: c.unitary(np.eye(4), [0, 1])),
        one_gate(lambda c: c.unitary(np.diag([1, 1, 1, -1]), [0, 1])),
        one_gate(lambda c: c.measure(0, 0)),
        one_gate(lambda c: c.append(Clifford(CXGate()), [0, 1])),
        one_gate(lambda c: c.append(Clifford(CZGate()), [0, 1])),
        one_gate(lambda c: c.append(AnnotatedOperation(CXGate(), InverseModifier()), [0, 1])),
        one_gate(lambda c: c.append(AnnotatedOperation(CXGate(), PowerModifier(2)), [0, 1])),
        one_gate(lambda c: c.append(AnnotatedOperation(CZGate(), PowerModifier(2)), [0, 1])),
        one_gate(lambda c: branch(c, 0, "x")),
        one_gate(lambda c: branch(c, 1, "x")),
        one_gate(lambda c: branch(c, 1, "y")),
        block(("h", [0])),
        block(("h", [1])),
        block(("cx", [0, 1])),
        QuantumCircuit(3, 1),
        QuantumCircuit(4, 1),
    ]
    assert len({fingerprint(circuit) for circuit in different}) == len(different)


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


def test_operators_of_evolutions_count():
    first, second, third = QuantumCircuit(2), QuantumCircuit(2), QuantumCircuit(2)
    for circuit, pauli in ((first, "XX"), (second, "ZZ"), (third, "ZZ")):
        circuit.append(PauliEvolutionGate(SparsePauliOp(pauli), 0.5), [0, 1])
    assert fingerprint(first) != fingerprint(second) == fingerprint(third)


def test_written_out_counts_what_definitions_hold():
    inner = QuantumCircuit(2, name="inner")
    inner.h([0, 1])
    middle = QuantumCircuit(2, name="middle")
    for _ in range(3):
        middle.append(inner.to_gate(), [0, 1])
    outer = QuantumCircuit(2)
    outer.append(middle.to_gate(), [0, 1])
    outer.cx(0, 1)
    assert written_out(outer, limit=100) == 7
    assert written_out(outer, limit=4) > 4
