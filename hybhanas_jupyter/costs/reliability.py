"""How likely one shot of a physical circuit succeeds, from calibration data, in the log domain."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, log, log1p

from hybhanas_jupyter.costs.schedule import Schedule
from hybhanas_jupyter.hardware.calibration import Calibration


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


def calibrated(schedule: Schedule, measured: Iterable[int], calibration: Calibration) -> LogSuccess:
    """Product of the gates' process fidelities and the qubits' idle fidelities. Source: cost-model.md section 3.

    Calibrated gate errors contain the decoherence during the gate, so that decoherence is charged for idle time only.
    """
    data = calibration.gate_data
    hopeless = [f"{name} on {qubits}" for name, qubits in schedule.gates if data[name, qubits].error == 1]
    return LogSuccess(
        gates=sum(times * log_gate_success(data[gate].error, len(gate[1])) for gate, times in schedule.gates.items()),
        decoherence=sum(log_idle_success(time, *calibration.relaxation[q]) for q, time in schedule.idle.items()),
        readout=sum(log_one_minus(calibration.readout(qubit).error) for qubit in measured),
        notes=(f"no shot succeeds: the circuit uses faulty {', '.join(hopeless)}",) if hopeless else (),
    )


def paper(schedule: Schedule, measured: Iterable[int], calibration: Calibration) -> LogSuccess:
    """Device-average errors, and exp(-T / min T2) over the active qubits for the whole makespan T.

    The factors are the paper's (sections 2.4 and 3.1.3), their product is reconstructed (cost-model.md section 2).
    """
    average = calibration.averages
    t2 = min((calibration.relaxation[qubit][1] for qubit in schedule.idle), default=inf)
    readout = log_one_minus(average.readout_error) * len(tuple(measured))
    gates = sum(schedule.count(size) * log_one_minus(error) for size, error in average.error.items())
    return LogSuccess(gates + readout, -schedule.makespan / t2, readout)


def log_gate_success(error: float, n_qubits: int) -> float:
    """ln of the process fidelity of a gate with this average error: 1 - e (d + 1) / d with d = 2^n."""
    return log_one_minus(error * (1 + 2.0**-n_qubits))


def log_idle_success(time: float, t1: float, t2: float) -> float:
    """ln of the process fidelity of idling for `time` seconds: 1/4 + 1/4 exp(-t/T1) + 1/2 exp(-t/T2)."""
    return log(0.25 + 0.25 * exp(-time / t1) + 0.5 * exp(-time / t2))


def log_one_minus(error: float) -> float:
    """ln(1 - error); -inf where nothing succeeds."""
    return log1p(-error) if error < 1 else -inf
