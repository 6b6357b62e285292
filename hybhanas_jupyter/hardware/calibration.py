"""Calibration: a frozen snapshot of what a device's gates take and how often they fail, its averages and its gaps."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from itertools import permutations
from math import inf, isfinite, nan
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hybhanas_jupyter.errors import DeviceError, check_name, shown
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.hardware import braket, vendors

if TYPE_CHECKING:
    from qiskit.transpiler import Target

Qubits = tuple[int, ...]
Seconds = Annotated[float, Field(ge=0, le=1e6)]  # a wrong unit is refused, not multiplied
Probability = Annotated[float, Field(ge=0, le=1)]
DEFAULT_REP_DELAY = 250e-6  # seconds; the default of every current IBM device
_SANE_DT = (1e-12, 1e-6)  # fake_poughkeepsie reports 3.6e-18 s, 9 orders of magnitude off
_SKIPPED = {"delay", "reset", "barrier"}  # never costed: a delay carries its own duration, a reset is refused


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class QubitCalibration(_Frozen):
    """Relaxation (`t1`) and dephasing (`t2`) time of a qubit in seconds; None where the snapshot has none.

    `flips`: the probabilities that 1 is read where the qubit is in |0>, and 0 where it is in |1>.
    """

    t1: Annotated[float, Field(gt=0)] | None
    t2: Annotated[float, Field(gt=0)] | None
    flips: tuple[Probability, Probability] | None = None


class GateCalibration(_Frozen):
    """Duration in seconds and error of one native gate on its qubits; None where the snapshot has none.

    The error is the average gate infidelity; 1 marks a faulty gate. "measure" is a gate here, its error the readout's.
    """

    name: str
    qubits: Qubits
    duration: Seconds | None
    error: Probability | None


@dataclass(frozen=True)
class GateData:
    """What costing needs of one gate: seconds and error, gaps filled."""

    duration: float
    error: float


@dataclass(frozen=True)
class Averages:
    """Mean seconds per gate name, mean seconds and errors per number of qubits; faulty and virtual gates left out."""

    duration_of: Mapping[str, float]
    duration: Mapping[int, float]
    error: Mapping[int, float]
    readout_error: float

    @classmethod
    def of(cls, gates: Iterable[GateCalibration]) -> "Averages":
        """Average over the working gates; "measure" counts for the readout only."""
        working = [gate for gate in gates if gate.error != 1 or gate.name == "measure"]
        timed = [gate for gate in working if gate.duration and gate.name != "measure"]
        readout = [gate.error for gate in working if gate.name == "measure" and gate.error is not None]
        sizes = {len(gate.qubits) for gate in timed}
        return cls(
            duration_of={
                name: fmean(g.duration or 0 for g in timed if g.name == name) for name in {g.name for g in timed}
            },
            duration={size: fmean(g.duration or 0 for g in timed if len(g.qubits) == size) for size in sizes},
            error={size: fmean(g.error or 0 for g in timed if len(g.qubits) == size) for size in sizes},
            readout_error=fmean(readout) if readout else float("nan"),
        )


class Calibration(_Frozen):
    """A device's calibration as its provider reported it. Source: paper section 3.1.3, docs/cost_model.md, section 1.

    Beside qubits and gates: `rep_delay` between shots, the range that it may be set to and the `reset` at the start of
    a shot, in seconds; `max_circuits` of a job, and `clops`, layers per second of whole jobs (IBM's clops_h). `serial`
    devices run one gate after the other. `assumed` has a line for every value that its provider did not report.
    """

    schema_version: Literal[1] = 1
    name: str
    processor: str = ""
    date: datetime | None = None
    n_qubits: Annotated[int, Field(ge=1, validation_alias=AliasChoices("n_qubits", "num_qubits"))]
    dt: Annotated[float, Field(gt=0)] | None = None
    rep_delay: Seconds | None = None
    rep_delay_range: tuple[Seconds, Seconds] | None = None
    reset: Seconds | None = None
    max_circuits: Annotated[int, Field(ge=1)] | None = None
    clops: Annotated[float, Field(gt=0)] | None = None
    serial: bool = False
    assumed: tuple[str, ...] = ()
    qubits: tuple[QubitCalibration, ...]
    gates: tuple[GateCalibration, ...]

    @model_validator(mode="after")
    def _check_qubits(self) -> "Calibration":
        if len(self.qubits) != self.n_qubits:
            raise ValueError(f"qubits has {len(self.qubits)} entries, n_qubits is {self.n_qubits}")
        sizes = _gate_sizes()
        for gate in self.gates:
            if len(gate.qubits) != sizes.get(gate.name) or len(set(gate.qubits)) != len(gate.qubits):
                raise ValueError(f"gates: {gate.name}{gate.qubits} is no gate that Qiskit knows on so many qubits")
            if not all(0 <= qubit < self.n_qubits for qubit in gate.qubits):
                raise ValueError(f"gates: {gate.name}{gate.qubits} names a qubit beyond n_qubits = {self.n_qubits}")
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Calibration":
        """A copy with other values, and without what was derived from the old ones."""
        copy = super().model_copy(update=update, deep=deep)
        for name in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[name]
        return copy

    @classmethod
    def from_target(cls, target: "Target", name: str, **facts: Any) -> "Calibration":
        """Read a Qiskit `Target`; `facts` are what a target does not hold: processor, date, dt, rep_delay (s), ...

        What a target of another maker than IBM leaves out is typical of that maker, see `vendors`. Raises `DeviceError`
        for targets without gate durations and errors, such as ideal simulators.
        """
        properties = target.qubit_properties or [None] * (target.num_qubits or 0)
        # A T1 of 0 stands for an unknown one.
        qubits = [(_known(p, "t1") or None, _known(p, "t2") or None) for p in properties]
        return cls.of_entries(_entries(target, vendors.vendor_of(name)), qubits, name, **facts)

    @classmethod
    def of_entries(
        cls,
        entries: Iterable[vendors.Entry],
        qubits: Iterable[tuple[float | None, float | None]],
        name: str,
        **facts: Any,
    ) -> "Calibration":
        """Gates as (name, qubits, seconds, error) and (T1, T2) of every qubit; gaps are filled as in `from_target`."""
        vendor = vendors.vendor_of(name)
        filled, typical = vendors.completed(entries, vendor)
        if not any(seconds or error for _, _, seconds, error in filled):
            raise DeviceError(
                f"Device {name!r} has no gate durations. Use a device with a calibration: see hyb.devices()."
            )
        listed, stand_ins = vendors.with_stand_ins(filled)
        gates = [GateCalibration(name=g, qubits=on, duration=s, error=e) for g, on, s, e in sorted(listed, key=_order)]
        relaxation = list(qubits)
        if vendor is not None and vendor.t1 and all(pair == (None, None) for pair in relaxation):
            relaxation = [(vendor.t1, vendor.t2)] * len(relaxation)
            typical = (f"T1 {vendor.t1:g} s, T2 {vendor.t2:g} s, typical of {vendor.name}", *typical)
        if vendor is not None:
            known = {fact: value for fact, value in facts.items() if value is not None}
            facts = {"reset": vendor.durations.get("reset"), "rep_delay": 0.0, **known}
        return cls(
            name=name,
            n_qubits=len(relaxation),
            qubits=tuple(QubitCalibration(t1=t1, t2=t2) for t1, t2 in relaxation),
            gates=tuple(gates),
            serial=vendor is not None and vendor.serial,
            assumed=(*typical, *stand_ins),
            **facts,
        )

    @classmethod
    def from_backend(cls, backend: Any) -> "Calibration":
        """Read a Qiskit `BackendV2`. Raises `DeviceError` if it has no calibration."""
        if hasattr(backend, "error_profile"):
            entries, times = vendors.read_error_profile(backend), vendors.relaxation_of(backend)
            return cls.of_entries(entries, times, backend.name, dt=backend.target.dt)._with_flips(
                vendors.flips_of(backend)
            )
        properties = backend.properties() if hasattr(backend, "properties") else None
        facts = getattr(backend, "processor_type", None) or {}
        calibration = cls.from_target(
            backend.target,
            backend.name or type(backend).__name__,
            processor=" ".join(str(facts[key]) for key in ("family", "revision") if facts.get(key)),
            date=properties.last_update_date if properties else None,
            dt=backend.target.dt,
            rep_delay=getattr(backend, "default_rep_delay", None),
            rep_delay_range=_fact(backend, "rep_delay_range", list),
            **_reset_of(backend.target),
            max_circuits=_fact(backend, "max_experiments", int),
            clops=_fact(backend, "clops_h", (int, float)),
        )
        return calibration._with_flips([_flips(properties, qubit) for qubit in range(calibration.n_qubits)])

    def _with_flips(self, flips: Iterable[tuple[float, float] | None]) -> "Calibration":
        qubits = [q.model_copy(update={"flips": f}) for q, f in zip(self.qubits, flips, strict=True)]
        return self.model_copy(update={"qubits": tuple(qubits)})

    def with_(
        self,
        durations: Mapping[str, float],
        errors: Mapping[str, float],
        *,
        rep_delay: float | None = None,
        **times: float,
    ) -> "Calibration":
        """Other durations and errors by gate name, T1 and T2 of all qubits, repetition delay: see `Device.with_`."""
        for name in (*durations, *errors):
            check_name(f"gate of {self.name}", name, self.names)
        given = (("duration", durations), ("error", errors))
        gates = [
            gate.model_dump() | {field: own[gate.name] for field, own in given if gate.name in own}
            for gate in self.gates
        ]
        listed = {f"{field} of {name}": value for field, own in given for name, value in own.items()} | times
        listed |= {} if rep_delay is None else {"rep_delay": rep_delay}
        changed = {
            "gates": gates,
            "qubits": [qubit.model_dump() | times for qubit in self.qubits],
            "rep_delay": self.rep_delay if rep_delay is None else rep_delay,
            "assumed": (*self.assumed, *(f"{what} given: {value:g}" for what, value in listed.items())),
        }
        try:
            return Calibration.model_validate(self.model_dump() | changed)
        except ValidationError as error:
            first = error.errors()[0]
            raise DeviceError(f"{self.name}: {first['loc'][-1]} is {shown(first['input'])}: {first['msg']}.") from None

    @classmethod
    def load(cls, path: str | Path) -> "Calibration":
        """Read a calibration saved by `save`, or a device document of Amazon Braket, named by its file.

        Raises `DeviceError` that names the damaged field.
        """
        try:
            content = Path(path).read_bytes()
            if b'"braketSchemaHeader"' in content:
                return cls._of_braket(content, Path(path))
            return cls.model_validate_json(content)
        except OSError as error:
            raise DeviceError(f"Cannot read calibration {str(path)!r}: {error.strerror}.") from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "file"
            raise DeviceError(f"{str(path)!r} is not a calibration: {field}: {first['msg']}.") from None

    @classmethod
    def _of_braket(cls, content: bytes, path: Path) -> "Calibration":
        try:
            entries, times, name, date = braket.read_document(json.loads(content), path.stem)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            reason = f"{type(error).__name__} {error}"
            raise DeviceError(f"{str(path)!r} is no device document of Braket: {reason}.") from None
        return cls.of_entries(entries, times, name, date=date)

    def save(self, path: str | Path) -> None:
        """Write the calibration as JSON, whole or not at all."""
        write_text(path, self.model_dump_json(indent=1))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content: equal calibrations have equal fingerprints."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def __repr__(self) -> str:
        size = f"{self.n_qubits} qubits, {len(self.gates)} gates"
        return f"Calibration({self.name!r}, {size}, calibrated {day_text(self.date)})"

    __str__ = __repr__

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @cached_property
    def faulty_qubits(self) -> tuple[int, ...]:
        """Qubits with a one-qubit gate whose error is 1."""
        return tuple(sorted({gate.qubits[0] for gate in self.gates if len(gate.qubits) == 1 and _is_faulty(gate)}))

    @cached_property
    def faulty_couplers(self) -> tuple[Qubits, ...]:
        """Directed pairs with a two-qubit gate whose error is 1."""
        return tuple(sorted({gate.qubits for gate in self.gates if len(gate.qubits) > 1 and _is_faulty(gate)}))

    @cached_property
    def usual_durations(self) -> dict[str, float]:
        """Median seconds of every gate; NaN where none is known."""
        return {name: _median(g.duration for g in self.gates if g.name == name) for name in self.names}

    @cached_property
    def gate_data(self) -> dict[tuple[str, Qubits], GateData]:
        """(gate, qubits) -> duration and error, gaps filled with the gate's median.

        Without any value to go by, a duration is NaN and an error 0; `warnings` says so.
        """
        durations = self.usual_durations
        errors = {name: _or(0.0, _median(g.error for g in self.gates if g.name == name)) for name in self.names}
        return {
            (g.name, g.qubits): GateData(
                duration=durations[g.name] if g.duration is None else g.duration,
                error=errors[g.name] if g.error is None else g.error,
            )
            for g in self.gates
        }

    @cached_property
    def relaxation(self) -> tuple[tuple[float, float], ...]:
        """(T1, T2) per qubit in seconds, gaps filled with the median (inf if none at all), T2 capped at 2 T1."""
        t1 = _median(q.t1 for q in self.qubits)
        t2 = _median(q.t2 for q in self.qubits)
        filled = [(q.t1 or _or(inf, t1), q.t2 or _or(inf, t2)) for q in self.qubits]
        return tuple((a, min(b, 2 * a)) for a, b in filled)

    @cached_property
    def averages(self) -> Averages:
        """Device-wide average durations and errors."""
        return Averages.of(self.gates)

    def readout(self, qubit: int) -> GateData:
        """Duration and error of measuring `qubit`; NaN where the snapshot has none."""
        return self.gate_data.get(("measure", (qubit,)), GateData(duration=nan, error=nan))

    def readout_flips(self, qubit: int) -> tuple[float, float]:
        """Probabilities to read 1 for |0>, and 0 for |1>: the readout error both where the snapshot has but that."""
        error = self.readout(qubit).error
        return self.qubits[qubit].flips or (error, error)

    @property
    def seconds_per_dt(self) -> float | None:
        """`dt` in seconds, None where it is missing or impossible."""
        return self.dt if self.dt is not None and _SANE_DT[0] <= self.dt <= _SANE_DT[1] else None

    @cached_property
    def usual_readout(self) -> float:
        """Median seconds of a measurement; 0 where none is known."""
        return _or(0.0, self.usual_durations.get("measure", nan))

    @property
    def repetition_delay(self) -> float:
        """Seconds between two shots: the device's default, else IBM's common default of 250 us."""
        return DEFAULT_REP_DELAY if self.rep_delay is None else self.rep_delay

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is missing, impossible or faulty in this snapshot and how costing deals with it, one line each."""
        return tuple(_warnings(self))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the native gates, "measure" included, sorted."""
        return tuple(dict.fromkeys(gate.name for gate in self.gates))


def _fact(backend: Any, name: str, kind: Any) -> Any:
    """What an IBM backend's configuration says of jobs; None for other backends, and where it does not say.

    Some say "None".
    """
    configuration = getattr(backend, "configuration", None)
    fact = getattr(configuration(), name, None) if callable(configuration) else None
    return fact if isinstance(fact, kind) else None


def _reset_of(target: "Target") -> dict[str, float]:
    """Median seconds of a reset, where they are known."""
    entries = target["reset"].values() if "reset" in target.operation_names else ()
    known = [entry.duration for entry in entries if entry is not None and entry.duration is not None]
    return {"reset": median(known)} if known else {}


def _order(entry: vendors.Entry) -> tuple[str, Qubits]:
    """By name and qubits, as Qiskit lists a fake backend's gates in another order in every process."""
    return entry[0], entry[1]


def _entries(target: "Target", vendor: vendors.Vendor | None) -> list[vendors.Entry]:
    """Gates per qubit or pair; global ones are of all qubits and pairs on devices of other makers, else ideal."""
    sizes = _gate_sizes()
    listed = [name for name in target.operation_names if name in sizes and target[name]]
    own = [name for name in listed if None not in target[name]]
    entries = [
        (name, tuple(on), _known(data, "duration"), _known(data, "error"))
        for name in own
        for on, data in target[name].items()
    ]
    if vendor is None or any(len(on) > 1 for _, on, *_ in entries):
        return entries
    native = listed if vendors.NATIVE.keys() & listed or not vendor.native else vendor.native
    return entries + [
        (name, on, None, None)
        for name in dict.fromkeys([*native, "measure"])
        if name not in own
        for on in permutations(range(target.num_qubits or 0), sizes[name])
    ]


def _gate_sizes() -> dict[str, int]:
    """Number of qubits of every gate that can be read: Qiskit's own and the native ones of other makers."""
    return {**{name: size for name, (size, _) in vendors.NATIVE.items()}, **_standard_sizes()}


@cache
def _standard_sizes() -> dict[str, int]:
    """Number of qubits of Qiskit's own one- and two-qubit gates; "measure" counts as one."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    gates = get_standard_gate_name_mapping().items()
    return {name: gate.num_qubits for name, gate in gates if gate.num_qubits <= 2 and name not in _SKIPPED}


def _flips(properties: Any, qubit: int) -> tuple[float, float] | None:
    """From IBM's properties of a backend; None where they hold none."""
    from qiskit.exceptions import QiskitError

    try:
        found = properties.qubit_property(qubit)
        return float(found["prob_meas1_prep0"][0]), float(found["prob_meas0_prep1"][0])
    except (AttributeError, KeyError, QiskitError):
        return None


def _known(record: Any, field: str) -> float | None:
    value = getattr(record, field, None)
    return value if value is not None and isfinite(value) else None


def _is_faulty(gate: GateCalibration) -> bool:
    return gate.name != "measure" and gate.error == 1


def _median(values: Any) -> float:
    known = [value for value in values if value is not None]
    return median(known) if known else nan


def _or(default: float, value: float) -> float:
    return value if isfinite(value) else default


def _warnings(calibration: Calibration) -> list[str]:
    """One line for everything that is missing, impossible or faulty, and what is done about it."""
    found = list(calibration.assumed)
    no_relaxation = [i for i, q in enumerate(calibration.qubits) if q.t1 is None or q.t2 is None]
    if no_relaxation:
        found.append(f"no T1 or T2 for qubits {_listed(no_relaxation)}: the device's median is used")
    capped = [i for i, q in enumerate(calibration.qubits) if q.t1 and q.t2 and q.t2 > 2 * q.t1]
    if capped:
        found.append(f"T2 > 2 T1 on qubits {_listed(capped)}: T2 is taken as 2 T1")
    for name in calibration.names:
        gates = [gate for gate in calibration.gates if gate.name == name]
        for field, without in (("duration", "it cannot be timed"), ("error", "it counts as free of errors")):
            gaps = [gate for gate in gates if getattr(gate, field) is None]
            if len(gaps) == len(gates):
                found.append(f"no {field} for any {name}: {without}")
            elif gaps:
                found.append(
                    f"no {field} for {name} on {_listed(g.qubits for g in gaps)}: the median of {name} is used"
                )
    if calibration.rep_delay is None:
        found.append(f"no repetition delay: IBM's usual {1e6 * DEFAULT_REP_DELAY:.0f} us is assumed")
    if "measure" not in calibration.names:
        found.append("no measurements: readout and usage are not known")
    if calibration.faulty_couplers:
        found.append(f"faulty couplers, routed around: {_listed(calibration.faulty_couplers)}")
    if calibration.faulty_qubits:
        found.append(f"faulty qubits, routed around: {_listed(calibration.faulty_qubits)}")
    return found


def _listed(items: Iterable[object]) -> str:
    listed = [str(item) for item in items]
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")


def day_text(date: datetime | None) -> str:
    """The day of a calibration, as ISO 8601."""
    return f"{date:%Y-%m-%d}" if date else "unknown"
