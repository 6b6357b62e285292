"""Workloads, judged by the QuantumPrograms that IBM's own client prepares and by Qiskit's scheduler."""

import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import PassManager
from qiskit_ibm_runtime.executor_estimator.prepare import prepare
from qiskit_ibm_runtime.fake_provider import FakeTorino
from qiskit_ibm_runtime.options import EstimatorOptions as ServerOptions
from qiskit_ibm_runtime.options import SamplerOptions as ServerSamplerOptions
from qiskit_ibm_runtime.options_models.estimator import EstimatorOptions
from qiskit_mitigation.zne.gate_folding import GateFoldingPass

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.clocks import Clock
from hybhanas_jupyter.costs.workload import MAX_EXECUTIONS
from hybhanas_jupyter.errors import CircuitError, ConfigError, UnknownNameError


def ansatz(n=3):
    circuit = QuantumCircuit(n, name="ansatz")
    for i in range(n):
        circuit.rz(Parameter(f"t{i}"), i)
        circuit.sx(i)
    for i in range(n - 1):
        circuit.cz(i, i + 1)
    return circuit


PUB = (ansatz(), [["ZZI"], ["XXI"], ["IZZ"]], np.zeros((4, 3)))


@pytest.fixture(scope="module")
def random_workloads():
    """The benchmark's random workloads, and the two who count them."""
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        import workload_executions
    finally:
        sys.path.remove(folder)
    return workload_executions


def test_executions_equal_ibms_client_on_random_workloads(random_workloads):
    """All 1,000: benchmarks/workload_executions.py."""
    counted = []
    for seed in range(10_000, 10_060):
        workload = random_workloads.random_workload(seed)
        executions, _ = random_workloads.ours(*workload)
        assert executions == random_workloads.of_client(*workload), seed
        counted.append(executions)
    assert len(set(counted)) > 40
    assert None in counted  # some are refused, by both


@pytest.mark.parametrize(("level", "executions"), [(0, 1000), (1, 2048), (2, 4096)])
def test_a_single_circuit_by_resilience_level(level, executions):
    """The figures of the design notes: IBM prepares 1,000, 2,048 or 4,096 executions for 1,000 shots."""
    pub = (ansatz(), "ZZZ", np.zeros(3))
    found = hyb.workload([pub], "fake_torino", {"resilience_level": level, "default_shots": 1000})
    program, _ = prepare([pub], EstimatorOptions(resilience_level=level, default_shots=1000))
    assert found.executions == executions == program.shots * sum(item.size() for item in program.items)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_causes_sum_to_the_executions(level):
    found = hyb.workload([PUB, PUB], "fake_torino", {"resilience_level": level, "default_precision": 0.03})
    assert sum(found.causes.values()) == found.executions
    assert found.causes["circuits x shots"] == 2 * 4 * 1112
    assert found.causes["observable groups"] == 2 * 4 * 1112
    assert (found.causes["TREX"] > 0) == (level > 0)
    assert (found.causes["ZNE"] > 0) == (level == 2)


def test_seconds_are_the_published_form():
    device = FakeTorino()
    circuit = transpile(ansatz(), device, seed_transpiler=0)
    measured = circuit.copy()
    measured.measure_all()
    pub, options = (measured, np.zeros((5, 3))), {"execution": {"init_qubits": False}}
    found = hyb.workload([pub], device, options, shots=100, clock="published")
    one_shot = device.default_rep_delay + measured.estimate_duration(device.target, unit="s")
    assert found.executions == 500
    assert found.usage_time == pytest.approx(2 + 500 * one_shot, rel=1e-4)
    reset = np.median([entry.duration for entry in device.target["reset"].values()])
    with_reset = hyb.workload([pub], device, shots=100, clock="published")
    assert with_reset.usage_time - found.usage_time == pytest.approx(500 * reset)


