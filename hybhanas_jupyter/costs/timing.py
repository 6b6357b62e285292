"""How long one shot takes: the schedule's makespan, split into logical time and routing."""

from dataclasses import dataclass
from math import isfinite

from hybhanas_jupyter.costs.compilation import Compiled
from hybhanas_jupyter.costs.schedule import Gate, Schedule, Watch, schedule
from hybhanas_jupyter.errors import CircuitError
from hybhanas_jupyter.hardware.calibration import Calibration


@dataclass(frozen=True)
class Timing:
    """Seconds of one shot: `logical_time` + `routing_time` is the makespan of `physical`."""

    logical_time: float
    routing_time: float
    readout_time: float
    physical: Schedule
    notes: tuple[str, ...] = ()


def calibrated_timing(compiled: Compiled, calibration: Calibration, watch: Watch | None = None) -> Timing:
    """Every gate takes its own calibrated duration; routing is what the makespan exceeds the all-to-all one by.

    `watch` sees the physical circuit as it is scheduled. Source: cost-model.md section 2.
    """

    data = calibration.gate_data

    def duration(gate: Gate) -> float:
        return _known(data[gate].duration, gate, calibration)

    physical = schedule(compiled.circuit, calibration, duration, watch)
    whole = physical.makespan
    logical_time = whole if compiled.logical_makespan is None else min(compiled.logical_makespan, whole)
    return Timing(logical_time, whole - logical_time, readout_time(compiled, calibration), physical)


def paper_timing(compiled: Compiled, calibration: Calibration) -> Timing:
    """Every gate takes its kind's average duration, virtual ones the average one-qubit gate's.

    routing = (physical - logical two-qubit gates) x mean two-qubit duration. The averages and the charged rz are stated
    in the paper (sections 3.1.3 and 4.1), the routing formula is reconstructed (section 2.4, cost-model.md section 2).
    """
    average = calibration.averages

    def duration(gate: Gate) -> float:
        return average.duration_of.get(gate[0]) or average.duration[len(gate[1])]

    physical = schedule(compiled.circuit, calibration, duration)
    added = (physical.count(2) - compiled.logical.num_nonlocal_gates()) * average.duration.get(2, 0.0)
    routing_time = min(max(added, 0.0), physical.makespan)
    capped = f"routing by the paper's form, {added:.3g} s, exceeds the makespan: added gates run in parallel"
    return Timing(
        physical.makespan - routing_time,
        routing_time,
        readout_time(compiled, calibration),
        physical,
        (capped,) if added > physical.makespan else (),
    )


def readout_time(compiled: Compiled, calibration: Calibration) -> float:
    """Duration of measuring the measured qubits at once; NaN where the device does not report it."""
    durations = [calibration.readout(qubit).duration for qubit in compiled.measured]
    return max(durations, default=0.0) if all(map(isfinite, durations)) else float("nan")


def _known(seconds: float, gate: Gate, calibration: Calibration) -> float:
    if isfinite(seconds):
        return seconds
    raise CircuitError(f"{calibration.name} has no duration for any {gate[0]}: use a device that is calibrated for it.")
