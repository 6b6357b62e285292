"""%qdevices against the medians of Qiskit's own targets."""

from statistics import median

import pytest
from qiskit_ibm_runtime.fake_provider import FakeArmonkV2, FakeKyiv, FakeTorino

from hybhanas_jupyter.formatting import seconds


def real(target, names, field):
    found = [getattr(data, field) for name in names for data in target[name].values() if data and data.error != 1]
    return median(value for value in found if value is not None)


@pytest.mark.parametrize(
    ("backend", "one", "two"), [(FakeKyiv(), ["id", "sx", "x"], "ecr"), (FakeTorino(), ["id", "sx", "x"], "cz")]
)
def test_medians_are_those_of_the_target(shell, backend, one, two):
    table = shell.run_line_magic("qdevices", backend.name)
    (row,) = table.rows
    target = backend.target
    assert (row.name, row.n_qubits, row.two_qubit_gates) == (backend.name, backend.num_qubits, (two,))
    for medians, names in ((row.one_qubit, one), (row.two_qubit, [two]), (row.readout, ["measure"])):
        assert medians.error == pytest.approx(real(target, names, "error"))
        assert medians.duration == pytest.approx(real(target, names, "duration"))
    assert row.faulty_couplers == sum(data.error == 1 for data in target[two].values())
    assert row.calibration_date == backend.properties().last_update_date
    assert seconds(row.two_qubit.duration) in repr(table)
    assert table.to_dataframe()["two_qubit_error"].item() == row.two_qubit.error


def test_a_device_of_one_qubit_has_no_two_qubit_gate(shell):
    (row,) = shell.run_line_magic("qdevices", FakeArmonkV2().name).rows
    assert row.two_qubit_gates == ()
    assert repr(row.two_qubit.error) == "nan"


def test_a_pattern_without_device_is_one_line(shell, capsys):
    assert not shell.run_cell("%qdevices ibm_*").success
    assert capsys.readouterr().err == "UsageError: No device matches 'ibm_*': %qdevices alone lists all.\n"
