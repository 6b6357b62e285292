"""What outputs depend on, against finite differences and states of Qiskit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector, partial_trace, purity

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, TOPOLOGIES, Ansatz
from hybhanas_jupyter.circuits.dependence import dependence


def values(ansatz, x, w):
    circuit = ansatz.to_circuit()
    given_values = {p: (x if p.vector.name == "x" else w)[p.index] for p in circuit.parameters}
    state = Statevector(circuit.assign_parameters(given_values))
    z = [1 - 2 * state.probabilities([qubit])[1] for qubit in range(ansatz.n_qubits)]
    return np.array(z), state


def read_weights(ansatz, rng):
    """Weights whose change changes an output, at a random point."""
    x, w = rng.uniform(0, 6, ansatz.n_qubits), rng.uniform(0, 6, ansatz.num_weights)
    before, _ = values(ansatz, x, w)
    read = 0
    for number in range(ansatz.num_weights):
        shifted = w.copy()
        shifted[number] += 0.7
        read += np.abs(values(ansatz, x, shifted)[0] - before).max() > 1e-9
    return read


@settings(max_examples=25, deadline=None)
@given(
    n_qubits=st.integers(1, 4),
    depth=st.integers(1, 2),
    rotations=st.permutations(["RX", "RY", "RZ"]).flatmap(lambda p: st.integers(1, 3).map(lambda k: tuple(p[:k]))),
    entangler=st.sampled_from(ENTANGLERS),
    topology=st.sampled_from(list(TOPOLOGIES)),
)
def test_read_weights_are_those_with_a_derivative(n_qubits, depth, rotations, entangler, topology):
    ansatz = Ansatz(n_qubits, depth, rotations, entangler, topology)
    assert dependence(ansatz).read_weights == read_weights(ansatz, np.random.default_rng(0))


@pytest.mark.parametrize("depth", [1, 3])
def test_rz_and_cz_give_cosines_whatever_the_weights(depth):
    ansatz = Ansatz(4, depth, ("RZ",), "CZ", "full")
    found = dependence(ansatz)
    assert (found.read_weights, found.entangled_outputs, found.cosines) == (0, 0, 4)
    assert found.note == "only cos x"
    x, w = np.random.default_rng(1).uniform(0, 6, (2, 12))
    assert values(ansatz, x[:4], w)[0] == pytest.approx(np.cos(x[:4]))


def test_a_layer_without_entanglement_in_its_readout_says_so():
    found = dependence(Ansatz(3, 1, ("RY",), "CZ", "linear"))
    assert found.note == "no entanglement"
    assert (found.read_weights, found.cosines) == (3, 0)


def test_a_layer_that_uses_all_it_has_needs_no_note():
    ansatz = Ansatz(3, 2, ("RY",), "CZ", "linear")
    assert dependence(ansatz).note == ""
    _, state = values(ansatz, np.full(3, 0.4), np.linspace(0.3, 2, 6))
    assert purity(partial_trace(state, [0, 1])).real < 0.99


def test_a_closing_rz_is_unread_however_large_the_circuit_is():
    found = dependence(Ansatz(10, 4, ("RX", "RY", "RZ"), "CZ", "full"))
    assert found.note == "10 of 120 weights unread"
