"""One shot of a PUB's circuit on a device, at any noise factor: what it takes, its gates, what cannot be folded.

Apart from `workload`, which sums it up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING

from hybhanas_jupyter.costs.executions import Request
from hybhanas_jupyter.costs.quantum import QuantumCost, quantum_cost
from hybhanas_jupyter.costs.schedule import schedule
from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.hardware.calibration import Calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

FOLDED = ("cx", "cy", "cz", "ecr", "swap")  # what IBM's client folds; each is its own inverse


@dataclass(frozen=True)
class Shot:
    """A PUB's circuit on the device: what one shot takes, at any noise factor."""

    cost: QuantumCost | None
    calibration: Calibration
    readout: float
    notes: tuple[str, ...] = ()
    transpiled: bool = False

    @classmethod
    def of(cls, circuit: "QuantumCircuit", request: Request) -> "Shot":
        """An Estimator measures every qubit of the physical circuit, a Sampler those that the circuit measures."""
        target = request.device
        try:
            cost = quantum_cost(circuit, target, optimization_level=request.optimization_level, seed=request.seed)
        except HybHanasError as error:
            return cls(None, target.calibration, nan, (f"seconds are not known: {error}",))
        whole = circuit.num_qubits == target.n_qubits
        readout = longest_readout(target.calibration) if request.kind == "estimator" else cost.readout_time
        known = (*target.calibration.warnings, "the circuit is physical")
        notes = tuple(note for note in cost.provenance.warnings if not note.startswith(known))
        return cls(cost, target.calibration, readout, notes, transpiled=not whole)

    def timed_gates(self, size: int) -> int:
        """Gates on `size` qubits that take time."""
        return sum(bool(self.calibration.gate_data[gate].duration) for gate in self._gates(size))

    @property
    def readouts(self) -> int:
        """Qubits that the circuit measures."""
        return len(self.cost.measured_qubits) if self.cost else 0

    @property
    def pair_error(self) -> float:
        """Summed errors of the two-qubit gates."""
        return sum(self.calibration.gate_data[gate].error for gate in self._gates(2))

    @property
    def rigid(self) -> set[str]:
        """Two-qubit gates that folding leaves as they are."""
        return {name for name, _ in self._gates(2)} - set(FOLDED)

    def _gates(self, size: int) -> list[tuple[str, tuple[int, ...]]]:
        circuit = self.cost.physical_circuit if self.cost else None
        if circuit is None:
            return []
        index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
        return [
            (gate.name, tuple(index[q] for q in gate.qubits))
            for gate in circuit.data
            if len(gate.qubits) == size and gate.name not in ("barrier", "delay")
        ]

    def time(self, factor: float, folding: str | None) -> float:
        """Seconds of one shot: circuit and readout."""
        if self.cost is None:
            return nan
        gates = self.cost.execution_time
        if factor > 1 and folding:
            gates = _folded_makespan(self.cost.physical_circuit, self.calibration, factor, folding)
        return gates + self.readout


def _folded_makespan(circuit: "QuantumCircuit", calibration: Calibration, factor: float, method: str) -> float:
    """Makespan of the circuit whose two-qubit gates are repeated until there are `factor` times as many."""
    data = calibration.gate_data
    foldable = [i for i, gate in enumerate(circuit.data) if gate.name in FOLDED]
    once_more = _chosen(foldable, ((factor - 1) % 2) / 2, method)
    base = int((factor - 1) // 2)
    folded = circuit.copy_empty_like()
    for i, gate in enumerate(circuit.data):
        folds = base + (i in once_more) if gate.name in FOLDED else 0
        for _ in range(1 + 2 * folds):
            folded._append(gate)
    return schedule(folded, calibration, lambda gate: data[gate].duration).makespan


def _chosen(gates: Sequence[int], share: float, method: str) -> set[int]:
    """Gates that are folded once more, as the client chooses them; at random: with a fixed seed."""
    import numpy as np

    count = max(1, round(share * len(gates))) if share * len(gates) > 1e-8 else 0
    if method == "random":
        return set(np.random.default_rng(0).choice(gates, count, replace=False).tolist()) if count else set()
    return set(gates[:count] if method == "front" else gates[len(gates) - count :])


def longest_readout(calibration: Calibration) -> float:
    """The longest readout of the device, NaN where none is known."""
    durations = [calibration.readout(qubit).duration for qubit in range(calibration.n_qubits)]
    return max(filter(isfinite, durations), default=nan)
