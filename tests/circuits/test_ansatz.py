import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit.library import n_local
from qiskit.quantum_info import Pauli, Statevector
from rustworkx.generators import grid_graph

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES, Ansatz, pairs
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
        ({"n_qubits": 10**6, "topology": "full"}, ArchitectureError, "at most 2,000"),
        ({"n_qubits": 1000, "depth": 10**4}, ArchitectureError, "at most 10,000,000"),
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


@pytest.mark.parametrize("topology", ["linear", "circular", "full"])
@pytest.mark.parametrize("n_qubits", [2, 3, 5, 8])
def test_same_couplings_as_qiskits_n_local(topology, n_qubits):
    reference = n_local(n_qubits, "ry", "cx", topology, reps=1)
    entanglers = [gate for gate in reference.data if gate.operation.name == "cx"]
    couplings = {frozenset(reference.find_bit(qubit).index for qubit in gate.qubits) for gate in entanglers}
    assert {frozenset(pair) for pair in pairs(topology, n_qubits)} == couplings


@pytest.mark.parametrize(
    ("n_qubits", "expected"),
    [
        (4, ((0, 1), (0, 2), (1, 3), (2, 3))),
        (5, ((0, 1), (0, 3), (1, 2), (1, 4), (3, 4))),
        (6, ((0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5))),
    ],
)
def test_grid_by_hand(n_qubits, expected):
    assert pairs("grid", n_qubits) == expected


@pytest.mark.parametrize("side", [2, 3, 4])
def test_full_grid_is_a_square_lattice(side):
    lattice = {frozenset(edge) for edge in grid_graph(side, side).edge_list()}
    assert {frozenset(pair) for pair in pairs("grid", side * side)} == lattice


def test_order_of_circular_and_star():
    assert pairs("circular", 4) == ((0, 1), (1, 2), (2, 3), (3, 0))
    assert pairs("circular", 2) == ((0, 1),)
    assert pairs("star", 4) == ((0, 1), (0, 2), (0, 3))


@given(topology=st.sampled_from(TOPOLOGIES), n_qubits=st.integers(1, 20))
def test_every_qubit_is_reached_and_no_pair_repeats(topology, n_qubits):
    couplings = pairs(topology, n_qubits)
    assert len({frozenset(pair) for pair in couplings}) == len(couplings)
    assert {q for pair in couplings for q in pair} == (set(range(n_qubits)) if n_qubits > 1 else set())


def test_unknown_topology_is_named():
    with pytest.raises(UnknownNameError, match="Unknown topology 'ring'"):
        pairs("ring", 3)


def test_operations_are_the_circuits_gates_in_their_order():
    ansatz = Ansatz(3, 2, ("RZ", "RY"), "CZ", "circular")
    names = {"RX": "rx", "RZ": "rz", "RY": "ry", "CZ": "cz"}
    circuit, operations = ansatz.to_circuit(), list(ansatz.operations())
    assert [(names[o.gate], o.qubits) for o in operations] == [
        (gate.name, tuple(circuit.find_bit(qubit).index for qubit in gate.qubits)) for gate in circuit.data
    ]
    parameters = [gate.params[0] for gate in circuit.data if gate.params]
    assert [(o.source, *o.place) for o in operations if o.source][3:7] == [
        ("w", 0, 0, 0),
        ("w", 0, 0, 1),
        ("w", 0, 0, 2),
        ("w", 0, 1, 0),
    ]
    shape = (ansatz.depth, len(ansatz.rotations), ansatz.n_qubits)
    weights = [int(np.ravel_multi_index(o.place, shape)) for o in operations if o.source == "w"]
    assert weights == [parameter.index for parameter in parameters if parameter.vector.name == "w"]


def test_lists_and_batches_are_angles_too():
    ansatz, random = Ansatz(2, 1, ("RY", "RZ")), np.random.default_rng(0)
    x, w = random.uniform(size=(5, 2)), random.uniform(size=(1, 2, 2))
    node = ansatz.to_qnode()
    batch = np.array(node(x, w))
    assert np.allclose(batch[:, 3], node(x[3].tolist(), w.tolist()))
