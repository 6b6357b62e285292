"""Prices: their forms against hand-made sums, never an amount without its date."""

import json
from datetime import date

import numpy as np
import pytest
from qiskit import QuantumCircuit

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.prices import Price, Use
from hybhanas_jupyter.errors import ConfigError, UnknownNameError
from tests.hardware.vendor_devices import backend

USE = Use(
    seconds=100.0, jobs=2, tasks=10, shots=10_000, one_qubit_gates=50_000, two_qubit_gates=20_000, readouts=30_000
)


def bell():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    ("name", "amount", "unit"),
    [
        ("IBM pay-as-you-go", 100 * 96 / 60, "USD"),
        ("IQM Resonance", 30.0, "USD"),
        ("Braket IonQ Aria", 10 * 0.3 + 10_000 * 0.03, "USD"),
        ("Azure IonQ", 50_000 * 0.00022 + 20_000 * 0.000975, "USD"),
        ("Azure IonQ with error mitigation", 2 * 97.5, "USD"),  # the minimum of two jobs
        ("Quantinuum HQC", 10 * 5 + (50_000 + 10 * 20_000 + 5 * 30_000) / 5000, "HQC"),
    ],
)
def test_amounts_are_the_providers_forms(name, amount, unit):
    money = hyb.prices().named(name).of(USE)
    assert (money.amount, money.unit) == (pytest.approx(amount), unit)
    assert f"price of {money.date}" in str(money)


def test_every_price_has_a_day_and_a_source():
    for price in hyb.prices():
        assert price.date <= date(2026, 11, 25)
        assert price.source
        assert price.form


def test_money_is_off_by_default_and_never_without_its_date():
    plain = hyb.workload([bell()], "fake_torino", shots=1000)
    assert plain.money is None
    assert not {"price", "price_date"} & plain.to_dict().keys()
    assert "USD" not in repr(plain)
    paid = hyb.workload([bell()], "fake_torino", shots=1000, price="IBM pay-as-you-go")
    assert paid.money.amount == pytest.approx(1.6 * paid.usage_time)
    assert f"USD (price of {paid.money.date}, not checked at its source)" in repr(paid)
    assert paid.to_dict()["price_date"] == str(paid.money.date)


def test_gates_are_counted_as_the_device_runs_them():
    use = hyb.workload([bell()], backend("quantinuum_h2_56"), shots=1000, price="Quantinuum HQC").use
    assert use.two_qubit_gates == 1000  # one rzz
    assert use.readouts == 2000
    assert 1000 <= use.one_qubit_gates <= 5000  # rz is virtual
    zne = {"resilience_level": 2, "default_shots": 100, "resilience": {"measure_mitigation": False}}
    circuit = bell().remove_final_measurements(inplace=False)
    folded = hyb.workload([(circuit, "ZZ")], "fake_torino", zne)
    once = hyb.workload([(circuit, "ZZ")], "fake_torino", {**zne, "resilience_level": 1})
    assert folded.use.two_qubit_gates / once.use.two_qubit_gates == pytest.approx(1 + 3 + 5)
    assert folded.use.one_qubit_gates / once.use.one_qubit_gates == pytest.approx(3)


def test_iterations_are_paid_each():
    pubs = [(bell(),)]
    once = hyb.workload(pubs, backend("ionq_aria_25"), shots=100, price="Braket IonQ Aria")
    ten = hyb.workload(pubs, backend("ionq_aria_25"), shots=100, price="Braket IonQ Aria", iterations=10)
    assert once.money.amount == pytest.approx(0.3 + 100 * 0.03)
    assert ten.money.amount == pytest.approx(10 * once.money.amount)


def test_prices_can_be_edited_and_read_again(tmp_path):
    path = tmp_path / "prices.json"
    ours = Price(name="our contract", devices="fake_*", date=date(2026, 1, 2), source="contract", per_second=0.5)
    table = hyb.prices().with_(ours)
    table.save(path)
    assert list(hyb.prices(path)) == list(table)
    entries = json.loads(path.read_text())
    entries[0]["per_second"] = 0.25
    path.write_text(json.dumps(entries))
    edited = hyb.prices(path).named("our contract")
    paid = hyb.workload([bell()], "fake_torino", shots=1000, price=edited)
    assert paid.money.amount == pytest.approx(0.25 * paid.usage_time)
    assert np.isclose(len(hyb.prices(path)), len(hyb.prices()) + 1)
    assert "our contract" in repr(hyb.prices(path))
    assert table.of("fake_kyiv")[0] == ours
    assert not [price for price in table.of("ionq_aria_25") if price.name.startswith("IBM")]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: hyb.prices().named("IBM flexi"), UnknownNameError, "Did you mean 'IBM flex'"),
        (lambda: hyb.prices("nowhere.json"), ConfigError, "Cannot read prices"),
        (
            lambda: hyb.workload([bell()], "fake_torino", price="Braket IonQ Aria"),
            ConfigError,
            "no price of fake_torino",
        ),
        (
            lambda: hyb.workload([bell()], backend("ionq_aria_25"), price="IBM flex"),
            ConfigError,
            "no price of ionq_aria_25",
        ),
    ],
)
def test_what_is_no_price_is_one_line(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "content",
    ["{", "[{}]", '[{"name": "x", "devices": "*", "date": "2026-01-01", "source": "", "per_second": -1}]', "3"],
)
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="holds no prices"):
        hyb.prices(path)
