"""Budgets: what runs within them is counted once, what exceeds them never runs, and nothing stays wrapped."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from types import SimpleNamespace

import pennylane as qml
import pytest
from IPython.core.interactiveshell import InteractiveShell
from qiskit import QuantumCircuit
from qiskit.circuit.library import CXGate, HGate, Measure
from qiskit.primitives import BackendSamplerV2, BaseEstimatorV2, BaseSamplerV2, StatevectorEstimator, StatevectorSampler
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import executor_estimator, executor_sampler
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

import hybhanas_jupyter as hyb
from hybhanas_jupyter.costs.spending import _family
from hybhanas_jupyter.errors import BudgetError

FAKE = FakeManilaV2()


def bell(measured=True):
    circuit = QuantumCircuit(5, name="bell")
    circuit.rz(0.1, 0)
    circuit.sx(0)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


class Machine(BackendV2):
    """A real device as far as a budget sees: jobs that report their usage later."""

    def __init__(self):
        super().__init__(name="machine")
        self.submitted = []
        self._target = Target(num_qubits=2)
        self._target.add_instruction(HGate(), {(q,): InstructionProperties(30e-9, 1e-3) for q in (0, 1)})
        self._target.add_instruction(CXGate(), {(0, 1): InstructionProperties(90e-9, 1e-2)})
        self._target.add_instruction(Measure(), {(q,): InstructionProperties(1e-6, 1e-2) for q in (0, 1)})

    target = property(lambda self: self._target)
    max_circuits = None

    @classmethod
    def _default_options(cls):
        return Options(shots=1024)

    def run(self, run_input, **options):
        if options.get("shots") == 13:
            raise RuntimeError("the line is down")
        job = SimpleNamespace(usage=None)
        job.metrics = lambda: {"usage": {"quantum_seconds": job.usage}} if job.usage is not None else {}
        self.submitted.append(job)
        return job


def pair():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def wrapped():
    """Every method that a budget wraps, as it is now."""
    bases = ((BaseSamplerV2, "run"), (BaseEstimatorV2, "run"), (BackendV2, "run"), (qml.devices.Device, "execute"))
    return {(owner, name): vars(owner)[name] for base, name in bases for owner in _family(base) if name in vars(owner)}


def runs():
    """Name -> (what runs it, the workload that it is)."""
    measured, state, options = bell(), bell(measured=False), {"resilience_level": 0}
    return {
        "IBM's sampler": (
            lambda: executor_sampler.Sampler(FAKE).run([measured]).result(),
            hyb.workload([measured], "fake_kyiv"),
        ),
        "IBM's estimator": (
            lambda: executor_estimator.Estimator(FAKE).run([(state, "IIIZZ")], precision=0.1).result(),
            hyb.workload([(state, "IIIZZ")], "fake_kyiv", precision=0.1),
        ),
        "a fake backend": (
            lambda: FAKE.run(measured, shots=200).result(),
            hyb.workload([measured], "fake_kyiv", shots=200),
        ),
        "Aer": (
            lambda: AerSimulator().run([measured, measured], shots=300).result(),
            hyb.workload([measured, measured], "fake_kyiv", shots=300),
        ),
        "a statevector sampler": (
            lambda: StatevectorSampler().run([measured], shots=50).result(),
            hyb.workload([measured], "fake_kyiv", shots=50),
        ),
        "a statevector estimator": (
            lambda: StatevectorEstimator().run([(state, "IIIZZ")], precision=0.05).result(),
            hyb.workload([(state, "IIIZZ")], "fake_kyiv", options, precision=0.05),
        ),
        "a sampler of a backend": (
            lambda: BackendSamplerV2(backend=FAKE).run([measured]).result(),
            hyb.workload([measured], "fake_kyiv", shots=1024),
        ),
    }


@pytest.mark.parametrize("name", runs())
def test_a_run_is_counted_once_and_as_its_workload(name):
    run, load = runs()[name]
    with hyb.budget(seconds=60, backend="fake_kyiv") as spent:
        run()
    (only,) = spent.runs
    assert only.executions == load.executions
    assert only.seconds == pytest.approx(load.usage_time)
    assert only.place.startswith("test_spending.py:")
    assert spent.left == pytest.approx(60 - load.usage_time)


def test_a_pennylane_loop_is_counted_with_its_gradients():
    device = qml.device("default.qubit", wires=2)

    @qml.set_shots(100)
    @qml.qnode(device, diff_method="parameter-shift")
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1))

    with hyb.budget(seconds=60, backend="fake_kyiv") as spent:
        qml.grad(circuit)(qml.numpy.array(0.3, requires_grad=True))
    assert sum(run.executions for run in spent.runs) == 3 * 100  # forward, and two shifts
    with hyb.budget(seconds=60, backend="fake_kyiv", shots=70) as analytic:
        qml.qnode(device)(lambda: (qml.H(0), qml.expval(qml.Z(0)))[1])()
    assert sum(run.executions for run in analytic.runs) == 70


def test_what_would_exceed_the_budget_is_never_submitted():
    machine, seconds = Machine(), hyb.workload([pair()], Machine(), shots=1000).usage_time
    small = hyb.workload([pair()], machine, shots=1).usage_time
    with hyb.budget(seconds=2 * seconds + small + 1e-3) as spent:
        machine.run(pair(), shots=1000)
        machine.run([pair()], shots=1000)
        with pytest.raises(BudgetError, match=r"Sampler on machine would take .* are left"):
            machine.run(pair(), shots=1000)
        machine.run(pair(), shots=1)  # what still fits does run
    assert len(machine.submitted) == len(spent.runs) == 3
    machine.run(pair(), shots=10**9)
    assert len(machine.submitted) == 4


def test_money_is_limited_too():
    price = hyb.prices().named("IBM pay-as-you-go")
    machine = Machine()
    one = hyb.workload([pair()], machine, shots=1000, price=price).money.amount
    with hyb.budget(money=1.5 * one, price=price) as spent:
        machine.run(pair(), shots=1000)
        with pytest.raises(BudgetError, match="would cost"):
            machine.run(pair(), shots=1000)
    assert spent.money == pytest.approx(one)
    with pytest.raises(BudgetError, match="needs a price"), hyb.budget(money=3):
        pass


def test_everything_is_as_before_whatever_happens():
    before = wrapped()
    assert len(before) > 10
    with suppress(ZeroDivisionError), hyb.budget(seconds=1, backend="fake_kyiv"):
        assert wrapped() != before
        raise ZeroDivisionError
    assert wrapped() == before
    with hyb.budget(seconds=9), hyb.budget(seconds=9):
        pass
    assert wrapped() == before


def test_classes_made_while_a_budget_is_open_are_counted_and_then_free():
    hooks = [vars(base).get("__init_subclass__") for base in (BackendV2, BaseSamplerV2, qml.devices.Device)]
    with hyb.budget(seconds=60) as spent:

        class Later(Machine):
            def run(self, run_input, **options):
                return super().run(run_input, **options)

        own = Later()
        own.run(pair(), shots=1000)
    assert len(spent.runs) == len(own.submitted) == 1
    own.run(pair(), shots=1000)
    assert len(spent.runs) == 1
    assert not hasattr(Later.run, "__wrapped__")
    assert hooks == [vars(base).get("__init_subclass__") for base in (BackendV2, BaseSamplerV2, qml.devices.Device)]


def test_nested_budgets_all_count_and_all_refuse():
    machine = Machine()
    one = hyb.workload([pair()], machine, shots=1000).usage_time
    with hyb.budget(seconds=10 * one) as outer:
        machine.run(pair(), shots=1000)
        with hyb.budget(seconds=1.5 * one) as inner:
            machine.run(pair(), shots=1000)
            with pytest.raises(BudgetError):
                machine.run(pair(), shots=1000)
        machine.run(pair(), shots=1000)
    assert len(inner.runs) == 1
    assert len(outer.runs) == 3


def test_threads_share_a_budget_to_the_last_run():
    machine, ready = Machine(), Barrier(8)
    one = hyb.workload([pair()], machine, shots=1000).usage_time

    def loop(_):
        ready.wait()
        refused = 0
        for _ in range(5):
            try:
                machine.run(pair(), shots=1000)
            except BudgetError:
                refused += 1
        return refused

    with hyb.budget(seconds=10.5 * one) as spent, ThreadPoolExecutor(8) as pool:
        refused = sum(pool.map(loop, range(8)))
    assert len(machine.submitted) == len(spent.runs) == 10
    assert refused == 30
    assert spent.seconds <= 10.5 * one


def test_measured_seconds_replace_estimates():
    machine = Machine()
    with hyb.budget(seconds=60) as spent:
        machine.run(pair(), shots=1000)
        machine.run(pair(), shots=1000)
        estimated = spent.seconds
        machine.submitted[0].usage = 7.0
        spent.settle()
        assert spent.seconds == pytest.approx(estimated / 2 + 7)
        assert [run.measured for run in spent.runs] == [True, False]
        machine.submitted[1].usage = 3.0
    assert spent.seconds == 10
    assert "measured" in repr(spent)


def test_a_run_that_fails_to_start_costs_nothing():
    machine = Machine()
    with hyb.budget(seconds=60) as spent:
        with pytest.raises(RuntimeError, match="line is down"):
            machine.run(pair(), shots=13)
        assert spent.seconds == 0
    assert spent.to_dict()["left"] == 60


def test_what_takes_an_unknown_time_is_refused_where_there_is_a_limit():
    wide = QuantumCircuit(28)
    wide.h(0)
    wide.measure_all()
    with hyb.budget(seconds=60, backend="fake_manila"), pytest.raises(BudgetError, match="not known"):
        AerSimulator().run(wide)
    with hyb.budget(backend="fake_manila") as spent:
        AerSimulator().run(wide, shots=1).result()
        FAKE.run(bell(), shots=100).result()
    assert [run.executions for run in spent.runs] == [1, 100]
    assert spent.seconds > 0


def test_a_simulator_needs_a_device():
    with hyb.budget(seconds=60), pytest.raises(BudgetError, match="name one"):
        AerSimulator().run(bell())


@pytest.mark.parametrize("seconds", [0, -3.0])
def test_a_budget_is_above_zero(seconds):
    with pytest.raises(BudgetError, match="above 0"), hyb.budget(seconds=seconds):
        pass


def test_the_magic_counts_by_cell(capsys):
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "hybhanas_jupyter")
    before = wrapped()
    try:
        shell.run_cell("%qbudget 10min -b fake_kyiv", store_history=True)
        shell.user_ns.update(fake=FAKE, circuit=bell())
        shell.run_cell("job = fake.run(circuit, shots=100)", store_history=True)
        shell.run_cell("job = fake.run(circuit, shots=100); job = fake.run(circuit, shots=100)", store_history=True)
        spent = shell.run_line_magic("qbudget", "")
        assert spent.limit == 600
        assert len({run.place for run in spent.runs}) == 2
        assert "10.0 min" in repr(spent)
        assert spent._repr_html_().count("<tr>") == 3
        ended = shell.run_line_magic("qbudget", "off")
        assert len(ended.runs) == 3
        assert wrapped() == before
        for wrong in ("ten minutes", "10 parsec", "10min -b"):
            shell.run_cell(f"%qbudget {wrong}")
            printed = capsys.readouterr()
            assert "is no budget" in printed.out + printed.err
        shell.run_cell("%qbudget 1h")
        assert wrapped() != before
    finally:
        shell.run_line_magic("unload_ext", "hybhanas_jupyter")
        InteractiveShell.clear_instance()
    assert wrapped() == before