@pytest.mark.parametrize("factors", [[1, 3, 5], [1, 2, 2.5]])
@pytest.mark.parametrize("amplifier", ["gate_folding_front", "gate_folding_back", "gate_folding"])
def test_noise_factors_make_circuits_longer_as_ibm_folds_them(factors, amplifier):
    device = FakeTorino()
    circuit = transpile(ansatz(4), device, seed_transpiler=0)
    zne = {"noise_factors": factors, "amplifier": amplifier}
    options = {"resilience_level": 2, "resilience": {"zne": zne}, "execution": {"init_qubits": False}}
    observable = SparsePauliOp("ZZZZ").apply_layout(circuit.layout)
    (found,) = hyb.workload([(circuit, observable, np.zeros(4))], device, options).pubs
    readout = max(device.target["measure"][(q,)].duration for q in range(device.n_qubits))
    method = {"gate_folding": "random", "gate_folding_front": "front", "gate_folding_back": "back"}[amplifier]
    for factor, seconds in zip(factors, found.shot_times, strict=True):
        folded = PassManager([GateFoldingPass(factor, method, seed=0)]).run(circuit)
        assert seconds == pytest.approx(folded.estimate_duration(device.target, unit="s") + readout, rel=1e-9)
    assert found.shot_times[0] < found.shot_times[1] <= found.shot_times[2]


def test_pairs_that_ibm_does_not_fold_are_named():
    circuit = QuantumCircuit(2)
    circuit.rzz(0.3, 0, 1)
    found = hyb.workload([(circuit, "ZZ")], "fake_fractional", {"resilience_level": 2})
    assert any("rzz" in note and "not folded" in note for note in found.notes)
    assert len(set(found.pubs[0].shot_times)) == 1


def test_a_clock_of_ones_own_jobs_counts():
    own = Clock(name="mine", source="my jobs", per_job=1.5, per_circuit=0.01, per_execution=1e-3, spread=(0.9, 1.2))
    found = hyb.workload([PUB], "fake_torino", {"resilience_level": 0, "default_shots": 10}, clock=own)
    shots = found.executions * (1e-3 + found.pubs[0].shot_time)
    assert found.usage_time == pytest.approx(1.5 + found.circuits * 0.01 + shots)
    assert found.circuits == 8
    assert found.usage_interval == pytest.approx((0.9 * found.usage_time, 1.2 * found.usage_time))


def test_a_session_bills_its_gaps_a_batch_does_not():
    found = hyb.workload([PUB], "fake_torino", mode="session", iterations=11, session_gap=3)
    one = hyb.workload([PUB], "fake_torino")
    times = found.usage_times
    assert times["job"] == times["batch"] == pytest.approx(11 * one.usage_time)
    assert found.usage_time == times["session"] == pytest.approx(times["job"] + 30)
    assert found.usage_interval[0] < times["job"] < found.usage_time < found.usage_interval[1]
    assert sum(found.usage_parts.values()) == pytest.approx(found.usage_time)
    assert found.executions == 11 * one.executions
    assert found.jobs == 11


def test_a_job_beyond_the_limit_is_split_and_said_so():
    found = hyb.workload([(ansatz(), np.zeros((3000, 3)))], "fake_torino", primitive="sampler")
    assert found.executions == 3000 * 4096 > MAX_EXECUTIONS
    assert found.jobs == 2
    assert any("10,000,000" in note for note in found.notes)


def test_rep_delay_of_the_options_counts():
    slow = hyb.workload([PUB], "fake_torino", {"execution": {"rep_delay": 500e-6}})
    usual = hyb.workload([PUB], "fake_torino")
    assert slow.usage_time - usual.usage_time == pytest.approx(usual.executions * 250e-6)


def test_options_of_the_servers_primitives_are_read():
    options = ServerOptions(resilience_level=2, default_shots=500, seed_estimator=7)
    options.twirling.num_randomizations = 10
    found = hyb.workload([PUB], "fake_torino", options)
    same = {"resilience_level": 2, "default_shots": 500, "twirling": {"num_randomizations": 10}}
    assert found.executions == hyb.workload([PUB], "fake_torino", same).executions
    sampler = hyb.workload([(ansatz(), [0, 0, 0])], "fake_torino", ServerSamplerOptions(default_shots=77))
    assert sampler.executions == 77


def test_pec_without_a_noise_model_is_assumed_and_said_so():
    options = {"resilience_level": 0, "resilience": {"pec_mitigation": True}, "default_shots": 640}
    found = hyb.workload([(ansatz(4), "ZZZZ", np.zeros(4))], "fake_torino", options)
    plain = hyb.workload(
        [(ansatz(4), "ZZZZ", np.zeros(4))], "fake_torino", {"resilience_level": 0, "default_shots": 640}
    )
    assert plain.executions < found.executions <= 100 * 640
    assert found.causes["PEC"] == found.executions - 640
    assert any("assumed" in note for note in found.notes)


