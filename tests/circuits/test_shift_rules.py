"""Shift evaluations against the libraries that define them: PennyLane's own tapes, Qiskit's gradient's figures."""

import numpy as np
import pennylane as qml
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, RXGate, XXPlusYYGate, real_amplitudes, zz_feature_map
from qiskit.quantum_info import SparsePauliOp

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.circuits.shift_rules import shift_evaluations
from hybhanas_jupyter.errors import CircuitError

A = ParameterVector("a", 4)


def one(build) -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    build(circuit)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "expected"),
    [  # twice the parameters of qiskit-algorithms 0.4.0's ParamShiftEstimatorGradient, once it has made them unique
        (one(lambda c: c.rx(A[0], 0)), 2),
        (one(lambda c: c.rzz(A[0], 0, 1)), 2),
        (one(lambda c: c.cp(A[0], 0, 1)), 6),
        (one(lambda c: c.crx(A[0], 0, 1)), 4),
        (one(lambda c: c.crz(A[0], 0, 1)), 4),
        (one(lambda c: c.u(A[0], A[1], A[2], 0)), 6),
        (one(lambda c: c.r(A[0], A[1], 0)), 6),
        (one(lambda c: c.cu(*A, 0, 1)), 14),
        (one(lambda c: c.mcp(A[0], [0, 1], 2)), 14),
        (one(lambda c: c.append(RXGate(A[0]).control(2), [0, 1, 2])), 12),
        (one(lambda c: c.append(XXPlusYYGate(A[0], 0.1), [0, 1])), 4),
        (one(lambda c: c.append(PauliEvolutionGate(SparsePauliOp(["ZZI", "IXX", "IIZ"]), A[0]), [0, 1, 2])), 6),
        (real_amplitudes(3), 24),
        (zz_feature_map(3), 24),
    ],
)
def test_evaluations_of_circuits_are_qiskits(circuit, expected):
    assert shift_evaluations(circuit) == expected


@pytest.mark.parametrize(
    ("gate", "wires"),
    [
        (qml.RX, 1),
        (qml.PhaseShift, 1),
        (qml.CRX, 2),
        (qml.ControlledPhaseShift, 2),
        (qml.IsingXX, 2),
        (qml.SingleExcitation, 2),
        (qml.DoubleExcitation, 4),
        (qml.MultiRZ, 3),
    ],
)
def test_evaluations_of_qnodes_are_pennylanes(gate, wires):
    @qml.qnode(qml.device("default.qubit", wires=4))
    def node(x):
        for wire in range(wires):
            qml.Hadamard(wire)
        gate(x, wires=range(wires))
        return qml.expval(qml.Z(0))

    tape = qml.workflow.construct_tape(node)(qml.numpy.array(0.3, requires_grad=True))
    assert shift_evaluations(node, arguments=(0.3,)) == len(qml.gradients.param_shift(tape)[0])
    assert shift_evaluations(tape) == shift_evaluations(node, arguments=(0.3,))
    assert shift_evaluations(node, ["x"], (0.3,)) == 0


def test_only_what_reaches_the_readout_counts():
    @qml.qnode(qml.device("default.qubit", wires=4))
    def node(x):
        for wire in range(4):
            qml.RX(x[wire], wire)
        return qml.expval(qml.Z(0))

    assert shift_evaluations(node, arguments=(np.zeros(4),)) == 2
    circuit = QuantumCircuit(4, 1)
    for qubit in range(4):
        circuit.rx(A[qubit], qubit)
    assert shift_evaluations(circuit) == 8
    circuit.cx(1, 0)
    circuit.measure(0, 0)
    assert shift_evaluations(circuit) == 4


def test_shared_parameter_counts_once_per_gate():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.rx(a, 0)
    circuit.ry(2 * a + b, 1)
    circuit.crz(a, 0, 1)
    circuit.rx(0.5, 0)
    assert shift_evaluations(circuit) == 2 + 2 + 4


def test_inputs_count_unless_nothing_in_front_is_trained():
    circuit = Ansatz(4, 3, ("RY", "RZ")).to_circuit()
    assert shift_evaluations(circuit) == 2 * (24 + 4)
    assert shift_evaluations(circuit, data_parameters=["x"]) == 2 * 24
    assert shift_evaluations(circuit, data_parameters=["x[0]"]) == 2 * 27


def test_a_state_that_is_returned_whole_counts_as_if_it_were_read():
    @qml.qnode(qml.device("default.qubit", wires=2))
    def node(x):
        qml.RX(x[0], 0)
        qml.CRY(x[1], [0, 1])
        return qml.state()

    assert shift_evaluations(node, arguments=(np.zeros(2),)) == 2 + 4


def test_a_gate_without_a_definition_is_named():
    from qiskit.circuit import Gate

    circuit = QuantumCircuit(2)
    circuit.append(Gate("mystery", 2, [Parameter("a")]), [0, 1])
    with pytest.raises(CircuitError, match="No shift rule is known") as caught:
        shift_evaluations(circuit)
    assert "mystery" in str(caught.value)
    assert "\n" not in str(caught.value)
