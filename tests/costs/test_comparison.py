import pytest
from qiskit import QuantumCircuit

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs.comparison import compare, seed_study
from hybhanas_jupyter.errors import CircuitError

DEVICES = ["fake_manila", "fake_kyiv", "fake_torino"]


def test_every_device_and_level_is_ranked_by_effective_time():
    table = compare(Ansatz(4, 2), DEVICES, [0, 2], progress=False)
    assert len(table.costs) == 6
    times = [cost.effective_time for cost in table.costs]
    assert times == sorted(times)
    best = table.best.provenance
    assert table.best == hyb.quantum_cost(
        Ansatz(4, 2), best.device, optimization_level=best.optimization_level, seed=best.seed
    )
    assert {cost.provenance.device for cost in table.costs} == set(DEVICES)
    assert list(table.to_dataframe()["effective_time"]) == times
    assert "fake_torino" in repr(table)


def test_several_seeds_rank_devices_by_their_median():
    circuit = Ansatz(5, 2, topology="full")
    table = compare(circuit, ["fake_kyiv", "fake_torino"], seed=3, seeds=5, progress=False)
    for cost, (low, high) in zip(table.costs, table.ranges, strict=True):
        name = cost.provenance.device
        times = sorted(hyb.quantum_cost(circuit, name, seed=seed).effective_time for seed in range(3, 8))
        assert (low, cost.effective_time, high) == (times[0], times[2], times[4])
    assert table.ranks == (1, 2)  # a kyiv gate takes several torino gates
    assert not table.tied
    assert "effective, over 5 seeds" in repr(table)
    assert {"rank", "effective_time_least", "effective_time_most"} <= set(table.to_dataframe().columns)


def test_a_difference_within_the_seeds_is_said():
    circuit = Ansatz(5, 2, topology="full")
    names = ["fake_kyiv", "fake_strasbourg"]
    table = compare(circuit, names, seeds=5, progress=False)
    (low, high), (other_low, _) = table.ranges
    assert low < other_low <= high
    assert table.ranks == (1, 1)
    assert table.tied == (table.costs[1].provenance.device,)
    assert f"not told apart from it: {table.tied[0]}" in repr(table)
    alone = compare(circuit, names, seeds=1, progress=False)
    assert alone.ranks == (1, 2)
    assert "over" not in repr(alone).splitlines()[0]


def test_intervals_of_the_hardware_model_widen_the_ranges():
    table = compare(Ansatz(3, 2), ["fake_fez", "fake_torino"], seeds=1, model="hardware", progress=False)
    for cost, ends in zip(table.costs, table.ranges, strict=True):
        low, high = cost.success_interval
        assert ends == pytest.approx((cost.execution_time / high, cost.execution_time / low))


def test_processes_give_the_same_table():
    alone, together = (compare(Ansatz(4, 2), DEVICES, workers=n, progress=False) for n in (1, 2))
    assert alone.to_dict() == together.to_dict()


def test_what_cannot_run_is_listed_with_its_reason():
    table = compare(Ansatz(6, 1), [*DEVICES, "fake_kyoto"], progress=False)
    assert len(table.costs) == 2
    assert ["fake_manila" in line or "fake_kyoto" in line for line in table.refused] == [True, True]
    assert "Not possible (2)" in table._repr_html_()


def test_default_is_every_device_without_an_account():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    table = compare(circuit, progress=False)
    assert len(table.costs) == len(hyb.devices())
    assert not table.refused


def test_seeds_give_minimum_median_and_maximum():
    circuit = Ansatz(6, 2, topology="full")
    study = seed_study(circuit, "fake_kyiv", range(5))
    counts = [hyb.quantum_cost(circuit, "fake_kyiv", seed=seed).physical.two_qubit for seed in range(5)]
    assert study.values("physical_two_qubit_gates") == sorted(counts)
    assert study.best.effective_time == min(study.values("effective_time"))
    assert f"seed {study.best.provenance.seed} is the best" in repr(study)
    assert set(study.to_dict()) == {"0", "1", "2", "3", "4"}


def test_nothing_to_compare_is_named():
    with pytest.raises(CircuitError, match="No device can run"):
        compare(Ansatz(6, 1), ["fake_manila"], progress=False)
    with pytest.raises(CircuitError, match="No device to compare"):
        compare(Ansatz(6, 1), [], progress=False)
    with pytest.raises(CircuitError, match="Unknown device 'fake_kyv'"):
        compare(Ansatz(2, 1), ["fake_kyv"], progress=False)
    with pytest.raises(CircuitError, match="No seeds"):
        seed_study(Ansatz(2, 1), "fake_kyiv", [])


def test_a_seed_study_is_one_row_a_seed():
    study = seed_study(Ansatz(3, 1, topology="full"), "fake_kyiv", range(3))
    frame = study.to_dataframe()
    assert sorted(frame["seed"]) == [0, 1, 2]
    assert frame["effective_time"].tolist() == study.values("effective_time")


def test_an_unknown_name_is_refused_and_the_others_are_compared():
    comparison = compare(Ansatz(2, 1), ["fake_kyv", "fake_kyiv"], progress=False)
    assert [cost.provenance.device for cost in comparison.costs] == ["fake_kyiv"]
    (refused,) = comparison.refused
    assert "Unknown device 'fake_kyv'. Did you mean 'fake_kyiv'?" in refused
