import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, Pauli

from hybhanas_jupyter.circuits.ansatz import TOPOLOGIES, Ansatz
from hybhanas_jupyter.models.kernels.program import compile_circuit


def bits(mask, n):
    """Qubits of a mask, qubit 0 being the highest bit."""
    return np.array([mask >> (n - 1 - qubit) & 1 for qubit in range(n)], bool)


@given(st.integers(1, 8), st.sampled_from(TOPOLOGIES), st.integers(1, 3))
def test_masks_are_the_paulis_that_qiskit_carries_through_the_cnots(n, topology, depth):
    """X of a qubit after the CNOTs is X on its mask before them, Z is Z on its parity mask."""
    circuit = QuantumCircuit(n)
    for _ in range(depth):
        for control, target in Ansatz(n, 1, topology=topology).pairs:
            circuit.cx(control, target)
    program = compile_circuit(Ansatz(n, depth, topology=topology))
    for qubit in range(n):
        only = np.arange(n) == qubit
        for pauli, mask in (
            (Pauli((np.zeros(n, bool), only)), program.masks[depth, qubit]),
            (Pauli((only, np.zeros(n, bool))), program.parity_masks[depth, qubit]),
        ):
            before = pauli.evolve(Clifford(circuit), frame="h")
            assert ((before.x | before.z) == bits(mask, n)).all()


def test_rz_alone_has_one_layer():
    assert compile_circuit(Ansatz(3, 5, ("RZ", "RZ"))).depth == 1
    assert compile_circuit(Ansatz(3, 5, ("RZ", "RY"))).depth == 5
