"""The user's own runs: what they say of a device's clock, kept beside the device profile and used from then on."""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from hybhanas_jupyter.costs.clocks import USUAL_CLOCK, Clock, Jobs, fit_clock, vendor_clock
from hybhanas_jupyter.costs.hardware_model import SuccessScale
from hybhanas_jupyter.errors import DataError, shown
from hybhanas_jupyter.files import cache_folder, write_text
from hybhanas_jupyter.hardware.calibration import Calibration
from hybhanas_jupyter.hardware.devices import device

if TYPE_CHECKING:
    from pandas import DataFrame

    from hybhanas_jupyter.hardware.devices import Backend

    Rows: TypeAlias = str | Path | DataFrame | Mapping[str, Any] | Iterable[Mapping[str, Any]]


class OwnRuns(BaseModel):
    """What own runs said of one device."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    clock: Clock | None = None
    success: SuccessScale | None = None


_COLUMNS = {  # what a job's figure may be called, IBM's metrics and common files included
    "seconds": ("seconds", "qpu_seconds", "quantum_seconds", "runtime_seconds"),
    "circuits": ("circuits", "num_circuits", "batches"),
    "shots": ("shots",),
    "executions": ("executions",),
    "shot_time": ("shot_time",),
    "n_qubits": ("n_qubits", "num_qubits"),
    "depth": ("depth", "circuit_depth"),
}


def calibrate_clock(jobs: "Rows", backend: "Backend | None" = None) -> Clock:
    """The usage clock of your own jobs, with its interval; from then on the clock of `backend`, if one is named.

    - `jobs`: dictionaries, a DataFrame, or the path of a CSV or JSON file, one entry a job. Needed of each: `seconds`
      on the QPU and `shots` of each circuit; optional: `circuits` (1), and either `shot_time` (seconds of one shot's
      circuit and readout) or `n_qubits` and `depth` of the logical circuits. `job.metrics()` of qiskit-ibm-runtime is
      such an entry once `shots` stand in it: `{**job.metrics(), "shots": 1000}`
    - `backend`: the device that they ran on. Its clock is kept beside the device profile, in the user's cache, and a
      fake backend shares that of its device; `forget_runs(backend)` takes it away

    A handful of jobs leave things open, such as what a circuit adds: these stay as on the device's usual clock, and
    the interval is wide. Raises `DataError` for jobs that cannot be read. Source: docs/cost_model.md, "Clocks".
    """
    rows = read_rows(jobs)
    if not rows:
        raise DataError("There are no jobs: give dictionaries with seconds, circuits and shots.")
    calibration = device(backend).calibration if backend is not None else None
    prior = vendor_clock(calibration) if calibration else USUAL_CLOCK
    name = f"{calibration.name} calibrated" if calibration else "calibrated"
    made = fit_clock(_jobs(rows), prior, name=name, source=f"fitted to {len(rows)} own jobs")
    if calibration:
        keep(calibration, clock=made)
    return made


def clock(backend: "Backend", form: str = "measured") -> Clock:
    """The usage clock of `backend`: fitted to your own jobs if `calibrate_clock` was, else to recorded ones.

    `form="published"` is IBM's own form. Raises `UnknownNameError` for another form.
    """
    calibration = device(backend).calibration
    return clock_of(calibration) if form == "measured" else vendor_clock(calibration, form)


def clock_of(calibration: Calibration) -> Clock:
    """The clock that costs on this device use."""
    return own_runs(calibration).clock or vendor_clock(calibration)


def forget_runs(backend: "Backend") -> bool:
    """Forget what own runs said of `backend`; whether there was anything."""
    path = _path(device(backend).calibration)
    found = path.exists()
    path.unlink(missing_ok=True)
    return found


def read_rows(source: "Rows") -> list[dict[str, Any]]:
    """The rows of a table: dictionaries, a DataFrame, or a CSV, JSON or JSON-lines file.

    Raises `DataError` for a file that cannot be read.
    """
    if isinstance(source, (str, Path)):
        return _file_rows(Path(source))
    if hasattr(source, "to_dict"):
        return source.to_dict("records")
    return [dict(row) for row in ([source] if isinstance(source, Mapping) else source)]


def _file_rows(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot read {str(path)!r}: {error.strerror}.") from None
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    try:
        found = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)
    except ValueError as error:
        raise DataError(f"{str(path)!r} is neither CSV nor JSON: {error}.") from None
    return [found] if isinstance(found, dict) else found


def _jobs(rows: list[dict[str, Any]]) -> Jobs:
    columns = np.array([_job(row, f"job {number}") for number, row in enumerate(rows, start=1)]).T
    return Jobs(*columns)


def _job(row: Mapping[str, Any], which: str) -> tuple[float, ...]:
    """seconds, circuits, shots, known seconds of a shot, and (qubits - 1) x depth."""
    flat = {**row, **_usage(row)}
    figures = {name: _figure(flat, names, which) for name, names in _COLUMNS.items()}
    circuits = figures["circuits"] or 1.0
    shots = figures["shots"] or (figures["executions"] or 0.0) / circuits
    for name, value in (("seconds", figures["seconds"]), ("shots", shots)):
        if not value or value < 0:
            names = ", ".join(flat)
            raise DataError(f"{which} has no positive {name}; it has {names}. Give seconds, circuits and shots.")
    known = figures["shot_time"]
    cells = 0.0 if known is not None else ((figures["n_qubits"] or 1) - 1) * (figures["depth"] or 0)
    return float(figures["seconds"] or 0), circuits, shots, known or 0.0, cells


def _usage(row: Mapping[str, Any]) -> dict[str, float]:
    """The seconds of qiskit-ibm-runtime's `job.metrics()`: what was used, else the span of the execution."""
    usage = row.get("usage")
    if isinstance(usage, Mapping):
        found = usage.get("quantum_seconds") or usage.get("seconds")
        if found:
            return {"seconds": float(found)}
    times = row.get("timestamps")
    if isinstance(times, Mapping) and times.get("running") and times.get("finished"):
        span = _moment(times["finished"]) - _moment(times["running"])
        return {"seconds": span.total_seconds()}
    return {}


def _moment(text: Any) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(str(text).replace("Z", "+00:00"))


def _figure(row: Mapping[str, Any], names: Iterable[str], which: str) -> float | None:
    value = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    value = max(value, default=None) if isinstance(value, (list, tuple)) else value
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        raise DataError(f"{which} has {next(iter(names))} = {shown(value)}: give a number.") from None


def own_runs(calibration: Calibration) -> OwnRuns:
    """What the user's own runs said of a device. Raises `DataError` for a damaged file."""
    path = _path(calibration)
    with suppress(OSError):
        return _kept(path, path.stat().st_mtime_ns)
    return OwnRuns()


@lru_cache(maxsize=64)
def _kept(path: Path, changed: int) -> OwnRuns:
    """`changed` is when: what was calibrated anew is read anew."""
    try:
        return OwnRuns.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise DataError(f"{str(path)!r} is damaged, delete it and calibrate anew: {field}: {first['msg']}.") from None


def keep(calibration: Calibration, **made: Any) -> None:
    """Keep a `clock` or `success` of a device beside what is known of it."""
    path = _path(calibration)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, own_runs(calibration).model_copy(update=made).model_dump_json(indent=1))


def _path(calibration: Calibration) -> Path:
    name = re.sub(r"[^\w.-]", "-", re.sub("^fake_", "ibm_", calibration.name))
    return cache_folder() / "profiles" / "devices" / f"{name}.json"
