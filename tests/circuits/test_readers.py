import math
import re
import subprocess
import sys

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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

    circuit = to_circuit(qnode_of(build)).remove_final_measurements(inplace=False)
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
    assert [gate.name for gate in circuit.data] == ["rx", "crz", "ry", "cx", "measure"]
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


HEAD3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'


def test_numbers_beyond_64_bits_do_not_let_the_parser_panic(capfd):
    digits = "9" * 30
    for text in (
        f"OPENQASM 2.{digits}; qreg q[2];",
        f"OPENQASM {digits}.0; qreg q[2];",
        f"OPENQASM 2.0; qreg q[2]; U(0, 0, 0) q[{digits}];",
    ):
        with pytest.raises(CircuitError):
            to_circuit(text)
    fine = "OPENQASM 2.0; qreg q[1]; U(3.14159265358979323846264338327950288, 0, 0) q[0];"
    assert to_circuit(fine).data[0].params[0] == math.pi
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("OPENQASM 2.0;\nqreg q[1];\nnothing q[0];", "line 3, column 1", "'nothing' is not defined"),
        ("OPENQASM 3.0;\nqubit q;\nnothing q;", "line 3, column 1", "'nothing' is not defined"),
        (HEAD3 + "h q[0]\ncx q[0], q[1];", "line 6, column 1", "unexpected 'cx' (is a semicolon missing before it?)"),
        (HEAD3 + "h q[5];", "line 5, column 3", "out of range"),
        (HEAD3 + "rx(pi / 0) q[0];", "line 5, column 4", "division by zero"),
        (HEAD3 + "h 'q';", "line 5, column 3", "cannot stand here"),
        (HEAD3 + "if (c[0]) { x q[0];", "line 5, column 20", "unexpected end"),
    ],
)
def test_mistakes_in_openqasm_are_one_line_with_their_place(text, place, reason, capfd):
    with pytest.raises(CircuitError, match="no valid OpenQASM") as caught:
        to_circuit(text)
    message = str(caught.value)
    assert place in message
    assert reason in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


PROGRAM = (
    HEAD3
    + """input float[64] a;
gate my(t) p, r { rz(t) p; cx p, r; h r; }
h q[0];
my(a / 2) q[0], q[1];
for int i in [0:2] { rx(pi / 4) q[0]; }
ctrl @ rz(2 * pi) q[0], q[1];
let b = q[0:1];
if (c[0]) { x q[1]; } else { z q[0]; }
delay[100ns] q[0];
box { h q; }
c[0] = measure q[0];
"""
)
SCRAPS = ["", ";", "(", "}", "[", "5", "-1", "0.5", "pi", "q", "c", " ", "@", '"', "99", "\n"]


@settings(max_examples=150)
@given(
    edits=st.lists(st.tuples(st.integers(14, len(PROGRAM) - 4), st.integers(0, 3), st.sampled_from(SCRAPS)), max_size=3)
)
def test_mutated_programs_are_read_or_refused_in_one_line(edits):
    text = PROGRAM
    for place, length, scrap in edits:
        text = text[:place] + scrap + text[place + length :]
    said = refusal(text)
    assert "\n" not in said
    assert not said or re.search(r"line \d+, column \d+", said) or "declares" in said


def refusal(text) -> str:
    try:
        to_circuit(text)
    except CircuitError as error:
        return str(error)
    return ""


DOUBLING = "gate g0 a { h a; } " + " ".join(f"gate g{i + 1} a {{ g{i} a; g{i} a; }}" for i in range(29))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("OPENQASM 3.0; qubit[1000000000] q;", "declares 1,000,000,000 bits"),
        ("OPENQASM 3.0; qubit[1000 * 1000000] q;", "line 1, column 15: write the size"),
        ("OPENQASM 3.0; qubit q; bit[1000000000] c;", "declares 1,000,000,001 bits"),
        ("OPENQASM 2.0; qreg q[1000000000];", "declares 1,000,000,000 bits"),
        (f'OPENQASM 2.0; include "qelib1.inc"; {DOUBLING} qreg q[1]; g29 q[0];', "more than 10,000,000 gates"),
        (f'OPENQASM 3.0; include "stdgates.inc"; {DOUBLING} qubit q; g29 q;', "more than 10,000,000 gates"),
    ],
)
def test_sizes_are_checked_before_anything_is_built(text, message):
    with pytest.raises(CircuitError, match=message):
        to_circuit(text)


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


def measured(circuit):
    return [circuit.find_bit(g.qubits[0]).index for g in circuit.data if g.name == "measure"]


