"""A budget of QPU seconds: what would exceed it is refused before it is submitted, simulators are counted too.

While a budget is open, `run` of Qiskit's samplers, estimators and backends and `execute` of PennyLane's devices are
wrapped; when the last one ends, everything is as it was. A module of its own: it loads Qiskit and PennyLane.
"""

import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from math import inf, isfinite, isnan
from pathlib import Path
from threading import RLock
from types import FrameType
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.readers import to_circuit
from hybhanas_jupyter.costs.options import check_whole
from hybhanas_jupyter.costs.prices import Price, price_of
from hybhanas_jupyter.costs.workload import Workload, workload
from hybhanas_jupyter.errors import BudgetError, HybHanasError, shown
from hybhanas_jupyter.formatting import Report, Reported, seconds
from hybhanas_jupyter.hardware.devices import Device, device

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Backend

_LOCK = RLock()
_OPEN: "list[Budget]" = []
_PATCHED: list[tuple[type, str, Any]] = []
_INSIDE: ContextVar[bool] = ContextVar("inside a counted run", default=False)


@dataclass(frozen=True)
class Run:
    """One run that was let through: where it was called, what it ran as, executions and seconds of the QPU.

    `measured`: whether the seconds are the provider's, not an estimate.
    """

    place: str
    kind: str
    device: str
    executions: int
    seconds: float
    money: float = 0.0
    measured: bool = False


