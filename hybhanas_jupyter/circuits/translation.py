"""Translating circuits with symbolic angles between gate sets without their global phases, which nothing measures."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit.circuit import EquivalenceLibrary
    from qiskit.transpiler import StagedPassManager, Target


def without_symbolic_phases(passes: "StagedPassManager", target: "Target") -> "StagedPassManager":
    """The preset pass manager, its translation to `target` leaving symbolic global phases out.

    Qiskit adds them up, and where numbers and symbols mix the sum doubles with every gate: 24 gates take 30 s.
    """
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import BasisTranslator

    ours = BasisTranslator(_phaseless_equivalences(), None, target)
    steps = passes.translation.to_flow_controller().tasks
    passes.translation = PassManager([ours if isinstance(step, BasisTranslator) else step for step in steps])
    return passes


@cache
def _phaseless_equivalences() -> "EquivalenceLibrary":
    """Qiskit's own ways to write one gate by others."""
    from qiskit.circuit import EquivalenceLibrary, Gate, ParameterExpression
    from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
    from qiskit.circuit.library import get_standard_gate_name_mapping

    library = EquivalenceLibrary()
    for gate in get_standard_gate_name_mapping().values():
        for circuit in SessionEquivalenceLibrary.get_entry(gate) if isinstance(gate, Gate) else ():
            if isinstance(circuit.global_phase, ParameterExpression):
                circuit.global_phase = 0
            library.add_equivalence(gate, circuit)
    return library
