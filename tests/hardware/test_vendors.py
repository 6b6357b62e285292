"""Devices of other makers, as their packages describe them."""

import json

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import CZGate, Measure, RXGate, RZGate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator
from qiskit.transpiler import InstructionProperties, Target
from scipy.optimize import minimize

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.clocks import vendor_clock
from hybhanas_jupyter.errors import CircuitError, DeviceError, UnknownNameError
from hybhanas_jupyter.hardware.vendors import NATIVE, unitary, vendor_of
from tests.hardware.vendor_devices import RECORDS, backend


def ghz(n=3):
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for i in range(n - 1):
        circuit.cx(i, i + 1)
    return circuit


@pytest.mark.parametrize("key", RECORDS)
def test_every_device_is_costed_and_says_what_it_assumes(key):
    device = hyb.device(backend(key))
    cost = hyb.quantum_cost(ghz(), device)
    assert 0 < cost.execution_time < 0.01
    assert 0.5 < cost.expected_fidelity < 1
    assert cost.usage_time > 1000 * (cost.execution_time + cost.readout_time)
    assert cost.physical.two_qubit >= 2
    assert "IBM" not in " ".join((*cost.provenance.warnings, cost.provenance.clock))
    reported = any(seconds for gate in RECORDS[key]["gates"].values() for seconds, *_ in gate["entries"] or ())
    typical = [line for line in device.calibration.assumed if "duration" in line and "typical" in line]
    if "error_profile" not in RECORDS[key]:
        assert bool(typical) == (not reported)


def test_a_native_circuit_is_taken_as_it_is_and_fails_as_in_iqms_own_noise_model():
    """IQM's GHZ circuit and its fidelity: iqm-client 36, IQMFakeAdonis, density matrix under its noise model."""
    circuit = QuantumCircuit(5)
    for name, parameters, qubits in RECORDS["IQMFakeAdonisBackend"]["ghz_circuit"]:
        getattr(circuit, name)(*parameters, *qubits)
    cost = hyb.quantum_cost(circuit, backend("IQMFakeAdonisBackend"))
    assert any("taken as it is" in line for line in cost.provenance.warnings)
    own = RECORDS["IQMFakeAdonisBackend"]["ghz_fidelity"]  # which lets idle qubits be
    assert own - 0.02 < cost.expected_fidelity < own + 0.005
    assert cost.execution_time == pytest.approx(1e-9 * (40 + 80 + 40 + 80 + 40))
    ours = hyb.quantum_cost(ghz(), backend("IQMFakeAdonisBackend"))
    assert ours.expected_fidelity == pytest.approx(RECORDS["IQMFakeAdonisBackend"]["ghz_fidelity"], abs=0.02)


def test_a_pair_behind_a_resonator_takes_two_moves():
    calibration = hyb.device(backend("IQMFakeDenebBackend")).calibration
    times = RECORDS["IQMFakeDenebBackend"]["error_profile"]["two_qubit_gate_durations"]
    data = calibration.gate_data["cz", (0, 1)]
    assert data.duration == pytest.approx(1e-9 * (2 * times["move"] + times["cz"]))
    errors = RECORDS["IQMFakeDenebBackend"]["error_profile"]["two_qubit_gate_depolarizing_error_parameters"]
    assert data.error > errors["cz"][0][1] * 0.75  # more than the cz alone


def test_ions_in_one_chain_run_one_gate_after_the_other():
    cost = hyb.quantum_cost(ghz(4), backend("ionq_forte_36"))
    assert cost.execution_time == pytest.approx(cost.serial_time)
    assert cost.routing_time == pytest.approx(0, abs=1e-12)
    wide = QuantumCircuit(8)
    wide.rzz(0.3, 0, 1)
    wide.rzz(0.3, 2, 3)
    assert hyb.quantum_cost(wide, backend("ionq_forte_36")).execution_time == pytest.approx(2 * 970e-6)
    assert hyb.quantum_cost(wide, backend("quantinuum_h2_56")).execution_time == pytest.approx(2e-3)


@pytest.mark.parametrize("key", ["ionq_qpu.forte-1 qis", "ionq_qpu.forte-1 native"])
def test_whatever_ionqs_compiler_takes_its_native_gates_are_costed(key):
    """ "no working two-qubit gate", it said."""
    calibration = hyb.device(backend(key)).calibration
    assert {"gpi", "gpi2", "zz", "rzz", "sx", "rz", "measure"} <= set(calibration.names)
    assert "h" not in calibration.names
    assert calibration.gate_data["zz", (3, 0)].duration == 970e-6
    assert any("IonQ's characterizations" in line for line in calibration.warnings)


ANGLES = {"gpi": (0.15,), "gpi2": (0.15,), "zz": (0.2,), "ms": (0.1, 0.3, 0.2), "prx": (0.7, 0.4), "r": (0.7, 0.4)}