class Budget(Reported):
    """An open budget and what was spent of it; it prints as a table by cell.

    Every run of the process counts while it is open, whichever thread it is on, and for every budget that is open.
    """

    def __init__(
        self, limit: float, money: float, price: Price | str | None, backend: "Backend | None", shots: int
    ) -> None:
        self.limit, self.money_limit, self.shots = limit, money, shots
        self._price = price
        self._device = None if backend is None else device(backend)
        self._runs: list[Run] = []
        self._jobs: dict[int, Any] = {}

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs that were let through, in their order."""
        with _LOCK:
            return tuple(self._runs)

    @property
    def seconds(self) -> float:
        """Seconds of the QPU spent so far."""
        return sum(run.seconds for run in self.runs)

    @property
    def money(self) -> float:
        """What they cost by the price, 0 without one."""
        return sum(run.money for run in self.runs)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.limit - self.seconds

    def settle(self) -> None:
        """Replace estimates by what real jobs report of themselves, where they have: `job.metrics()`."""
        with _LOCK:
            waiting = list(self._jobs.items())
        for place, job in waiting:
            used = _measured(job)
            if used is not None:
                with _LOCK:
                    old = self._runs[place]
                    rate = old.money / old.seconds if old.seconds else 0.0
                    self._runs[place] = replace(old, seconds=used, money=rate * used, measured=True)
                    self._jobs.pop(place, None)

    def device_for(self, own: Any) -> Device:
        """The budget's device, or else that of the backend itself. Raises `BudgetError` for a simulator without one."""
        if self._device is not None:
            return self._device
        try:
            return device(own)
        except HybHanasError:
            raise BudgetError(
                "A run on a simulator is counted as if on a device: name one, hyb.budget(..., backend='fake_kyiv')."
            ) from None

    def check(self, run: Run) -> None:
        """Raise `BudgetError` if `run` would exceed what is left."""
        if isnan(run.seconds) and (isfinite(self.limit) or isfinite(self.money_limit)):
            raise BudgetError(
                f"{run.kind} on {run.device} would take a time that is not known: see hyb.workload(...).notes."
            )
        if self.seconds + run.seconds > self.limit:
            text = f"{run.kind} on {run.device} would take {seconds(run.seconds)} of the QPU"
            raise BudgetError(f"{text}: {seconds(max(0.0, self.left))} of {seconds(self.limit)} are left.")
        if self.money + run.money > self.money_limit:
            raise BudgetError(
                f"{run.kind} on {run.device} would cost {run.money:,.2f}: "
                f"{self.money_limit - self.money:,.2f} of {self.money_limit:,.2f} are left."
            )

    def book(self, run: Run) -> int:
        """Note `run` as spent; returns its place."""
        self._runs.append(replace(run, seconds=0.0, money=0.0) if isnan(run.seconds) else run)
        return len(self._runs) - 1

    def give_back(self, place: int) -> None:
        """A run that was not submitted costs nothing."""
        self._runs[place] = replace(self._runs[place], executions=0, seconds=0.0, money=0.0)

    def await_metrics(self, place: int, job: Any) -> None:
        """Remember a job that may tell what it used."""
        if hasattr(job, "metrics"):
            self._jobs[place] = job

    def priced(self, load: Workload) -> float:
        """What a workload costs by the price of this budget."""
        return 0.0 if self._price is None else price_of(self._price, load.device).of(load.use).amount

    def to_dict(self) -> dict[str, Any]:
        """Limit, seconds spent and left, and the runs."""
        return {"limit": self.limit, "seconds": self.seconds, "left": self.left, "runs": self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [dict(vars(run)) for run in self.runs]

    def _report(self) -> Report:
        runs = [run for run in self.runs if run.seconds]
        places = dict.fromkeys((run.place, run.kind, run.device) for run in runs)
        rows: list[list[object]] = []
        for key in places:
            own = [run for run in runs if (run.place, run.kind, run.device) == key]
            source = "measured" if all(run.measured for run in own) else "estimated"
            spent = sum(run.seconds for run in own)
            rows.append([*key, len(own), f"{sum(run.executions for run in own):,}", seconds(spent), source])
        headers = ["cell", "run", "device", "times", "executions", "QPU", ""]
        left = f", {seconds(self.left)} of {seconds(self.limit)} left" if isfinite(self.limit) else ""
        price = f", {self.money:,.2f} by the price {self._price!r}" if isinstance(self._price, str) else ""
        return Report(f"Spent {seconds(self.seconds)} of the QPU{left}{price}", [(headers, rows)] if rows else [])


@contextmanager
def budget(
    seconds: float | None = None,
    *,
    money: float | None = None,
    price: Price | str | None = None,
    backend: "Backend | None" = None,
    shots: int = 1000,
) -> Iterator[Budget]:
    """Count every run within, and refuse before submission what would exceed `seconds` of the QPU or `money`.

    - runs: those of Qiskit's samplers and estimators, IBM's and others, `backend.run`, and PennyLane's devices
    - `price`: a `Price` or the name of one; `money` is a limit in its unit
    - `backend`: the device that all runs are counted for; without it each counts for its own, a simulator for none
    - `shots`: those of a run that has none, such as an analytic one

    `with hyb.budget(seconds=600) as spent: ...`; `spent` prints as a table by cell. Raises `BudgetError` at the run
    that is refused.
    """
    opened = open_budget(seconds, money=money, price=price, backend=backend, shots=shots)
    try:
        yield opened
    finally:
        close_budget(opened)


def open_budget(
    seconds: float | None = None,
    *,
    money: float | None = None,
    price: Price | str | None = None,
    backend: "Backend | None" = None,
    shots: int = 1000,
) -> Budget:
    """`budget` without a block: it ends by `close_budget`."""
    for name, limit in (("seconds", seconds), ("money", money)):
        if limit is not None and not limit > 0:
            raise BudgetError(f"{name} is {shown(limit)}: a budget must be above 0.")
    if money is not None and price is None:
        raise BudgetError("A limit in money needs a price=: see hyb.prices().")
    check_whole("shots", shots, 1)
    opened = Budget(inf if seconds is None else seconds, inf if money is None else money, price, backend, shots)
    with _LOCK:
        if not _OPEN:
            _patch()
        _OPEN.append(opened)
    return opened


def close_budget(opened: Budget) -> None:
    """End a budget; with the last one, everything runs as before. Twice is once."""
    with _LOCK:
        if opened in _OPEN:
            _OPEN.remove(opened)
            if not _OPEN:
                _restore()
    opened.settle()


def _patch() -> None:
    from pennylane.devices import Device as PennyLaneDevice
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2
    from qiskit.primitives.primitive_job import PrimitiveJob
    from qiskit.providers import BackendV2
    from qiskit_ibm_runtime import EstimatorV2, SamplerV2, executor_estimator, executor_sampler  # noqa: F401  classes

    for base, names, make in (
        (BaseSamplerV2, ("run",), _counted(_sampled)),
        (BaseEstimatorV2, ("run",), _counted(_estimated)),
        (BackendV2, ("run",), _counted(_run_on_backend)),
        (PennyLaneDevice, _PENNYLANE, _counted(_executed)),
        (PrimitiveJob, ("_submit",), _carried),
    ):
        for owner in _family(base):
            _wrap(owner, names, make)
        _watch(base, names, make)


def _wrap(owner: type, names: Iterable[str], make: Callable[[Any], Any]) -> None:
    for name in names:
        if name in vars(owner):
            _PATCHED.append((owner, name, vars(owner)[name]))
            setattr(owner, name, make(vars(owner)[name]))


def _watch(base: type, names: Iterable[str], make: Callable[[Any], Any]) -> None:
    """Wrap the classes too that are made while a budget is open, such as those of a provider imported later."""
    own = vars(base).get("__init_subclass__")

    def hook(cls: Any, **options: Any) -> None:
        if own is None:
            super(base, cls).__init_subclass__(**options)  # type: ignore[arg-type]  # `cls` derives from `base`
        else:
            own.__func__(cls, **options)
        with _LOCK:
            _wrap(cls, names, make)

    _PATCHED.append((base, "__init_subclass__", own))
    base.__init_subclass__ = classmethod(hook)  # type: ignore[assignment]


def _restore() -> None:
    while _PATCHED:
        owner, name, original = _PATCHED.pop()
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _family(base: type) -> list[type]:
    """A class and all that derive from it."""
    found: dict[type, None] = {base: None}
    waiting = [base]
    while waiting:
        below: list[type] = waiting.pop().__subclasses__()
        waiting += [one for one in below if one not in found]
        found.update(dict.fromkeys(below))
    return list(found)


_PACKAGE = str(Path(__file__).parents[1])
_PENNYLANE = (
    "execute",
    "execute_and_compute_derivatives",
    "execute_and_compute_jvp",
    "execute_and_compute_vjp",
    "compute_derivatives",
)
Loads = Callable[..., Iterable[tuple[Workload, int]]]  # budget, runner, what it was called with -> (workload, times)


def _counted(loads: Loads) -> Callable[[Any], Any]:
    """Wrap a method: its call is counted for all open budgets, but for those that it makes itself."""

    def wrap(original: Any) -> Any:
        @wraps(original)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            if _INSIDE.get() or not _OPEN:
                return original(self, *args, **kwargs)
            args = tuple([list(arg) if isinstance(arg, Iterator) else arg for arg in args])
            kwargs = {name: list(arg) if isinstance(arg, Iterator) else arg for name, arg in kwargs.items()}
            booked = _book(loads, self, args, kwargs)
            token = _INSIDE.set(True)
            try:
                job = original(self, *args, **kwargs)
            except BaseException:
                with _LOCK:
                    for opened, place in booked:
                        opened.give_back(place)
                raise
            finally:
                _INSIDE.reset(token)
            with _LOCK:
                for opened, place in booked:
                    opened.await_metrics(place, job)
            return job

        return run

    return wrap


def _book(loads: Loads, runner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Budget, int]]:
    """Check every open budget first, then book on all of them."""
    place = _place()
    token = _INSIDE.set(True)  # estimating may run nothing, and is not to be counted if it does
    try:
        with _LOCK:
            wanted = [(opened, _as_run(place, opened, loads(opened, runner, *args, **kwargs))) for opened in _OPEN]
            for opened, run in wanted:
                opened.check(run)
            return [(opened, opened.book(run)) for opened, run in wanted]
    finally:
        _INSIDE.reset(token)


