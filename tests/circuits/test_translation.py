import subprocess
import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator
from qiskit.transpiler import generate_preset_pass_manager

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.translation import without_symbolic_phases

GATES = {
    "p": lambda c, a: c.p(a, 0),
    "u": lambda c, a: c.u(0.1, a, 0.3, 0),
    "cp": lambda c, a: c.cp(a, 0, 1),
    "cu": lambda c, a: c.cu(0.1, a, 0.3, 0.4, 0, 1),
}


def layered(gate: str, layers: int) -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    for i in range(layers):
        circuit.h(0)
        circuit.ry(0.3, 1)
        GATES[gate](circuit, Parameter(f"a{i}"))
        circuit.cx(0, 1)
    return circuit


def test_symbolic_phases_do_not_hang_the_translation():
    """With Qiskit's own translation 60 layers would take longer than the age of the universe."""
    code = (
        "import hybhanas_jupyter as hyb; from tests.circuits.test_translation import GATES, layered\n"
        "for gate in GATES: assert hyb.quantum_cost(layered(gate, 60), 'fake_kyiv').physical.two_qubit"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("gate", GATES)
def test_circuits_are_those_of_qiskit_up_to_their_phase(gate, level):
    target, circuit = hyb.device("fake_manila").target, layered(gate, 3)
    passes = generate_preset_pass_manager(level, target=target, seed_transpiler=0)
    ours = without_symbolic_phases(passes, target).run(circuit)
    theirs = transpile(circuit, target=target, optimization_level=level, seed_transpiler=0)
    assert ours.count_ops() == theirs.count_ops()
    values = dict(zip(sorted(circuit.parameters, key=str), np.linspace(0.2, 1.0, 3), strict=True))
    first, second = (Operator.from_circuit(c.assign_parameters(values)) for c in (ours, theirs))
    assert first.equiv(second)
