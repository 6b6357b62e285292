import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybhanas_jupyter.circuits.ansatz import TOPOLOGIES, Ansatz
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.space import FixedCNN, SearchSpace, VariableCNN

SPACES = (SearchSpace(), SearchSpace(cnn=VariableCNN(strides=(1, 2), dropout=(0.0, 0.1, 0.3))))


@given(st.sampled_from(SPACES), st.integers(0, 10_000))
def test_samples_lie_in_the_space_and_survive_encoding_and_json(space, seed):
    architecture = space.sample(random.Random(seed))
    assert space.decode(space.encode(architecture)) == architecture
    assert Architecture.from_dict(architecture.to_dict()) == architecture
    ansatz = architecture.ansatz
    assert 2 <= ansatz.n_qubits <= 12
    assert 1 <= ansatz.depth <= 15
    if isinstance(space.cnn, FixedCNN):
        assert architecture.convolutions == space.cnn.layers
    else:
        assert 1 <= len(architecture.convolutions) <= 3
        for layer in architecture.convolutions:
            assert layer.channels in (8, 16, 32)
            assert layer.padding == layer.kernel // 2
            assert layer.pooling in ("none", "avg")


def test_every_value_of_the_space_is_drawn():
    space = SearchSpace(cnn=VariableCNN())
    drawn = [space.encode(space.sample(random.Random(seed))) for seed in range(600)]
    for gene in space.genes:
        assert {genome[gene.name] for genome in drawn if gene.name in genome} == set(gene.values)


def test_size_counts_different_architectures():
    space = SearchSpace(
        qubits=(2, 3),
        depth=(1, 1),
        rotations=("RY",),
        entanglers=("CZ",),
        topologies=("linear", "star"),
        cnn=VariableCNN(layers=(1, 2), channels=(4,), activations=("ReLU",), dropout=(0.0,)),
    )
    drawn = {repr(space.sample(random.Random(seed))) for seed in range(3000)}
    assert len(drawn) == space.size == 2 * 2 * (4 + 16)


def test_rotations_may_be_written_as_text():
    assert SearchSpace(rotations=("RY-RZ", ("RX",))).rotations == (("RY", "RZ"), ("RX",))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"qubits": (6, 2)}, ("space.qubits is (6, 2)", "(2, 6)")),
        ({"qubits": (1, 13)}, ("space.qubits.0 is 1", "2", "space.qubits.1 is 13", "12")),
        ({"depth": (0, 16)}, ("space.depth.0 is 0", "space.depth.1 is 16", "15")),
        ({"topologies": ("ring",)}, ("space.topologies.0 is 'ring'", "circular, full, grid, linear, star")),
        ({"rotations": ("RY-RW",)}, ("'RW'", "RX, RY, RZ")),
        ({"entanglers": ()}, ("space.entanglers is ()", "1 or more")),
        ({"entanglers": ("CZ", "CZ")}, ("distinct",)),
        ({"cnn": {"mode": "fixed", "layers": [{"channels": 4}] * 4}}, ("space.cnn.layers", "3")),
        ({"cnn": {"mode": "fixed", "layers": [{"channels": 0}]}}, ("space.cnn.layers.0", "channels is 0")),
        ({"cnn": {"mode": "variable", "dropout": (1.0,)}}, ("space.cnn.dropout.0 is 1.0", "below 1")),
        ({"qbits": (2, 3)}, ("space.qbits",)),
    ],
)
def test_wrong_values_are_named_with_their_path_and_bounds(values, words):
    from hybhanas_jupyter.nas.config import SearchConfig

    with pytest.raises(ConfigError) as error:
        SearchConfig(space=values)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def expectations(ansatz, x, weights):
    """<Z> of every qubit by Qiskit."""
    circuit = ansatz.to_circuit()
    values = {p: (x if p.vector.name == "x" else weights)[p.index] for p in circuit.parameters}
    state = Statevector(circuit.assign_parameters(values))
    n = ansatz.n_qubits
    return [state.expectation_value(SparsePauliOp.from_sparse_list([("Z", [q], 1)], n)).real for q in range(n)]


@given(
    st.integers(2, 4),
    st.integers(1, 2),
    st.sampled_from([("RY",), ("RY", "RZ"), ("RX", "RZ", "RY"), ("RZ", "RY", "RZ"), ("RZ",)]),
    st.sampled_from(["CNOT", "CZ"]),
    st.sampled_from(TOPOLOGIES),
    st.integers(0, 100),
)
@example(n=3, depth=2, rotations=("RZ",), entangler="CZ", topology="star", seed=0)
def test_what_trains_as_another_has_its_outputs_for_all_weights(n, depth, rotations, entangler, topology, seed):
    ansatz = Ansatz(n, depth, rotations, entangler, topology)
    simple = Architecture((), ansatz).trained_as.ansatz
    rng = np.random.default_rng(seed)
    x, weights = rng.uniform(-3, 3, n), rng.uniform(-3, 3, (depth, len(rotations), n))
    kept = weights[: simple.depth, : len(simple.rotations)]
    np.testing.assert_allclose(
        expectations(ansatz, x, weights.ravel()), expectations(simple, x, kept.ravel()), atol=1e-12
    )


def test_the_same_circuit_has_the_same_identity_and_different_ones_do_not():
    def identity(*genes):
        return Architecture((Convolution(4),), Ansatz(*genes)).identity

    assert identity(3, 2, ("RY",), "CNOT", "star") == identity(3, 2, ("RY",), "CNOT", "grid")
    assert identity(2, 2, ("RY",), "CNOT", "full") == identity(2, 2, ("RY",), "CNOT", "linear")
    assert identity(4, 2, ("RY",), "CNOT", "star") != identity(4, 2, ("RY",), "CNOT", "grid")
    assert identity(3, 2, ("RY",), "CNOT", "star") != identity(3, 2, ("RY",), "CZ", "star")


def test_label_is_short_and_complete():
    layers = (Convolution(8), Convolution(16, kernel=5))
    architecture = Architecture(layers, Ansatz(6, 3, ("RY", "RZ"), "CNOT", "star"))
    assert architecture.label == "6q x 3 RY-RZ CNOT star | 8/3 16/5"