@pytest.mark.parametrize("name", [name for name, (_, standard) in NATIVE.items() if standard])
def test_a_stand_in_does_what_one_native_gate_does_between_virtual_z(name):
    """Its own angle, and a turn about Z before and after on each qubit, give the native gate up to a phase."""
    size, standard = NATIVE[name]
    native = unitary(name, *ANGLES.get(name, ()))
    assert np.allclose(native @ native.conj().T, np.eye(2**size))

    def missed(turns):
        circuit = QuantumCircuit(size)
        for qubit in range(size):
            circuit.rz(turns[qubit], qubit)
        getattr(circuit, standard)(*([turns[-1]] if standard in ("rx", "rxx", "rzz") else []), *range(size))
        for qubit in range(size):
            circuit.rz(turns[size + qubit], qubit)
        return 1 - abs(np.trace(native.conj().T @ Operator(circuit).data)) / 2**size

    starts = np.random.default_rng(0).uniform(-np.pi, np.pi, (12, 2 * size + 1))
    assert min(minimize(missed, start).fun for start in starts) < 1e-6


def test_ionqs_gates_are_those_of_its_documentation():
    """docs.ionq.com, "Getting started with IonQ's hardware-native gateset": phases in turns."""
    turn = np.exp(2j * np.pi * 0.15)
    assert np.allclose(unitary("gpi", 0.15), [[0, 1 / turn], [turn, 0]])
    assert np.allclose(unitary("gpi2", 0.15), np.array([[1, -1j / turn], [-1j * turn, 1]]) / np.sqrt(2))
    whole, half = np.exp(2j * np.pi * (0.1 + 0.3)), np.exp(2j * np.pi * (0.1 - 0.3))
    ms = np.eye(4, dtype=complex)
    ms[0, 3], ms[3, 0] = -1j / whole, -1j * whole
    ms[1, 2], ms[2, 1] = -1j / half.conj(), -1j * half.conj()
    assert np.allclose(unitary("ms", 0.1, 0.3), ms / np.sqrt(2))
    assert np.allclose(unitary("zz", 0.25), unitary("rzz", np.pi / 2))


def test_a_circuit_in_ionqs_native_gates_is_physical():
    circuit = QuantumCircuit(36)
    circuit.append(Gate("gpi2", 1, [0.0]), [4])
    circuit.append(Gate("zz", 2, [0.25]), [4, 9])
    cost = hyb.quantum_cost(circuit, backend("ionq_forte_36"))
    assert cost.execution_time == pytest.approx(130e-6 + 970e-6)
    assert cost.physical.two_qubit == 1
    assert cost.layout == (4, 9)
    assert 0.98 < cost.success_probability < 1 - 6.8e-3


def uncalibrated():
    target = Target(num_qubits=2, description="new maker")
    for gate, on in ((RXGate(0.1), (0,)), (RXGate(0.1), (1,)), (RZGate(0.1), (0,)), (RZGate(0.1), (1,))):
        if gate.name in target.operation_names:
            target[gate.name][on] = None
        else:
            target.add_instruction(gate, {(0,): None, (1,): None})
    target.add_instruction(CZGate(), {(0, 1): InstructionProperties(error=0.01)})
    target.add_instruction(Measure(), {(0,): None, (1,): None})
    return target


def test_missing_durations_are_asked_for_once(tmp_path):
    device = hyb.device(uncalibrated())
    with pytest.raises(CircuitError, match=r"no duration for any .*with_\(durations"):
        hyb.quantum_cost(ghz(2), device)
    known = device.with_(
        durations={"rx": 30e-9, "rz": 0.0, "cz": 70e-9, "measure": 1e-6}, errors={"rx": 1e-3}, t1=40e-6
    )
    cost = hyb.quantum_cost(ghz(2), known)
    assert cost.execution_time > 70e-9
    assert any("duration of cz given: 7e-08" in line for line in cost.provenance.warnings)
    known.calibration.save(tmp_path / "ours.json")
    assert hyb.quantum_cost(ghz(2), tmp_path / "ours.json").to_dict() == cost.to_dict()


def test_a_device_with_other_values_is_another_one():
    device = hyb.device("fake_kyiv")
    slow = device.with_(durations={"ecr": 1e-6}, rep_delay=1e-3, t2=1e-5)
    assert slow.calibration.gate_data["ecr", device.calibration.faulty_couplers[0]].duration == 1e-6
    assert slow.calibration.relaxation[3][1] == 1e-5
    assert slow.calibration.fingerprint != device.calibration.fingerprint
    assert hyb.quantum_cost(ghz(), slow).usage_time > hyb.quantum_cost(ghz(), device).usage_time + 0.7
    with pytest.raises(UnknownNameError, match="gate of fake_kyiv 'cz'"):
        device.with_(durations={"cz": 1e-7})
    with pytest.raises(DeviceError, match=r"duration is -1\.0"):
        device.with_(durations={"ecr": -1.0})


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        ("ionq_aria_25", "IonQ Aria"),
        ("ionq_qpu.forte-1", "IonQ Forte"),
        ("IQMFakeAdonisBackend", "IQM"),
        ("Ankaa-3", "Rigetti"),
        ("offline_simulator_aqt", "AQT"),
        ("H2-1", "Quantinuum"),
        ("OQC Toshiko", "OQC"),
        ("ibm_kyiv", None),
        ("fake_torino", None),
        ("our_lab", None),
    ],
)
def test_makers_by_name(name, maker):
    vendor = vendor_of(name)
    assert (vendor and vendor.name) == maker


