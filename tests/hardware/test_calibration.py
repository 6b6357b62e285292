import json
import math
import os
import subprocess
import sys

import pytest
from qiskit.circuit.library import CXGate, RZGate, SXGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_ibm_runtime.fake_provider import FakeBrisbane, FakeKyiv

from hybhanas_jupyter.errors import DeviceError
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.devices import device
from hybhanas_jupyter.hardware.target import working_target


def small_target(t1=1e-4, t2=1e-4, sx_duration=3e-8, error=1e-3) -> Target:
    target = Target(num_qubits=2, qubit_properties=[QubitProperties(t1=t1, t2=t2), QubitProperties(t1=2e-4, t2=3e-4)])
    target.add_instruction(RZGate(0.1), {(q,): InstructionProperties(duration=0, error=0) for q in (0, 1)})
    sx = {(0,): InstructionProperties(sx_duration, error), (1,): InstructionProperties(6e-8, 2e-3)}
    target.add_instruction(SXGate(), sx)
    target.add_instruction(CXGate(), {(0, 1): InstructionProperties(3e-7, 1e-2)})
    return target


def test_same_numbers_as_the_target():
    target, calibration = FakeKyiv().target, device("fake_kyiv").calibration
    for name in ("ecr", "sx", "measure"):
        for qubits, data in target[name].items():
            assert calibration.gate_data[name, qubits].duration == data.duration
            assert calibration.gate_data[name, qubits].error == data.error
    assert calibration.relaxation[7] == (target.qubit_properties[7].t1, target.qubit_properties[7].t2)


def test_every_process_reads_the_same_calibration():
    code = "import hybhanas_jupyter as hyb; print(hyb.device('fake_kyiv').calibration.fingerprint)"
    seen = {
        subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": str(seed)})
        for seed in range(3)
    }
    assert len(seen) == 1


def test_faulty_couplers_are_listed_and_gone_from_the_target():
    calibration = device("fake_kyiv").calibration
    faulty = tuple(sorted(qubits for qubits, data in FakeKyiv().target["ecr"].items() if data.error == 1))
    assert calibration.faulty_couplers == faulty
    assert not set(faulty) & set(device("fake_kyiv").target["ecr"])
    assert any("routed around" in warning for warning in calibration.warnings)


def test_couplers_of_faulty_qubits_are_gone_too():
    aachen = device("fake_aachen")
    assert aachen.calibration.faulty_qubits
    assert not any(set(qubits) & set(aachen.calibration.faulty_qubits) for qubits in aachen.target["cz"])


def test_impossible_t2_is_capped():
    calibration = device("fake_brisbane").calibration
    capped = [p.t2 > 2 * p.t1 for p in FakeBrisbane().target.qubit_properties]
    assert sum(capped) == 2
    assert all(t2 <= 2 * t1 for t1, t2 in calibration.relaxation)


@pytest.mark.parametrize("missing", [None, math.nan])
def test_gaps_are_filled_with_the_median_and_named(missing):
    calibration = Calibration.from_target(small_target(missing, missing, missing, missing), "small")
    assert calibration.relaxation[0] == calibration.relaxation[1] == (2e-4, 3e-4)
    assert calibration.gate_data["sx", (0,)].duration == 6e-8
    assert calibration.gate_data["sx", (0,)].error == 2e-3
    assert len(calibration.warnings) == 5


@pytest.mark.parametrize(("dt", "expected"), [(None, None), (3.6e-18, None), (2e-10, 2e-10)])
def test_impossible_dt_counts_as_missing(dt, expected):
    calibration = Calibration.from_target(small_target(), "small", dt=dt)
    assert calibration.seconds_per_dt == expected
    assert working_target(calibration).dt == expected


def test_json_round_trip(tmp_path):
    calibration = device("fake_torino").calibration
    calibration.save(tmp_path / "torino.json")
    loaded = Calibration.load(tmp_path / "torino.json")
    assert loaded == calibration
    assert loaded.fingerprint == calibration.fingerprint != device("fake_kyiv").calibration.fingerprint


def test_files_of_the_first_version_are_read(tmp_path):
    """They named the number of qubits as Qiskit does."""
    calibration = device("fake_manila").calibration
    text = calibration.model_dump_json()
    assert '"n_qubits":5' in text
    (tmp_path / "old.json").write_text(text.replace('"n_qubits":5', '"num_qubits":5'))
    assert Calibration.load(tmp_path / "old.json") == calibration


def test_a_calibration_shows_itself_in_one_line():
    text = repr(device("fake_kyiv").calibration)
    assert text == str(device("fake_kyiv").calibration)
    assert text.startswith("Calibration('fake_kyiv', 127 qubits, ")
    assert len(text) < 100


def damage(field, value):
    content = json.loads(Calibration.from_target(small_target(), "small").model_dump_json())
    content[field] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("not json", "file"),
        ("[1, 2]", "file"),
        ('{"nodes": []}', "name"),
        (damage("schema_version", 99), "schema_version"),
        (damage("n_qubits", 3), "n_qubits"),
        (damage("gates", [{"name": "sx", "qubits": [0], "duration": -1, "error": 0}]), "gates.0.duration"),
        (damage("gates", [{"name": "sx", "qubits": [0], "duration": 1, "error": 2}]), "gates.0.error"),
        (damage("gates", [{"name": "sx", "qubits": [9], "duration": 1, "error": 0}]), "sx"),
        (damage("gates", [{"name": "warp", "qubits": [0], "duration": 1, "error": 0}]), "warp"),
        (damage("gates", [{"name": "cx", "qubits": [0], "duration": 1, "error": 0}]), "cx"),
        (damage("gates", [{"name": "cx", "qubits": [1, 1], "duration": 1, "error": 0}]), "cx"),
        (damage("qubits", [{"t1": float("nan"), "t2": 1}] * 2), "qubits.0.t1"),
        (damage("token", "secret"), "token"),
    ],
)
def test_damaged_files_are_refused_by_field(tmp_path, content, field):
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(DeviceError, match="is not a calibration") as caught:
        Calibration.load(path)
    assert field in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DeviceError, match="No such file"):
        Calibration.load(tmp_path / "none.json")
