"""The last call of each QNode is remembered, and PennyLane is left as it was."""

import sys

import pennylane as qml
import pytest

from hybhanas_jupyter.notebook.qnodes import recorded_calls


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
