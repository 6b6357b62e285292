"""The last call of each QNode is remembered, and PennyLane is left as it was."""

import sys

import numpy as np
import pennylane as qml
import pytest

import hybhanas_jupyter as hyb
from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.notebook.magics.cells import arguments_of, recorded_calls

DEVICE = qml.device("default.qubit", wires=3)


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x, y=0.5, *, flag=False):
    qml.RX(x + y, 0)
    return qml.expval(qml.PauliZ(0))


def test_the_last_call_counts_and_results_are_untouched():
    plain = circuit(0.2, 0.3)
    with recorded_calls("") as calls:
        circuit(1.0)
        assert circuit(0.2, y=0.3, flag=True) == plain
    assert [(call.qnode, call.arguments) for call in calls.values()] == [(circuit, (0.2, 0.3))]
    circuit(9.0)
    assert calls[id(circuit)].arguments == (0.2, 0.3)


def test_pennylane_is_restored_after_an_error():
    before = qml.QNode.__call__
    with pytest.raises(TypeError, match="missing"), recorded_calls(""):
        circuit()
    assert qml.QNode.__call__ is before


def test_pennylane_is_not_imported_without_need(monkeypatch):
    monkeypatch.delitem(sys.modules, "pennylane")
    with recorded_calls("x = 1") as calls:
        assert "pennylane" not in sys.modules
    assert calls == {}


def qnode(body):
    """A QNode of three qubits whose gates come from `body`."""

    @qml.qnode(DEVICE)
    def made(x, w):
        body(x, w)
        return qml.expval(qml.PauliZ(0))

    return made


def layers(x, w):
    for qubit in range(3):
        qml.RX(x[qubit], qubit)
    for layer in range(2):
        for qubit in range(3):
            qml.RY(w[layer][qubit] * 2, qubit)
        qml.CNOT([0, 1])


def tuple_indices(x, w):
    qml.RX(x, 0)
    qml.RY(np.sin(w[1, 2, 0]), 1)


@pytest.mark.parametrize(("body", "shapes"), [(layers, [(3,), (2, 3)]), (tuple_indices, [(), (2, 3, 1)])])
def test_shapes_follow_from_the_indices(body, shapes):
    circuit = qnode(body)
    arguments = arguments_of(circuit, {})
    assert [np.shape(argument) for argument in arguments] == shapes
    circuit(*arguments)
    cost = hyb.quantum_cost(circuit, "fake_kyiv", arguments=arguments)
    real = hyb.quantum_cost(circuit, "fake_kyiv", arguments=[np.ones(shape) for shape in shapes])
    assert cost.execution_time == real.execution_time


@pytest.mark.parametrize(
    "body",
    [
        lambda x, w: qml.AngleEmbedding(x, wires=range(3)),
        lambda x, w: [qml.RX(angle, 0) for angle in x],
        lambda x, w: qml.RX(w[-1], 0),
        lambda x, w: qml.RX(x[0:2][0], 0),
        lambda x, w: [qml.RX(0.1, q) for q in range(len(x))],
    ],
)
def test_shapes_that_cannot_be_derived_are_asked_for(body):
    with pytest.raises(CircuitError, match=r"call it in the cell, as in made\(x, w\)"):
        arguments_of(qnode(body), {})


def test_variadic_parameters_need_nothing():
    @qml.qnode(DEVICE)
    def variadic(*angles, **settings):
        qml.RX(angles[0] if angles else 0.3, 0)
        return qml.expval(qml.PauliZ(0))

    assert arguments_of(variadic, {}) == ()


def test_what_was_called_and_what_needs_nothing():
    with recorded_calls("") as calls:
        circuit(0.2)
    assert arguments_of(circuit, calls) == (0.2,)
    assert arguments_of(hyb.Ansatz(2, 1).to_circuit(), {}) == ()
