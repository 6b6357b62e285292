import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit.library import n_local
from rustworkx.generators import grid_graph

from hybhanas_jupyter.circuits.topologies import TOPOLOGIES, pairs
from hybhanas_jupyter.errors import UnknownNameError


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