@pytest.mark.parametrize(
    ("pubs", "primitive"),
    [
        ([(ansatz(), "ZZZ", np.zeros(3))], "estimator"),
        ([(ansatz(), [SparsePauliOp("ZZZ")], np.zeros(3))], "estimator"),
        ([(ansatz(), {"ZZZ": 1.0}, np.zeros(3))], "estimator"),
        ([EstimatorPub.coerce((ansatz(), "ZZZ", np.zeros(3)))], "estimator"),
        ([(ansatz(), {"t0": 0.1, "t1": 0.2, "t2": 0.3})], "sampler"),
        ([(ansatz(), [0.1, 0.2, 0.3], 100)], "sampler"),
        ([hyb.Ansatz(3, 1)], "sampler"),
    ],
)
def test_the_primitive_is_told_by_the_pubs(pubs, primitive):
    pubs = [
        pub if not isinstance(pub, hyb.Ansatz) else (pub, np.zeros(len(pub.to_circuit().parameters))) for pub in pubs
    ]
    assert hyb.workload(pubs, "fake_torino").primitive == primitive


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: hyb.workload([], "fake_torino"), CircuitError, "at least one"),
        (lambda: hyb.workload(PUB, "fake_torino"), CircuitError, "single PUB"),
        (lambda: hyb.workload([PUB], "fake_torino", {"resilience_lvl": 1}), ConfigError, "resilience_lvl"),
        (lambda: hyb.workload([PUB], "fake_torino", {"resilience_level": 7}), ConfigError, "resilience_level"),
        (lambda: hyb.workload([PUB], "fake_torino", 3), ConfigError, "EstimatorOptions or a dict"),
        (lambda: hyb.workload([PUB], "fake_torino", mode="bath"), UnknownNameError, "batch"),
        (lambda: hyb.workload([PUB], "fake_torino", primitive="runner"), UnknownNameError, "sampler"),
        (lambda: hyb.workload([PUB], "fake_torino", shots=100), CircuitError, "precision="),
        (lambda: hyb.workload([PUB], "fake_torino", precision=0.0), CircuitError, "above 0"),
        (lambda: hyb.workload([PUB, (ansatz(), [0, 0, 0])], "fake_torino"), CircuitError, "Some PUBs"),
        (lambda: hyb.workload([(ansatz(), "ZZ")], "fake_torino"), CircuitError, "PUB 0"),
        (lambda: hyb.workload([(ansatz(1), "0", [0.1])], "fake_torino"), CircuitError, "projectors"),
        (
            lambda: hyb.workload([(*PUB, 0.1), (*PUB, 0.2)], "fake_torino"),
            CircuitError,
            "same precision",
        ),
    ],
)
def test_what_the_client_would_refuse_is_one_line(call, error, text):
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_circuit_that_cannot_be_timed_still_has_executions():
    circuit = QuantumCircuit(200)
    circuit.h(range(200))
    circuit.measure_all()
    found = hyb.workload([circuit], "fake_torino", shots=50)
    assert found.executions == 50
    assert np.isnan(found.usage_time)
    assert any("seconds are not known" in note and "200 qubits" in note for note in found.notes)
    assert "not known of the QPU" in repr(found)


def test_what_is_assumed_of_a_loop_is_among_the_notes():
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.x(0)
        circuit.measure(0, 0)
    circuit.measure(0, 0)
    cost = hyb.quantum_cost(circuit, "fake_torino")
    found = hyb.workload([circuit], "fake_torino", shots=50)
    assumed = set(cost.provenance.warnings) - set(hyb.device("fake_torino").calibration.warnings)
    assert assumed
    assert assumed <= set(found.notes)


def test_report_and_data():
    found = hyb.workload([PUB], "fake_torino", mode="session", iterations=3)
    text, html = repr(found), found._repr_html_()
    assert f"{found.executions:,} executions" in text
    assert "<script" not in html
    data = found.to_dict()
    assert data["usage_times"]["job"] < data["usage_time"]
    assert data["pubs"][0]["groups"] == 2
    assert len(found.to_dataframe()) == 1
    named = ansatz()
    named.name = "<b>bold"
    assert "<b>bold" not in hyb.workload([(named, "ZZZ", np.zeros(3))], "fake_torino")._repr_html_()
