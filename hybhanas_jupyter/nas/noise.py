"""A trained quantum layer as the device would run it: its physical circuit in Aer, with the calibration's noise."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hybhanas_jupyter.hardware.target import working_target

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    from hybhanas_jupyter.hardware.calibration import Calibration
    from hybhanas_jupyter.hardware.devices import Device
    from hybhanas_jupyter.models.quantum_layer import QuantumLayer


@dataclass(frozen=True)
class NoisyLayer:
    """A circuit of the parameters x (radians) on the qubits that take part only, measured, and what simulates it."""

    circuit: "QuantumCircuit"
    simulator: "AerSimulator"

    @classmethod
    def of(cls, layer: "QuantumLayer", device: "Device", *, noise: bool, optimization_level: int) -> "NoisyLayer":
        """The layer's circuit as it is costed on `device`, with gate, readout and idle errors if `noise`."""
        from qiskit_aer import AerSimulator

        from hybhanas_jupyter.costs.quantum import quantum_cost

        cost = quantum_cost(layer.ansatz, device, optimization_level=optimization_level)
        weights = layer.weights.detach().double().flatten().tolist()
        circuit = cost.physical_circuit
        circuit = circuit.assign_parameters({p: weights[p.index] for p in circuit.parameters if p.vector.name == "w"})
        qubits = sorted({circuit.find_bit(qubit).index for item in circuit.data for qubit in item.qubits})
        part = _part(device.calibration, qubits)
        measured = [qubits.index(qubit) for qubit in cost.measured_qubits]
        physical = _measured(_with_delays(_narrowed(circuit, qubits), part), measured)
        return cls(physical, AerSimulator(noise_model=_noise_model(part) if noise else None))

    def expectations(self, angles: np.ndarray, *, shots: int, seed: int) -> np.ndarray:
        """<Z> of every logical qubit, (samples, qubits), for `angles` (samples, qubits) in radians."""
        # One circuit with many values, not many circuits: its noise is worked out once.
        values = {p: angles[:, p.index].tolist() for p in self.circuit.parameters}
        job = self.simulator.run([self.circuit], parameter_binds=[values], shots=shots, seed_simulator=seed)
        counts = job.result().get_counts()
        return np.array([_mean_z(c, angles.shape[1]) for c in (counts if isinstance(counts, list) else [counts])])


def _mean_z(counts: dict[str, int], qubits: int) -> list[float]:
    total = sum(counts.values())
    ones = [sum(n for bits, n in counts.items() if bits[-1 - qubit] == "1") for qubit in range(qubits)]
    return [1 - 2 * n / total for n in ones]


def _part(calibration: "Calibration", qubits: list[int]) -> "Calibration":
    """The calibration of some qubits, renumbered, gaps in their relaxation times filled."""
    from hybhanas_jupyter.hardware.calibration import QubitCalibration

    relaxation = [calibration.relaxation[qubit] for qubit in qubits]
    gates = tuple(
        gate.model_copy(update={"qubits": tuple(qubits.index(qubit) for qubit in gate.qubits)})
        for gate in calibration.gates
        if set(gate.qubits) <= set(qubits)
    )
    times = tuple(QubitCalibration(t1=t1, t2=t2) for t1, t2 in relaxation)
    return calibration.model_copy(update={"num_qubits": len(qubits), "qubits": times, "gates": gates})


def _narrowed(circuit: "QuantumCircuit", qubits: list[int]) -> "QuantumCircuit":
    from qiskit import QuantumCircuit

    narrow = QuantumCircuit(len(qubits))
    for item in circuit.data:
        narrow.append(item.operation, [qubits.index(circuit.find_bit(qubit).index) for qubit in item.qubits])
    return narrow


def _with_delays(circuit: "QuantumCircuit", calibration: "Calibration") -> "QuantumCircuit":
    """Scheduled as late as possible, with delays where a qubit idles."""
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDelay, TimeUnitConversion

    target = working_target(calibration)
    passes = [TimeUnitConversion(target=target), ALAPScheduleAnalysis(target=target), PadDelay(target=target)]
    return PassManager(passes).run(circuit)


def _measured(circuit: "QuantumCircuit", qubits: list[int]) -> "QuantumCircuit":
    from qiskit import ClassicalRegister

    register = ClassicalRegister(len(qubits))
    circuit.add_register(register)
    circuit.measure(qubits, register)
    return circuit


def _noise_model(calibration: "Calibration") -> "NoiseModel":
    from qiskit.providers import BackendV2, Options
    from qiskit_aer.noise import NoiseModel

    class Backend(BackendV2):
        """What Aer reads noise from."""

        target = working_target(calibration)
        max_circuits = None

        @classmethod
        def _default_options(cls) -> Options:
            return Options()

        def run(self, run_input: Any, **options: Any) -> Any:
            raise NotImplementedError

    return NoiseModel.from_backend(Backend())
