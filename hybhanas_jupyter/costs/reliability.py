"""How likely one shot of a physical circuit succeeds, from calibration data, in the log domain."""

from dataclasses import dataclass
from math import expm1, inf, log1p

from hybhanas_jupyter.costs.compilation import Compiled
from hybhanas_jupyter.costs.pauli import Damping
from hybhanas_jupyter.costs.schedule import Schedule, Timing, calibrated_timing, paper_timing
from hybhanas_jupyter.hardware.calibration import Calibration

_MAX_EXPONENT = 700.0  # exp(710) overflows


@dataclass(frozen=True)
class LogSuccess:
    """Natural logarithms of success probabilities: of the gates, of the qubits while they idle, and of the readout."""

    gates: float
    decoherence: float
    readout: float
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """ln p of one shot; the readout is reported beside it."""
        return self.gates + self.decoherence


def judge(compiled: Compiled, calibration: Calibration, model: str) -> tuple[Timing, LogSuccess]:
    """Times and success probabilities of a compiled circuit by the "calibrated" or the "paper" model."""
    if model == "paper":
        times = paper_timing(compiled, calibration)
        return times, paper(compiled, times.physical, calibration)
    damping = Damping(calibration)
    times = calibrated_timing(compiled, calibration, damping.take)
    return times, calibrated(compiled, times.physical, damping, calibration)


def calibrated(compiled: Compiled, schedule: Schedule, damping: Damping, calibration: Calibration) -> LogSuccess:
    """Mean damping of the state's Pauli strings by each gate's own error and by idling; `damping` watched `schedule`.

    Calibrated gate errors contain the relaxation during the gate, so that decoherence is charged for idle time only.
    Source: docs/cost_model.md, section 3.
    """
    data = calibration.gate_data
    gates, idling = damping.finish(schedule, compiled.n_qubits)
    hopeless = [f"{name} on {qubits}" for name, qubits in schedule.gates if data[name, qubits].error == 1]
    return LogSuccess(
        gates=-inf if hopeless else gates,
        decoherence=idling,
        readout=sum(log_one_minus(calibration.readout(qubit).error) for qubit in compiled.measured),
        notes=(f"no shot succeeds: the circuit uses faulty {', '.join(hopeless)}",) if hopeless else (),
    )


def paper(compiled: Compiled, schedule: Schedule, calibration: Calibration) -> LogSuccess:
    """Device-average errors, and exp(-T / min T2) over the active qubits for the whole makespan T.

    The readout is one of its factors. They are the paper's (sections 2.4, 3.1.3), their product is reconstructed:
    docs/cost_model.md, section 7.
    """
    average = calibration.averages
    t2 = min((calibration.relaxation[qubit][1] for qubit in schedule.idle), default=inf)
    readout = log_one_minus(average.readout_error) * len(compiled.measured)
    gates = sum(schedule.count(size) * log_one_minus(error) for size, error in average.error.items())
    return LogSuccess(gates + readout, -schedule.makespan / t2, readout)


def log_one_minus(error: float) -> float:
    """ln(1 - error); -inf where nothing succeeds, NaN where the error is not known."""
    return -inf if error >= 1 else log1p(-error)


def penalties(execution_time: float, success: LogSuccess) -> tuple[float, float]:
    """Seconds of repetition due to gate errors and to decoherence: execution_time (1/p - 1), shared as ln p is."""
    if not success.total or not execution_time:
        return 0.0, 0.0
    total = execution_time * expm1(-success.total) if -success.total < _MAX_EXPONENT else inf
    if success.gates == -inf:
        return inf, 0.0
    share = success.gates / success.total if success.gates else 0.0
    gates = min(total * min(share, 1.0), total) if share else 0.0  # rounding must not leave a negative rest
    return gates, total - gates if total < inf else (inf if success.decoherence else 0.0)
