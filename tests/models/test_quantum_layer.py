import copy
import pickle

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS
from hybhanas_jupyter.circuits.topologies import TOPOLOGIES
from hybhanas_jupyter.errors import ArchitectureError, DataError, UnknownNameError
from hybhanas_jupyter.models.kernels.lanes import vector_bytes
from hybhanas_jupyter.models.quantum_layer import QuantumLayer

ENGINES = [
    pytest.param("numba", marks=pytest.mark.skipif(not vector_bytes(), reason="no kernel for this CPU")),
    "torch",
]

genes = st.fixed_dictionaries(
    {
        "n_qubits": st.integers(1, 6),
        "depth": st.integers(1, 4),
        "rotations": st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=4).map(tuple),
        "entangler": st.sampled_from(ENTANGLERS),
        "topology": st.sampled_from(TOPOLOGIES),
    }
)


def pennylane_reference(layer, x, upstream):
    """<Z> and the gradients of x and weights by default.qubit and backprop, in float64."""
    ansatz = layer.ansatz
    device = qml.device("default.qubit", wires=ansatz.n_qubits)

    @qml.qnode(device, interface="torch", diff_method="backprop")
    def circuit(x, w):
        for qubit in range(ansatz.n_qubits):
            qml.RX(x[:, qubit], wires=qubit)
        for angles in w:
            for name, row in zip(ansatz.rotations, angles, strict=True):
                for qubit in range(ansatz.n_qubits):
                    getattr(qml, name)(row[qubit], wires=qubit)
            for pair in ansatz.pairs:
                getattr(qml, ansatz.entangler)(wires=pair)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range(ansatz.n_qubits)]

    x, w = x.detach().requires_grad_(), layer.weights.detach().requires_grad_()
    z = torch.stack(circuit(x, w), 1)
    return z.detach(), *torch.autograd.grad((z * upstream).sum(), (x, w))


def evaluate(layer, x, upstream):
    x = x.detach().requires_grad_()
    z = layer(x)
    return z.detach(), *torch.autograd.grad((z * upstream).sum(), (x, layer.weights))


def random_input(layer, batch, seed):
    random = np.random.default_rng(seed)
    shape = (batch, layer.ansatz.n_qubits)
    return torch.from_numpy(random.uniform(-4, 4, shape)), torch.from_numpy(random.normal(size=shape))


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=60, deadline=None)
@given(genes=genes, batch=st.sampled_from([1, 2, 5, 19]), seed=st.integers(0, 10**6))
def test_agrees_with_default_qubit(engine, genes, batch, seed):
    layer = QuantumLayer(**genes, dtype=torch.float64, engine=engine, seed=seed)
    x, upstream = random_input(layer, batch, seed)
    for ours, reference in zip(evaluate(layer, x, upstream), pennylane_reference(layer, x, upstream), strict=True):
        assert torch.allclose(ours, reference, rtol=0, atol=1e-12)


def test_copies_pickles_and_state_dicts_compute_the_same():
    layer = QuantumLayer(3, 2, ("RY", "RZ"), "CZ", "full", seed=7)
    x, _ = random_input(layer, 4, 0)
    other = QuantumLayer(3, 2, ("RY", "RZ"), "CZ", "full", seed=8)
    assert not torch.equal(other(x), layer(x))
    other.load_state_dict(layer.state_dict())
    for twin in (other, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin(x), layer(x))


def test_empty_batch():
    layer = QuantumLayer(3, 2)
    z, dx, dw = evaluate(layer, torch.zeros(0, 3), torch.zeros(0, 3))
    assert z.shape == dx.shape == (0, 3)
    assert not dw.any()


def test_no_grad_leaves_no_graph():
    layer = QuantumLayer(3, 2)
    with torch.no_grad():
        assert layer(torch.ones(2, 3)).grad_fn is None


def test_construction_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    assert torch.equal(QuantumLayer(3, 2, seed=5).weights, QuantumLayer(3, 2, seed=5).weights)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_qubits": 21}, ArchitectureError, "n_qubits is 21: .* up to 20 qubits"),
        ({"dtype": torch.float16}, ArchitectureError, "dtype is torch.float16"),
        ({"engine": "jax"}, UnknownNameError, "Unknown engine 'jax'"),
        ({"rotations": ("RW",)}, UnknownNameError, "Unknown rotation 'RW'"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        QuantumLayer(**{"n_qubits": 3, "depth": 2} | options)


@pytest.mark.parametrize("shape", [(3,), (4, 2), (1, 2, 3)])
def test_bad_input_shape(shape):
    with pytest.raises(DataError, match=r"takes \(batch, 3\) angles"):
        QuantumLayer(3, 2)(torch.zeros(shape))
