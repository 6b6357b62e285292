import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import ASAPScheduleAnalysis, PadDelay, TimeUnitConversion

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


def qiskits_idle_times(circuit) -> dict[int, float]:
    """What Qiskit's ASAP schedule pads every qubit with after its first gate that takes time, delays included."""
    passes = [pass_(target=KYIV.target) for pass_ in (TimeUnitConversion, ASAPScheduleAnalysis, PadDelay)]
    padded = PassManager(passes).run(circuit)
    idle: dict[int, float] = {}
    for step in padded.data:
        qubits = [padded.find_bit(qubit).index for qubit in step.qubits]
        if step.name == "delay" and qubits[0] in idle:
            idle[qubits[0]] += step.operation.duration * KYIV.target.dt
        elif step.name in ("sx", "x", "ecr"):
            idle.update({qubit: idle.get(qubit, 0.0) for qubit in qubits})
    return idle


@settings(max_examples=30, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=40))
def test_idle_and_serial_times_are_qiskits(steps):
    circuit = physical(steps)
    result = timed(circuit)
    assert result.idle == pytest.approx(qiskits_idle_times(circuit), rel=1e-9, abs=1e-15)
    gates = [(name, on if isinstance(on, tuple) else (on,)) for name, on in steps if name not in ("barrier", "delay")]
    assert sum(result.gates.values()) == len(gates)
    durations = [KYIV.target[name][qubits].duration for name, qubits in gates]
    assert result.serial_time == pytest.approx(sum(durations), rel=1e-12)


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
