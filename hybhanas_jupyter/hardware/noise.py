"""A physical circuit as Aer runs it under a calibration's noise: the judge of what costs predict; loads Aer.

Errors of gates and readout, and relaxation of every qubit that waits. The schedule is the cost model's: as soon as
possible, docs/cost_model.md, section 6 says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware.devices import Device
from hybhanas_jupyter.hardware.target import part_target

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target
    from qiskit_aer.noise import NoiseModel


@dataclass(frozen=True)
class NoisyCircuit:
    """A physical circuit without measurements on the qubits that take part only, and its noise.

    - `ideal`: the circuit, qubit i being the device's `qubits[i]`
    - `noisy`: the same with a relaxation wherever a qubit waits between its first gate and the end
    - `noise_model`: errors of its gates, and of readout, for Aer
    """

    qubits: tuple[int, ...]
    ideal: "QuantumCircuit"
    noisy: "QuantumCircuit"
    noise_model: "NoiseModel"

    @classmethod
    def of(cls, circuit: "QuantumCircuit", device: Device) -> "NoisyCircuit":
        """The noise of `circuit` on `device`; angles may be symbolic. Raises `DeviceError` without `dt`."""
        if device.calibration.seconds_per_dt is None:
            way = "which Qiskit needs to schedule idle qubits: use a newer device"
            raise DeviceError(f"{device.name} has no dt, {way}.")
        qubits, ideal = _taking_part(circuit)
        target = part_target(device.calibration, qubits)
        flips = [device.calibration.readout_flips(qubit) for qubit in qubits]
        return cls(qubits, ideal, _relaxing(ideal, target), _noise_model(target, flips))


def noisy_fidelity(circuit: "QuantumCircuit", device: Device) -> float:
    """Fidelity of the state after a bound physical circuit to the ideal one, see `noisy_density`."""
    from qiskit.quantum_info import Statevector

    density, small, _ = noisy_density(circuit, device)
    ideal = Statevector(small).data
    return float((ideal.conj() @ density @ ideal).real)


def noisy_density(
    circuit: "QuantumCircuit", device: Device
) -> tuple[npt.NDArray[np.complex128], "QuantumCircuit", tuple[int, ...]]:
    """The state after a bound physical circuit, by Aer's density matrix, the circuit on its active qubits, and those.

    Takes memory for 4^n numbers, n being the active qubits. Raises `DeviceError` without `dt`.
    """
    from qiskit_aer import AerSimulator

    run = NoisyCircuit.of(circuit, device)
    run.noisy.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=run.noise_model, max_parallel_threads=1)
    density = np.asarray(simulator.run(run.noisy, shots=1).result().data()["density_matrix"])
    return density, run.ideal, run.qubits


def _taking_part(circuit: "QuantumCircuit") -> tuple[tuple[int, ...], "QuantumCircuit"]:
    from qiskit import QuantumCircuit

    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    qubits = tuple(sorted({index[q] for gate in circuit.data if gate.name != "barrier" for q in gate.qubits}))
    place = {circuit.qubits[qubit]: i for i, qubit in enumerate(qubits)}
    small = QuantumCircuit(len(qubits))
    for gate in circuit.data:
        on = [place[qubit] for qubit in gate.qubits if qubit in place]
        if gate.name != "barrier":
            small.append(gate.operation, on)
        elif on:
            small.barrier(on)
    return qubits, small


def _relaxing(circuit: "QuantumCircuit", target: "Target") -> "QuantumCircuit":
    from qiskit.circuit import Delay
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import ASAPScheduleAnalysis, PadDelay, TimeUnitConversion
    from qiskit_aer.noise import RelaxationNoisePass

    passes = [TimeUnitConversion(target=target), ASAPScheduleAnalysis(target=target), PadDelay(target=target)]
    padded = PassManager(passes).run(circuit)
    t1, t2 = zip(*((qubit.t1, qubit.t2) for qubit in target.qubit_properties), strict=True)
    # In a pass manager of its own: the padded circuit's start times do not fit the circuit that it makes.
    return PassManager([RelaxationNoisePass(list(t1), list(t2), dt=target.dt, op_types=Delay)]).run(padded)


def _noise_model(target: "Target", flips: Sequence[tuple[float, float]]) -> "NoiseModel":
    from qiskit_aer.noise import NoiseModel, ReadoutError
    from qiskit_aer.noise.device.models import basic_device_gate_errors

    model = NoiseModel(basis_gates=sorted(target.operation_names))
    for name, qubits, error in basic_device_gate_errors(target=target):
        if name != "delay":
            model.add_quantum_error(error, name, qubits, warnings=False)
    for qubit, (of_zero, of_one) in enumerate(flips):
        if isfinite(of_zero + of_one):
            model.add_readout_error(ReadoutError([[1 - of_zero, of_zero], [of_one, 1 - of_one]]), [qubit])
    return model
