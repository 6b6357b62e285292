import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.schedule import schedule

KYIV = hyb.device("fake_kyiv")
PAIRS = sorted(KYIV.target["ecr"])[:6]
QUBITS = sorted({qubit for pair in PAIRS for qubit in pair})
STEPS = st.one_of(
    st.tuples(st.sampled_from(["sx", "x", "rz"]), st.sampled_from(QUBITS)),
    st.tuples(st.just("ecr"), st.sampled_from(PAIRS)),
    st.tuples(st.just("barrier"), st.lists(st.sampled_from(QUBITS), min_size=1, max_size=4, unique=True)),
    st.tuples(st.just("delay"), st.sampled_from(QUBITS)),
)


def physical(steps) -> QuantumCircuit:
    circuit = QuantumCircuit(127)
    for name, on in steps:
        if name == "rz":
            circuit.rz(0.3, on)
        elif name == "ecr":
            circuit.ecr(*on)
        elif name == "barrier":
            circuit.barrier(on)
        elif name == "delay":
            circuit.delay(300e-9, on, unit="s")
        else:
            getattr(circuit, name)(on)
    return circuit


def timed(circuit):
    data = KYIV.calibration.gate_data
    return schedule(circuit, KYIV.calibration, lambda gate: data[gate].duration)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=40))
def test_makespan_is_qiskits_with_barriers_and_delays(steps):
    circuit = physical(steps)
    expected = circuit.estimate_duration(KYIV.target, unit="s")
    assert timed(circuit).makespan == pytest.approx(expected, rel=1e-12, abs=1e-18)


@settings(max_examples=30, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=40))
def test_busy_and_idle_time_of_every_qubit_fill_the_schedule(steps):
    circuit = physical(steps)
    result = timed(circuit)
    assert sum(result.gates.values()) == sum(name not in ("barrier", "delay") for name, _ in steps)
    for idle in result.idle.values():
        assert 0 <= idle <= result.makespan
    assert result.makespan <= result.serial_time + 300e-9 * len(steps) + 1e-15


def test_idle_time_by_hand():
    a, b = PAIRS[0]
    circuit = QuantumCircuit(127)
    circuit.sx(a)
    circuit.ecr(a, b)
    circuit.rz(0.1, b)
    circuit.x(a)
    data = KYIV.calibration.gate_data
    result = timed(circuit)
    assert result.idle[a] == pytest.approx(0, abs=1e-18)
    assert result.idle[b] == pytest.approx(data["x", (a,)].duration)  # from its first gate, the ecr, to the end
    assert result.serial_time == pytest.approx(result.makespan)
    assert result.count(1) == 3
