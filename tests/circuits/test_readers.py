import subprocess
import sys

import numpy as np
import pennylane as qml
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.quantum_info import Operator

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.circuits.readers import is_circuit, to_circuit
from hybhanas_jupyter.errors import CircuitError


def qnode_of(build, n_wires=3):
    @qml.qnode(qml.device("default.qubit", wires=n_wires))
    def node(*arguments):
        build(*arguments)
        return qml.expval(qml.PauliZ(0))

    return node


def test_quantum_circuit_is_returned_as_it_is():
    circuit = QuantumCircuit(1)
    assert to_circuit(circuit) is circuit


def test_ansatz_and_its_qnode_are_the_same_circuit():
    ansatz = Ansatz(3, 2, ("RY", "RZ"), "CZ", "full")
    read = to_circuit(ansatz.to_qnode(), (np.zeros(3), np.zeros((2, 2, 3))))
    expected = to_circuit(ansatz)
    assert [(g.name, [b._index for b in g.qubits]) for g in read.data] == [
        (g.name, [b._index for b in g.qubits]) for g in expected.data
    ]
    assert read.num_parameters == expected.num_parameters == 15


def test_constants_stay_numbers_and_shared_arguments_one_parameter():
    def build(a, b):
        qml.RX(a, 0)
        qml.RY(a, 1)
        qml.RZ(0.5, 2)
        qml.RX(2 * b[0], 2)

    circuit = to_circuit(qnode_of(build), (0.0, [1.0, 2.0]))
    assert circuit.num_parameters == 2
    assert circuit.data[2].params == [0.5]


def test_constant_gates_are_the_same_unitary():
    def build():
        qml.Hadamard(0)
        qml.CRY(0.3, [0, 1])
        qml.IsingXX(0.7, [1, 2])
        qml.U3(0.1, 0.2, 0.3, 2)
        qml.QFT([0, 1, 2])
        qml.Toffoli([2, 0, 1])
        qml.adjoint(qml.S(1))
        qml.PhaseShift(0.4, 0)

    circuit = to_circuit(qnode_of(build))
    expected = qml.matrix(qnode_of(build), wire_order=[2, 1, 0])()
    assert Operator(circuit).equiv(Operator(expected))


def test_batched_inputs_are_costed_as_one_sample():
    ansatz = Ansatz(2, 1)
    circuit = to_circuit(ansatz.to_qnode(), (np.zeros((7, 2)), np.zeros((1, 1, 2))))
    assert len(circuit.data) == len(ansatz.to_circuit().data)


def test_tape_has_one_parameter_for_every_trainable_angle():
    operations = [qml.RX(0.0, 0), qml.CRZ(0.0, [0, 1]), qml.RY(0.5, 1), qml.CNOT([0, 1])]
    tape = qml.tape.QuantumScript(operations, [qml.expval(qml.PauliZ(0))], trainable_params=[0, 1])
    circuit = to_circuit(tape)
    assert [gate.name for gate in circuit.data] == ["rx", "crz", "ry", "cx"]
    assert circuit.num_parameters == 2
    assert circuit.data[2].params == [0.5]


QASM2 = """// a Bell pair
OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
h q[0];
cx q[0], q[1];
"""
QASM3 = """/* a Bell pair
   with an angle */
OPENQASM 3.0;
include "stdgates.inc";
input float[64] a;
qubit[2] q;
h q[0];
cx q[0], q[1];
rz(a) q[1];
"""


def test_openqasm_text():
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    assert is_circuit(QASM2)
    assert Operator(to_circuit(QASM2)) == Operator(bell)
    three = to_circuit(QASM3)
    assert (three.num_parameters, len(three.data)) == (1, 3)
    assert Operator(to_circuit(qasm2.dumps(bell))) == Operator(bell)
    assert Operator(to_circuit(qasm3.dumps(bell))) == Operator(bell)


@pytest.mark.parametrize("text", ["OPENQASM 2.0;\nqreg q[1];\nnothing q[0];", "OPENQASM 3.0;\nqubit q;\nnothing q;"])
def test_bad_openqasm_is_named_in_one_line(text):
    with pytest.raises(CircuitError, match="no valid OpenQASM") as caught:
        to_circuit(text)
    assert "nothing" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_arguments_and_other_objects_are_named():
    with pytest.raises(CircuitError, match="needs its arguments"):
        to_circuit(Ansatz(2, 1).to_qnode())
    with pytest.raises(CircuitError, match="list is no circuit"):
        to_circuit([1])


def test_is_circuit():
    assert is_circuit(QuantumCircuit(1))
    assert is_circuit(Ansatz(2, 1))
    assert is_circuit(Ansatz(2, 1).to_qnode())
    assert not is_circuit("OPENQASM is a language")
    assert not is_circuit("fake_kyiv")


def test_asking_imports_neither_qiskit_nor_pennylane():
    code = (
        "import sys; from hybhanas_jupyter.circuits import ansatz, readers; readers.is_circuit(3);"
        "assert not {'qiskit', 'pennylane', 'torch', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
