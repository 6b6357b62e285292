"""Backends of other makers' packages, rebuilt from `vendor_targets.json`, which was recorded where those install.

qiskit-ionq and mqt.bench install beside the project; iqm-client[qiskit] (qiskit < 2.2) and qiskit-aqt-provider
(qiskit <= 2.4.1) do not.
"""

import json
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, Target

RECORDS = json.loads((Path(__file__).parent / "vendor_targets.json").read_text())


def backend(key):
    """A stand-in for the backend: its name, target and, if it is one of IQM's fakes, error profile."""
    record = RECORDS[key]
    name = record.get("name", key)
    made = SimpleNamespace(name=name, target=_target(record, name), num_qubits=record["num_qubits"])
    if "error_profile" in record:
        pairs = record["error_profile"]["two_qubit_gate_depolarizing_error_parameters"]
        by_pair = {gate: {tuple(on): error for on, error in errors} for gate, errors in pairs.items()}
        profile = {**record["error_profile"], "two_qubit_gate_depolarizing_error_parameters": by_pair}
        made.error_profile = SimpleNamespace(**profile)
        made.index_to_qubit_name = record["qubit_names"].__getitem__
    return made


def _target(record, name):
    n = record["num_qubits"]
    target = Target(num_qubits=n, description=name)
    for gate, facts in record["gates"].items():
        properties = None
        if facts["entries"] is not None:
            properties = {}
            for duration, error, pairs in facts["entries"]:
                for on in permutations(range(n), facts["num_qubits"]) if pairs == "all" else map(tuple, pairs):
                    known = (duration, error) != (None, None)
                    properties[on] = InstructionProperties(duration=duration, error=error) if known else None
        target.add_instruction(_operation(gate, facts), properties)
    return target


def _operation(gate, facts):
    standard = get_standard_gate_name_mapping()
    parameters = [Parameter(f"p{i}") for i in range(facts["num_params"])]
    return standard.get(gate) or Gate(gate, facts["num_qubits"], parameters)