def _as_run(place: str, opened: Budget, loads: Iterable[tuple[Workload, int]]) -> Run:
    listed = list(loads)
    return Run(
        place=place,
        kind=listed[0][0].primitive.capitalize(),
        device=listed[0][0].device,
        executions=sum(times * load.executions for load, times in listed),
        seconds=sum(times * load.usage_time for load, times in listed),
        money=sum(times * opened.priced(load) for load, times in listed),
    )


def _carried(original: Any) -> Any:
    """A primitive's job runs on a thread of its own: what it runs there is part of what was counted."""

    @wraps(original)
    def submit(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _INSIDE.get():
            self._function = _inside(self._function)
        return original(self, *args, **kwargs)

    return submit


def _inside(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        token = _INSIDE.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            _INSIDE.reset(token)

    return run


def _sampled(
    opened: Budget, sampler: Any, pubs: Iterable[Any], *, shots: int | None = None, **_: Any
) -> list[tuple[Workload, int]]:
    usual = {"default_shots": _default(sampler, "default_shots") or opened.shots}
    options = sampler.options if _is_ibms(sampler) else usual
    load = workload(pubs, opened.device_for(_backend_of(sampler)), options, primitive="sampler", shots=shots)
    return [(load, 1)]


def _estimated(
    opened: Budget, estimator: Any, pubs: Iterable[Any], *, precision: float | None = None, **_: Any
) -> list[tuple[Workload, int]]:
    usual = _default(estimator, "default_precision") or opened.shots**-0.5  # 0: exact, as a simulator can
    options = estimator.options if _is_ibms(estimator) else {"resilience_level": 0, "default_precision": usual}
    target = opened.device_for(_backend_of(estimator))
    return [(workload(pubs, target, options, primitive="estimator", precision=precision), 1)]


def _run_on_backend(
    opened: Budget, backend: Any, run_input: Any, *_: Any, shots: int | None = None, **__: Any
) -> list[tuple[Workload, int]]:
    circuits = list(run_input) if isinstance(run_input, (list, tuple)) else [run_input]
    usual = shots or getattr(getattr(backend, "options", None), "shots", None) or opened.shots
    target = opened.device_for(backend)
    return [(workload([(c, *_zeros(c)) for c in circuits], target, primitive="sampler", shots=int(usual)), 1)]


def _executed(opened: Budget, runner: Any, circuits: Any, *_: Any, **__: Any) -> list[tuple[Workload, int]]:
    """Tapes of PennyLane: equal structures are costed once."""
    tapes = list(circuits) if isinstance(circuits, (list, tuple)) else [circuits]
    target = opened.device_for(getattr(runner, "backend", None))
    kinds: dict[Any, list[Any]] = {}
    for tape in tapes:
        kinds.setdefault(_structure(tape), []).append(tape)
    loads = []
    for same in kinds.values():
        circuit = to_circuit(same[0])
        shots = same[0].shots.total_shots or opened.shots
        pub = (circuit, *_zeros(circuit))
        loads.append((workload([pub], target, primitive="sampler", shots=int(shots)), len(same)))
    return loads


def _structure(tape: Any) -> Any:
    return tuple((op.name, tuple(op.wires)) for op in tape.operations), len(tape.measurements), tape.shots.total_shots


def _zeros(circuit: Any) -> Sequence[Any]:
    return [[0.0] * circuit.num_parameters] if circuit.num_parameters else []


def _is_ibms(primitive: Any) -> bool:
    return type(primitive).__module__.startswith("qiskit_ibm_runtime")


def _default(primitive: Any, name: str) -> Any:
    return getattr(getattr(primitive, "options", None), name, None) or getattr(primitive, name, None)


def _backend_of(primitive: Any) -> Any:
    found = getattr(primitive, "backend", None) or getattr(primitive, "_backend", None)
    return found() if callable(found) else found


def _measured(job: Any) -> float | None:
    """Seconds that a job reports of itself; None where it does not yet, or not at all."""
    try:
        usage = job.metrics().get("usage", {})
    except Exception:
        return None
    used = usage.get("quantum_seconds", usage.get("seconds"))
    return float(used) if used is not None else None


def _place() -> str:
    """The cell that called, else the file and line."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    frames = tuple(_callers())
    if shell is not None and any(frame.f_globals is shell.user_ns for frame in frames):
        return f"[{shell.execution_count}]"
    user = next((frame for frame in frames if not _is_library(frame.f_code.co_filename)), None)
    return f"{Path(user.f_code.co_filename).name}:{user.f_lineno}" if user is not None else ""


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_library(file: str) -> bool:
    return file.startswith((_PACKAGE, sysconfig.get_path("stdlib"))) or "site-packages" in file or file.startswith("<")