def test_no_fake_backend_of_ibm_is_taken_for_anothers():
    assert not [row.name for row in hyb.devices() if vendor_of(row.name)]


def test_aqts_chain_has_its_makers_typical_values():
    target = Target(num_qubits=4, description="aqt_ibex")
    for name, size in (("rz", 1), ("r", 1), ("rxx", 2)):
        target.add_instruction(
            GenericBackendV2(2, basis_gates=["rz", "r", "rxx", "cx"]).target.operation_from_name(name)
        )
        assert target.operation_from_name(name).num_qubits == size
    target.add_instruction(Measure())
    cost = hyb.quantum_cost(ghz(), target)
    assert cost.readout_time == 3e-3
    assert cost.execution_time >= 2 * 200e-6
    assert vendor_clock(hyb.device(target).calibration).name == "AQT shots alone"


def braket(maker, **parts):
    """A device document as `AwsDevice.properties.json()` gives it, by amazon-braket-schemas 1.32."""
    header = {"name": f"braket.device_schema.{maker}.{maker}_device_capabilities", "version": "1"}
    return {"braketSchemaHeader": header, "service": {"updatedAt": "2026-05-04T10:20:30+00:00"}, **parts}


def fidelity(kind, value):
    return {"fidelityType": {"name": kind}, "fidelity": value, "standardError": None}


def garnet():
    one = {
        label: {
            "T1": {"value": 30.0 + i, "standardError": None, "unit": "us"},
            "T2": {"value": 1e-5, "standardError": None, "unit": "S"},
            "oneQubitFidelity": [fidelity("RANDOMIZED_BENCHMARKING", 0.999), fidelity("READOUT", 0.97 + 0.001 * i)],
        }
        for i, label in enumerate(("1", "2", "10"))
    }
    pairs = {"1-2": 0.99, "2-10": 0.98}
    two = {k: {"twoQubitGateFidelity": [{"gateName": "CZ", "fidelity": v}]} for k, v in pairs.items()}
    connected = {"fullyConnected": False, "connectivityGraph": {"1": ["2"], "2": ["10"]}}
    paradigm = {"qubitCount": 3, "nativeGateSet": ["cz", "prx"], "connectivity": connected}
    return braket("iqm", paradigm=paradigm, standardized={"oneQubitProperties": one, "twoQubitProperties": two})


def test_a_device_document_of_braket_is_read(tmp_path):
    path = tmp_path / "garnet.json"
    path.write_text(json.dumps(garnet()))
    calibration = hyb.device(path).calibration
    assert calibration.name == "iqm_garnet"
    assert calibration.n_qubits == 3
    assert calibration.date.year == 2026
    assert calibration.relaxation[2] == pytest.approx((32e-6, 1e-5))
    assert calibration.gate_data["cz", (2, 1)].error == pytest.approx(0.02)  # labels 10 and 2
    assert calibration.gate_data["prx", (0,)].error == pytest.approx(1e-3)
    assert calibration.readout(1).error == pytest.approx(0.029)
    cost = hyb.quantum_cost(ghz(), path)
    assert cost.physical.two_qubit == 2
    assert any("typical of IQM" in line for line in cost.provenance.warnings)


def test_ionqs_document_has_its_own_durations(tmp_path):
    provider = {
        "fidelity": {"1Q": {"mean": 0.9998}, "2Q": {"mean": 0.992}, "spam": {"mean": 0.995}},
        "timing": {"T1": 100.0, "T2": 1.0, "1Q": 1.1e-4, "2Q": 9e-4, "readout": 2e-4, "reset": 3e-5},
    }
    connected = {"fullyConnected": True, "connectivityGraph": {}}
    paradigm = {"qubitCount": 5, "nativeGateSet": ["GPi", "GPi2", "ZZ"], "connectivity": connected}
    path = tmp_path / "Forte-1.json"
    path.write_text(json.dumps(braket("ionq", paradigm=paradigm, provider=provider)))
    calibration = hyb.device(path).calibration
    assert calibration.name == "ionq_Forte-1"
    assert calibration.gate_data["zz", (4, 2)].duration == 9e-4
    assert calibration.gate_data["rzz", (4, 2)].error == pytest.approx(0.008)
    assert calibration.readout(0).error == pytest.approx(0.005)
    assert not [line for line in calibration.assumed if "typical" in line]
    assert hyb.quantum_cost(ghz(), path).execution_time >= 2 * 9e-4


@pytest.mark.parametrize("part", ["paradigm", "standardized"])
def test_a_damaged_document_of_braket_is_named(tmp_path, part):
    path = tmp_path / "garnet.json"
    path.write_text(json.dumps({**garnet(), part: {"oneQubitProperties": {"1": {}}}}))
    with pytest.raises(DeviceError, match="no device document of Braket"):
        hyb.device(path)