@pytest.mark.parametrize(
    ("measure", "wires", "basis"),
    [
        (lambda: qml.expval(qml.Z(0)), [0], []),
        (lambda: qml.expval(qml.X(1)), [1], ["h"]),
        (lambda: qml.expval(qml.X(0) @ qml.Y(2)), [0, 2], ["h", "z", "s", "h"]),
        (lambda: qml.probs(wires=[1, 2]), [1, 2], []),
        (lambda: [qml.expval(qml.Z(0)), qml.expval(qml.X(0)), qml.expval(qml.X(0) @ qml.X(1))], [0, 1], ["h", "h"]),
        (lambda: [qml.expval(qml.Z(i)) for i in range(3)], [], []),
        (qml.state, [], []),
        (qml.sample, [], []),
    ],
)
def test_what_a_qnode_measures_is_measured_in_its_basis(measure, wires, basis):
    @qml.qnode(qml.device("default.qubit", wires=3))
    def node(x):
        for wire in range(3):
            qml.RX(x, wire)
        return measure()

    circuit = to_circuit(node, (0.1,))
    assert sorted(measured(circuit)) == wires
    assert sorted(g.name for g in circuit.data if g.name not in ("rx", "measure")) == sorted(basis)


def test_observables_that_do_not_commute_are_groups():
    @qml.qnode(qml.device("default.qubit", wires=2))
    def node():
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0)), qml.expval(qml.Z(1))

    assert to_circuit(node).metadata["measurement_groups"] == 2


def test_arguments_by_name_and_keyword_only_ones_name_the_parameters():
    @qml.qnode(qml.device("default.qubit", wires=2))
    def node(x, *, w):
        qml.RX(x, 0)
        qml.RY(w[0], 0)
        qml.RZ(x * w[1], 1)
        return qml.expval(qml.Z(0))

    circuit = to_circuit(node, {"x": 0.1, "w": [0.1, 0.2]})
    assert [str(gate.params[0]).split("[")[0] for gate in circuit.data if gate.params] == ["x", "w", "x,w"]
    with pytest.raises(CircuitError, match="by name, arguments="):
        to_circuit(node, (0.1,))


def test_whole_numbers_that_are_no_angles_stay_as_they_are():
    def embed(bits):
        qml.BasisEmbedding(bits, wires=range(3))
        qml.Hadamard(0)

    circuit = to_circuit(qnode_of(embed), (np.array([1, 0, 1]),))
    assert [g.name for g in circuit.data if g.name != "measure"] == ["x", "x", "h"]

    def conditional(bits, x):
        for wire, bit in enumerate(bits):
            if bit:
                qml.RX(x, wire)

    assert to_circuit(qnode_of(conditional), ([1, 0, 1], 0.3)).count_ops()["rx"] == 2

    def angles(x):
        qml.RX(x[0], 0)
        qml.RX(x[1], 1)

    assert to_circuit(qnode_of(angles), (np.zeros(2, int),)).num_parameters == 2


def test_gates_that_depend_on_values_are_those_of_the_given_values():
    def build(x):
        for _ in range(int(10 * x)):
            qml.RX(x, 0)

    circuit = to_circuit(qnode_of(build), (0.25,))
    assert (circuit.count_ops()["rx"], circuit.num_parameters) == (2, 1)

    def normalised(x):
        qml.AmplitudeEmbedding(x, wires=range(3))

    assert to_circuit(qnode_of(normalised), (np.eye(8)[3],)).num_qubits == 3

    def refused(x):
        raise ValueError("no\nway")

    with pytest.raises(CircuitError, match="cannot be built from its arguments: no way"):
        to_circuit(qnode_of(refused), (0.1,))


def test_a_torch_layer_is_its_qnode():
    import torch

    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
    def node(inputs, w):
        qml.AngleEmbedding(inputs, wires=range(2))
        qml.BasicEntanglerLayers(w, wires=range(2))
        return [qml.expval(qml.Z(i)) for i in range(2)]

    layer = qml.qnn.TorchLayer(node, {"w": (3, 2)})
    assert is_circuit(layer)
    circuit = to_circuit(layer, (torch.zeros(2),))
    assert circuit.num_parameters == 2 + 6
    with pytest.raises(CircuitError, match="needs its inputs"):
        to_circuit(layer)


def test_measurements_in_the_middle_and_what_depends_on_them():
    def build(x):
        qml.RX(x, 0)
        bit = qml.measure(0, reset=True)
        qml.cond(bit == 0, qml.RY)(x, 1)

    circuit = to_circuit(qnode_of(build), (0.1,))
    assert [g.name for g in circuit.data] == ["rx", "measure", "reset", "if_else", "measure"]
    branch = circuit.data[3].operation
    assert branch.condition[1] == 0
    assert [g.name for g in branch.blocks[0].data] == ["ry"]
