"""What the judge itself is judged by: closed forms of single noise sources."""

import math

import pytest
from qiskit import QuantumCircuit

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware.calibration import Calibration, GateCalibration, QubitCalibration
from hybhanas_jupyter.hardware.devices import Device, device
from hybhanas_jupyter.hardware.noise import NoisyCircuit, noisy_fidelity

T1, T2 = 100e-6, 70e-6


@pytest.fixture
def quiet():
    """Three qubits whose gates take no time and have no errors; only waiting hurts."""
    gates = [GateCalibration(name=n, qubits=(q,), duration=0.0, error=0.0) for n in ("x", "h") for q in range(3)]
    gates += [GateCalibration(name="measure", qubits=(q,), duration=1e-6, error=0.1 * (q + 1)) for q in range(3)]
    qubits = (QubitCalibration(t1=T1, t2=T2),) * 3
    return Device.from_calibration(Calibration(name="quiet", n_qubits=3, dt=1e-9, qubits=qubits, gates=tuple(gates)))


def test_a_plus_state_dephases_while_it_waits(quiet):
    circuit = QuantumCircuit(3)
    circuit.h(1)
    circuit.delay(20, 1, unit="us")
    circuit.h(1)
    assert noisy_fidelity(circuit, quiet) == pytest.approx((1 + math.exp(-20e-6 / T2)) / 2, rel=1e-6)


def test_an_excited_state_relaxes_until_the_last_gate_ends(quiet):
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.x(2)
    circuit.delay(30, 2, unit="us")
    assert noisy_fidelity(circuit, quiet) == pytest.approx(math.exp(-2 * 30e-6 / T1), rel=1e-6)


def test_barriers_make_qubits_wait(quiet):
    """Qubit 0 waits for the delay on qubit 1 in a superposition, as the barriers have it."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.barrier()
    circuit.delay(20, 1, unit="us")
    circuit.barrier()
    circuit.h(0)
    assert noisy_fidelity(circuit, quiet) == pytest.approx((1 + math.exp(-20e-6 / T2)) / 2, rel=1e-6)


def test_readout_errors_are_the_calibrations(quiet):
    circuit = QuantumCircuit(3)
    circuit.x([0, 2])
    run = NoisyCircuit.of(circuit, quiet)
    assert run.qubits == (0, 2)
    errors = run.noise_model.to_dict()["errors"]
    read = {e["gate_qubits"][0]: e["probabilities"] for e in errors if e["type"] == "roerror"}
    assert read[(0,)] == [[0.9, 0.1], [0.1, 0.9]]
    assert read[(1,)] == [[pytest.approx(0.7), pytest.approx(0.3)], [pytest.approx(0.3), pytest.approx(0.7)]]


def test_a_device_without_dt_is_refused():
    circuit = QuantumCircuit(5)
    circuit.x(0)
    with pytest.raises(DeviceError, match="fake_burlington has no dt"):
        noisy_fidelity(circuit, device("fake_burlington"))
