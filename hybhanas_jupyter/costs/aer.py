"""What Aer's noisy simulation says about a physical circuit: the reference for predicted reliability."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.devices import Device

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target
    from qiskit_aer.noise import NoiseModel


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

    Aer's own device noise (depolarizing and relaxation of every gate), and relaxation of every qubit that idles, as
    Qiskit schedules it. Takes memory for 4^n numbers, n being the active qubits. Raises `DeviceError` without `dt`.
    """
    from qiskit_aer import AerSimulator

    if device.calibration.seconds_per_dt is None:
        raise DeviceError(f"{device.name} has no dt, which Qiskit needs to schedule idle qubits: use a newer device.")
    small, qubits = _without_idle_qubits(circuit)
    target = _local_target(qubits, device.calibration)
    noisy = _with_idle_relaxation(small, target)
    noisy.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=_noise_model(target), max_parallel_threads=1)
    return np.asarray(simulator.run(noisy, shots=1).result().data()["density_matrix"]), small, qubits


def _without_idle_qubits(circuit: "QuantumCircuit") -> tuple["QuantumCircuit", tuple[int, ...]]:
    from qiskit import QuantumCircuit

    index = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    qubits = tuple(sorted({index[q] for gate in circuit.data if gate.name != "barrier" for q in gate.qubits}))
    place = {qubit: i for i, qubit in enumerate(qubits)}
    small = QuantumCircuit(len(qubits))
    for gate in circuit.data:
        if gate.name != "barrier":
            small.append(gate.operation, [place[index[q]] for q in gate.qubits])
    return small, qubits


def _local_target(qubits: tuple[int, ...], calibration: Calibration) -> "Target":
    """The device's gates on these qubits only, numbered from 0."""
    from qiskit.circuit import Delay, Parameter
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import InstructionProperties, QubitProperties, Target

    place = {qubit: i for i, qubit in enumerate(qubits)}
    properties = [QubitProperties(*calibration.relaxation[qubit]) for qubit in qubits]
    target = Target(num_qubits=len(qubits), dt=calibration.seconds_per_dt, qubit_properties=properties)
    for name in calibration.names:
        entries = {
            tuple(place[qubit] for qubit in on): InstructionProperties(duration=data.duration, error=data.error)
            for (gate, on), data in calibration.gate_data.items()
            if gate == name != "measure" and place.keys() >= set(on)
        }
        if entries:
            target.add_instruction(get_standard_gate_name_mapping()[name], entries)
    target.add_instruction(Delay(Parameter("t")), {(qubit,): None for qubit in place.values()})
    return target


def _with_idle_relaxation(circuit: "QuantumCircuit", target: "Target") -> "QuantumCircuit":
    from qiskit.circuit import Delay
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import ASAPScheduleAnalysis, PadDelay, TimeUnitConversion
    from qiskit_aer.noise import RelaxationNoisePass

    passes = [TimeUnitConversion(target=target), ASAPScheduleAnalysis(target=target), PadDelay(target=target)]
    padded = PassManager(passes).run(circuit)
    t1, t2 = zip(*((qubit.t1, qubit.t2) for qubit in target.qubit_properties), strict=True)
    # In a pass manager of its own: the padded circuit's start times do not fit the circuit that it makes.
    return PassManager([RelaxationNoisePass(list(t1), list(t2), dt=target.dt, op_types=Delay)]).run(padded)


def _noise_model(target: "Target") -> "NoiseModel":
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.noise.device.models import basic_device_gate_errors

    model = NoiseModel(basis_gates=sorted(target.operation_names))
    for name, qubits, error in basic_device_gate_errors(target=target):
        if name != "delay":
            model.add_quantum_error(error, name, qubits, warnings=False)
    return model
