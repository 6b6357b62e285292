"""How likely one shot of a physical circuit succeeds, from calibration data, in the log domain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, expm1, inf, log1p, nan

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.costs import exact_local
from hybhanas_jupyter.costs.compilation import NOT_GATES, Compiled, acts_on_results
from hybhanas_jupyter.costs.options import AUTO, EXACT, MEAN_FIELD, PRODUCT
from hybhanas_jupyter.costs.pauli import Damping
from hybhanas_jupyter.costs.schedule import Schedule, Timing, calibrated_timing, paper_timing
from hybhanas_jupyter.costs.timeline import Timeline
from hybhanas_jupyter.errors import CircuitError, shown
from hybhanas_jupyter.hardware.calibration import Calibration

_MAX_EXPONENT = 700.0  # exp(710) overflows


@dataclass(frozen=True)
class LogSuccess:
    """Natural logarithms of success probabilities: of the gates, of the qubits while they idle, and of the readout.

    `method` tells how the state was followed, `counts_fidelity` is NaN where its ideal distribution is not known.
    """

    gates: float
    decoherence: float
    readout: float
    notes: tuple[str, ...] = ()
    method: str = ""
    counts_fidelity: float = nan

    @property
    def total(self) -> float:
        """ln p of one shot; the readout is reported beside it."""
        return self.gates + self.decoherence


def judge(compiled: Compiled, calibration: Calibration, model: str, method: str = AUTO) -> tuple[Timing, LogSuccess]:
    """Times and success probabilities of a compiled circuit by the "calibrated" or the "paper" model.

    `method`: see `CostOptions`. Raises `CircuitError` for "exact" where the state cannot be followed.
    """
    if model == "paper":
        times = paper_timing(compiled, calibration)
        return times, paper(compiled, times.physical, calibration)
    if acts_on_results(compiled.circuit) and method != EXACT:
        times = calibrated_timing(compiled, calibration)
        survival = _product(times.physical, compiled.n_qubits, calibration)
        return times, replace(calibrated(compiled, times.physical, survival, calibration), method=PRODUCT)
    if method != MEAN_FIELD:
        obstacle = exact_local.obstacle(compiled.circuit)
        if not obstacle:
            times = calibrated_timing(compiled, calibration)
            followed = exact_local.follow(Timeline(compiled.circuit, calibration), compiled.n_qubits)
            success = calibrated(compiled, times.physical, followed.log_survival, calibration)
            ideal = followed.probabilities(compiled.measured)
            read = nan if ideal is None else counts_fidelity(ideal, success, compiled.measured, calibration)
            return times, replace(success, method=EXACT, counts_fidelity=read)
        if method == EXACT:
            raise CircuitError(
                f"Circuit {shown(compiled.circuit.name)} {obstacle}: its method can only be {MEAN_FIELD!r}."
            )
    damping = Damping(calibration)
    times = calibrated_timing(compiled, calibration, damping.take)
    survival = damping.finish(times.physical, compiled.n_qubits)
    return times, replace(calibrated(compiled, times.physical, survival, calibration), method=MEAN_FIELD)


def _product(schedule: Schedule, n_qubits: int, calibration: Calibration) -> tuple[float, float]:
    """Shares of ln p of a state that is measured on its way: mean dampings, and right results there."""
    gates = {gate: times for gate, times in schedule.gates.items() if gate[0] not in NOT_GATES}
    survival, idling = Damping(calibration).finish(replace(schedule, gates=gates), max(n_qubits, 1))
    read = {gate: times for gate, times in schedule.gates.items() if gate[0] == "measure"}
    right = sum(times * log_one_minus(calibration.gate_data[gate].error) for gate, times in read.items())
    return survival + right, idling


def calibrated(
    compiled: Compiled, schedule: Schedule, survival: tuple[float, float], calibration: Calibration
) -> LogSuccess:
    """What is left of the state by each gate's own error and by idling: `survival` are their shares of ln p.

    Calibrated gate errors contain the relaxation during the gate, so that decoherence is charged for idle time only.
    Source: docs/cost_model.md, section 3.
    """
    data = calibration.gate_data
    gates, idling = survival
    gates_only = [gate for gate in schedule.gates if gate[0] not in NOT_GATES]
    hopeless = [f"{name} on {qubits}" for name, qubits in gates_only if data[name, qubits].error == 1]
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


def counts_fidelity(
    ideal: npt.NDArray[np.float64], success: LogSuccess, measured: tuple[int, ...], calibration: Calibration
) -> float:
    """Hellinger fidelity (sum sqrt(p q))^2 of the measured distribution to the ideal one, readout errors included."""
    flips = [calibration.readout_flips(qubit) for qubit in measured]
    noisy = noisy_distribution(ideal, exp(success.total), flips)
    return float(np.sqrt(np.clip(ideal, 0, None) * noisy).sum() ** 2)


def noisy_distribution(
    ideal: npt.NDArray[np.float64], p: float, flips: Sequence[tuple[float, float]]
) -> npt.NDArray[np.float64]:
    """The ideal distribution, mixed with the uniform one by 1 - p, and then read with `flips`.

    Qubit i is bit i of the index; `flips[i]`: its probabilities to read 1 for |0>, and 0 for |1>.
    """
    mixed = p * ideal + (1 - p) * ideal.sum() / len(ideal)
    for place, (up, down) in enumerate(flips):
        pairs = mixed.reshape(-1, 2, 2**place)
        mixed = np.einsum("ij,ajb->aib", [[1 - up, down], [up, 1 - down]], pairs).ravel()
    return mixed


def log_one_minus(error: float) -> float:
    """ln(1 - error); -inf where nothing succeeds, NaN where the error is not known."""
    return -inf if error >= 1 else log1p(-error)


def penalties(execution_time: float, success: LogSuccess) -> tuple[float, float]:
    """Seconds of repetition due to gate errors and to decoherence: execution_time (1/p - 1), shared as ln p is."""
    if success.total >= 0 or not execution_time:  # above 0 by rounding only
        return 0.0, 0.0
    total = execution_time * expm1(-success.total) if -success.total < _MAX_EXPONENT else inf
    if success.gates == -inf:
        return inf, 0.0
    share = success.gates / success.total if success.gates else 0.0
    gates = min(total * min(share, 1.0), total) if share else 0.0  # rounding must not leave a negative rest
    return gates, total - gates if total < inf else (inf if success.decoherence else 0.0)
