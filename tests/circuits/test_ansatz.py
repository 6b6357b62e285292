import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Pauli, Statevector

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, Ansatz
from hybhanas_jupyter.circuits.topologies import TOPOLOGIES
from hybhanas_jupyter.errors import ArchitectureError, UnknownNameError


@settings(max_examples=25, deadline=None)
@given(
    ansatz=st.builds(
        Ansatz,
        n_qubits=st.integers(1, 5),
        depth=st.integers(1, 3),
        rotations=st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=3).map(tuple),
        entangler=st.sampled_from(ENTANGLERS),
        topology=st.sampled_from(TOPOLOGIES),
    ),
    seed=st.integers(0, 1000),
)
def test_qiskit_and_pennylane_agree(ansatz, seed):
    random = np.random.default_rng(seed)
    x = random.uniform(-np.pi, np.pi, ansatz.n_qubits)
    w = random.uniform(-np.pi, np.pi, (ansatz.depth, len(ansatz.rotations), ansatz.n_qubits))
    circuit = ansatz.to_circuit()
    angles = {"w": w.ravel(), "x": x}
    bound = circuit.assign_parameters({p: angles[p.vector.name][p.index] for p in circuit.parameters})
    state = Statevector(bound)
    expected = [state.expectation_value(Pauli("Z"), [qubit]).real for qubit in range(ansatz.n_qubits)]
    assert np.allclose(ansatz.to_qnode()(x, w), expected, atol=1e-10)


def test_number_of_weights_and_gates():
    ansatz = Ansatz(4, 3, ("RZ", "RY"), "CZ", "full")
    circuit = ansatz.to_circuit()
    assert ansatz.num_weights == 24 == len(circuit.parameters) - 4
    assert circuit.count_ops() == {"cz": 18, "rz": 12, "ry": 12, "rx": 4}


def test_lists_are_accepted_and_equal_ansaetze_are_equal():
    assert Ansatz(2, 1, ["RX", "RZ"]) == Ansatz(2, 1, ("RX", "RZ"))
    assert len({Ansatz(2, 1), Ansatz(2, 1)}) == 1


@pytest.mark.parametrize(
    ("genes", "error", "message"),
    [
        ({"n_qubits": 0}, ArchitectureError, "n_qubits is 0"),
        ({"depth": 1.5}, ArchitectureError, "depth is 1.5"),
        ({"depth": True}, ArchitectureError, "depth is True"),
        ({"rotations": ()}, ArchitectureError, "rotations is ()"),
        ({"rotations": "RY"}, ArchitectureError, "rotations is 'RY'"),
        ({"rotations": ("RW",)}, UnknownNameError, "Unknown rotation 'RW'"),
        ({"entangler": "CY"}, UnknownNameError, "Allowed: CNOT, CZ"),
        ({"topology": "ring"}, UnknownNameError, "Unknown topology 'ring'"),
    ],
)
def test_bad_genes_are_named(genes, error, message):
    with pytest.raises(error) as caught:
        Ansatz(**{"n_qubits": 2, "depth": 1, **genes})
    assert message in str(caught.value)
