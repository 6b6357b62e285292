"""Qiskit targets of a calibration: of its working part, of some qubits, and of all-to-all coupled ones.

Transpiler and noise models both read them; apart from `calibration`, which works without Qiskit.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import permutations
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING

from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration, GateData, Qubits

if TYPE_CHECKING:
    from qiskit.transpiler import QubitProperties, Target

Entries = Mapping[str, Mapping[Qubits, GateCalibration | GateData]]


def working_target(calibration: Calibration) -> "Target":
    """The working part of the device: no entry for a faulty coupler, no coupler of a faulty qubit."""
    from qiskit.transpiler import QubitProperties

    qubits = [QubitProperties(t1=q.t1, t2=q.t2) for q in calibration.qubits]
    return _with_resets(_target(calibration, qubits, _working(calibration)), calibration)


def part_target(calibration: Calibration, qubits: Sequence[int]) -> "Target":
    """All gates among these qubits, which are numbered from 0 in the order given; gaps are filled."""
    from qiskit.transpiler import QubitProperties

    place = {qubit: i for i, qubit in enumerate(qubits)}
    properties = [QubitProperties(*calibration.relaxation[qubit]) for qubit in qubits]
    entries: dict[str, dict[Qubits, GateData]] = {name: {} for name in calibration.names}
    for (name, on), data in calibration.gate_data.items():
        if place.keys() >= set(on):
            entries[name][tuple(place[qubit] for qubit in on)] = data
    return _target(calibration, properties, entries)


@lru_cache(maxsize=64)
def all_to_all_target(calibration: Calibration, n_qubits: int) -> "Target":
    """The device without its coupling map: `n_qubits` qubits, every pair coupled both ways.

    Each gate takes the median duration and error of its working ones. Shared by all callers: do not change it.
    """
    from qiskit.transpiler import QubitProperties

    entries = {}
    for name, working in _working(calibration).items():
        data = GateData(_median(g.duration for g in working.values()), _median(g.error for g in working.values()))
        size = len(next(iter(working)))
        entries[name] = dict.fromkeys(permutations(range(n_qubits), size), data)
    return _with_resets(_target(calibration, [QubitProperties() for _ in range(n_qubits)], entries), calibration)


def _with_resets(target: "Target", calibration: Calibration) -> "Target":
    """Every qubit can be reset, in the time of the device's median reset."""
    from qiskit.circuit import Reset
    from qiskit.transpiler import InstructionProperties

    data = InstructionProperties(duration=calibration.reset)
    target.add_instruction(Reset(), {(qubit,): data for qubit in range(target.num_qubits)})
    return target


def _target(calibration: Calibration, qubits: "Sequence[QubitProperties]", entries: Entries) -> "Target":
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import InstructionProperties, Target

    standard = get_standard_gate_name_mapping()
    target = Target(num_qubits=len(qubits), dt=calibration.seconds_per_dt, qubit_properties=list(qubits))
    for name, gates in entries.items():
        if gates and name in standard:  # the native gates of other makers are for circuits that hold them already
            properties = {on: InstructionProperties(_finite(g.duration), _finite(g.error)) for on, g in gates.items()}
            target.add_instruction(standard[name], properties)
    target.add_instruction(standard["delay"], {(qubit,): None for qubit in range(len(qubits))})
    return target


def _working(calibration: Calibration) -> dict[str, dict[Qubits, GateCalibration]]:
    broken = set(calibration.faulty_qubits)
    entries: dict[str, dict[Qubits, GateCalibration]] = {name: {} for name in calibration.names}
    for gate in calibration.gates:
        is_pair = len(gate.qubits) > 1
        if not is_pair or (gate.error != 1 and not broken.intersection(gate.qubits)):
            entries[gate.name][gate.qubits] = gate
    return {name: gates for name, gates in entries.items() if gates}


def _median(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return median(known) if known else float("nan")


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
