import copy
import pickle

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Pauli, Statevector
from torch.func import functional_call

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES
from hybhanas_jupyter.errors import ArchitectureError, DataError, UnknownNameError
from hybhanas_jupyter.models.kernels.lanes import vector_bytes
from hybhanas_jupyter.models.quantum_layer import DTYPES, QuantumLayer

ENGINES = [
    pytest.param("numba", marks=pytest.mark.skipif(not vector_bytes(), reason="no kernel for this CPU")),
    "torch",
]

genes = st.fixed_dictionaries(
    {
        "n_qubits": st.integers(1, 12),
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


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("n_qubits", "depth", "topology"), [(8, 3, "grid"), (11, 2, "full"), (12, 2, "circular")])
def test_agrees_with_default_qubit_on_many_qubits(engine, n_qubits, depth, topology):
    layer = QuantumLayer(n_qubits, depth, ("RZ", "RY"), "CNOT", topology, dtype=torch.float64, engine=engine)
    x, upstream = random_input(layer, 3, 0)
    for ours, reference in zip(evaluate(layer, x, upstream), pennylane_reference(layer, x, upstream), strict=True):
        assert torch.allclose(ours, reference, rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("entangler", ENTANGLERS)
def test_single_precision(engine, entangler):
    single, double = (QuantumLayer(6, 6, ("RX",), entangler, "full", dtype=d, engine=engine) for d in DTYPES)
    double.load_state_dict(single.state_dict())
    x, upstream = random_input(single, 33, 0)
    for value, exact in zip(
        evaluate(single, x.float(), upstream.float()), evaluate(double, x.float(), upstream), strict=True
    ):
        assert value.dtype == torch.float32
        assert torch.allclose(value.double(), exact.double(), rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rotations", [("RX",), ("RY", "RZ", "RX")])
def test_gradcheck(engine, rotations):
    layer = QuantumLayer(3, 2, rotations, "CZ", "star", dtype=torch.float64, engine=engine)
    x = random_input(layer, 4, 0)[0].requires_grad_()
    assert torch.autograd.gradcheck(lambda x, w: functional_call(layer, {"weights": w}, x), (x, layer.weights))


@pytest.mark.parametrize("engine", ENGINES)
def test_nan_stays_nan(engine):
    layer = QuantumLayer(4, 3, engine=engine)
    x = torch.ones(3, 4)
    x[1, 2] = torch.nan
    assert layer(x).isnan().all(1).tolist() == [False, True, False]
    with torch.no_grad():
        layer.weights[1, 0, 1] = torch.nan
    assert layer(torch.ones(3, 4)).isnan().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_inputs_that_are_not_contiguous(engine):
    layer = QuantumLayer(4, 2, dtype=torch.float64, engine=engine)
    x, upstream = random_input(layer, 6, 0)
    strided = torch.stack([x, x])[0].T.contiguous().T
    for value, expected in zip(
        evaluate(layer, strided, upstream.T.contiguous().T), evaluate(layer, x, upstream), strict=True
    ):
        assert torch.equal(value, expected)
    z = layer(x)
    z.sum().backward()  # an expanded gradient
    assert torch.allclose(layer.weights.grad, evaluate(layer, x, torch.ones_like(x))[2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_passes_before_a_backward_and_a_graph_that_is_kept(engine):
    layer = QuantumLayer(4, 3, dtype=torch.float64, engine=engine)
    x, upstream = random_input(layer, 20, 0)
    first, _ = layer(x), layer(2 * x)
    once, twice = (torch.autograd.grad((first * upstream).sum(), layer.weights, retain_graph=True)[0] for _ in "ab")
    assert torch.equal(once, twice)
    assert torch.equal(once, evaluate(layer, x, upstream)[2])


@pytest.mark.parametrize("entangler", ENTANGLERS)
def test_torch_engine_keeps_to_the_device_of_its_input(entangler):
    """The device "meta" refuses any tensor of another device, as CUDA does."""
    layer = QuantumLayer(4, 3, ("RX", "RZ"), entangler).to("meta")
    x = torch.zeros(5, 4, device="meta", requires_grad=True)
    gradient, _ = torch.autograd.grad(layer(x).sum(), (x, layer.weights))
    assert gradient.device.type == "meta"


def test_engine_is_visible_and_can_be_forced():
    assert QuantumLayer(3, 2).engine == ("numba" if vector_bytes() else "torch")
    assert QuantumLayer(3, 2, engine="torch").engine == "torch"
    assert QuantumLayer(3, 2).to("meta").engine == "torch"
    assert "engine='torch'" in repr(QuantumLayer(3, 2, engine="torch"))


def test_kernel_is_refused_where_it_cannot_run(monkeypatch):
    if vector_bytes():
        with pytest.raises(ArchitectureError, match="runs on the CPU, not on meta"):
            QuantumLayer(3, 2, engine="numba").to("meta")(torch.zeros(1, 3, device="meta"))
    monkeypatch.setattr("hybhanas_jupyter.models.kernels.lanes.vector_bytes", lambda: 0)
    assert QuantumLayer(3, 2).engine == "torch"
    with pytest.raises(ArchitectureError, match="needs an x86-64 processor with AVX2"):
        QuantumLayer(3, 2, engine="numba")


def test_qiskit_circuit_and_qnode_compute_the_same():
    layer = QuantumLayer(4, 2, ("RZ", "RX"), "CNOT", "circular", dtype=torch.float64)
    x, _ = random_input(layer, 3, 0)
    circuit, qnode = layer.to_circuit(), layer.to_qnode()
    assert len(circuit.parameters) == 4
    for sample, z in zip(x.numpy(), layer(x).detach().numpy(), strict=True):
        state = Statevector(circuit.assign_parameters(sample))
        qiskit = [state.expectation_value(Pauli("Z"), [qubit]).real for qubit in range(4)]
        assert np.allclose(z, qiskit, rtol=0, atol=1e-12)
        assert np.allclose(z, qnode(sample), rtol=0, atol=1e-12)


def test_copies_pickles_and_state_dicts_compute_the_same():
    layer = QuantumLayer(3, 2, ("RY", "RZ"), "CZ", "full", seed=7)
    x, _ = random_input(layer, 4, 0)
    other = QuantumLayer(3, 2, ("RY", "RZ"), "CZ", "full", seed=8)
    assert not torch.equal(other(x), layer(x))
    other.load_state_dict(layer.state_dict())
    for twin in (other, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin(x), layer(x))


@pytest.mark.parametrize("engine", ENGINES)
def test_empty_batch(engine):
    layer = QuantumLayer(3, 2, engine=engine)
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


def test_read_noise_is_an_affine_map_with_the_spread_of_shots_and_an_exact_gradient():
    from hybhanas_jupyter.models.quantum_layer import ReadNoise

    layer = QuantumLayer(2, 1, ("RY",), "CZ", dtype=torch.float64, engine="torch")
    x = torch.full((4000, 2), 0.7, dtype=torch.float64)
    exact = layer(x)
    layer.noise = ReadNoise([0.8, 0.5], [0.1, -0.1], 400, seed=3)
    read = layer(x)
    mean = exact[0].detach() * torch.tensor([0.8, 0.5]) + torch.tensor([0.1, -0.1])
    spread = torch.sqrt((1 - mean**2) / 400)
    assert torch.allclose(read.mean(0), mean, atol=5 * spread.max().item() / 4000**0.5)
    assert torch.allclose(read.std(0), spread, rtol=0.05)
    (through,) = torch.autograd.grad(read.sum(), layer.weights, retain_graph=True)
    (straight,) = torch.autograd.grad((exact * torch.tensor([0.8, 0.5])).sum(), layer.weights)
    assert torch.allclose(through, straight)
    assert torch.equal(layer.eval()(x), exact)
    assert list(layer.state_dict()) == ["weights"]
