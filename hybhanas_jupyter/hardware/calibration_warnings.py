"""What a user should know about a calibration before trusting a cost."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.calibration import Calibration

DEFAULT_REP_DELAY = 250e-6  # seconds; the default of every current IBM device


def calibration_warnings(calibration: "Calibration") -> list[str]:
    """One line for everything that is missing, impossible or faulty, and what is done about it."""
    found = []
    no_relaxation = [i for i, q in enumerate(calibration.qubits) if q.t1 is None or q.t2 is None]
    if no_relaxation:
        found.append(f"no T1 or T2 for qubits {_listed(no_relaxation)}: the device's median is used")
    capped = [i for i, q in enumerate(calibration.qubits) if q.t1 and q.t2 and q.t2 > 2 * q.t1]
    if capped:
        found.append(f"T2 > 2 T1 on qubits {_listed(capped)}: T2 is taken as 2 T1")
    for name in calibration.names:
        gates = [gate for gate in calibration.gates if gate.name == name]
        for field, without in (("duration", "it cannot be timed"), ("error", "it counts as free of errors")):
            gaps = [gate for gate in gates if getattr(gate, field) is None]
            if len(gaps) == len(gates):
                found.append(f"no {field} for any {name}: {without}")
            elif gaps:
                found.append(
                    f"no {field} for {name} on {_listed(g.qubits for g in gaps)}: the median of {name} is used"
                )
    if calibration.rep_delay is None:
        found.append(f"no repetition delay: IBM's usual {1e6 * DEFAULT_REP_DELAY:.0f} us is assumed")
    if "measure" not in calibration.names:
        found.append("no measurements: readout and usage are not known")
    if calibration.faulty_couplers:
        found.append(f"faulty couplers, routed around: {_listed(calibration.faulty_couplers)}")
    if calibration.faulty_qubits:
        found.append(f"faulty qubits, routed around: {_listed(calibration.faulty_qubits)}")
    return found


def _listed(items: Iterable[object]) -> str:
    listed = [str(item) for item in items]
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
