"""What a training step costs on this machine: rates per kind of operation, fitted once to measured steps and saved."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.files import cache_folder, write_text

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.work import Work

Rate = Annotated[float, Field(ge=0)]
Memory = Literal["kept", "returned"]
MEMORY: tuple[Memory, ...] = get_args(Memory)
# glibc's allocator gives large blocks back to the system and asks for them again in every step, which takes up to half
# of its time, unless it is told to keep them. In a worker, whose validation batches raise the allocator's limits too,
# that saves 3 to 5 % of CPU time for 20 MB. Read at the start of a process; other allocators do not know the names.
_LIMIT = str(2**30)
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": _LIMIT, "MALLOC_MMAP_THRESHOLD_": _LIMIT}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_NETWORKS, _ROUNDS = 100, 10
_RETURNING, _RETURNING_ROUNDS = 24, 3  # networks that are measured again as a plain process trains them
_QUANTITIES = ("calls", "flops", "bytes")


Step = Mapping[str, Any]  # of one network: kind, work, seconds


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OperationRate(_Frozen):
    """Seconds per call, per FLOP and per byte of one kind of operation."""

    calls: Rate
    flops: Rate
    bytes: Rate


class DeviceProfile(_Frozen):
    """How fast this machine trains: what turns a network's work into seconds. Part of every run that uses it.

    - `condition`: how the steps were measured that all rates but `allocation` are fitted to
    - `throughput`: the paper's, FLOP/s of its reference CNN
    - `step`: seconds of a step that no operation explains (loss, optimizer)
    - `operations`: rates by kind of operation, as `costs.work` counts them
    - `allocation`: seconds per byte that a plain process gets from the system in every step and gives back

    Source: paper section 2.2 (Algorithm 1), docs/cost_model.md, section 5.
    """

    schema_version: Literal[2] = 2
    processor: str
    torch: str
    condition: str = "CPU time of one thread, memory kept by the allocator"
    throughput: Annotated[float, Field(gt=0)]
    step: Rate
    operations: dict[str, OperationRate]
    allocation: Rate = 0.0

    @classmethod
    def measure(cls, *, networks: int = _NETWORKS, seed: int = 0) -> "DeviceProfile":
        """Fit the rates to measured steps of random CNNs, in processes of their own: about 30 s of one core."""
        kept = measured_steps(networks, seed)
        return cls.fit(kept, measured_steps(min(networks, _RETURNING), seed, memory="returned"))

    @classmethod
    def fit(cls, steps: Sequence[Step], returning: Sequence[Step] = ()) -> "DeviceProfile":
        """Least squares of the relative error, rates not negative.

        `steps` begin with the reference CNN; `returning` are the first of them, measured in a plain process.
        """
        from scipy.optimize import nnls

        kinds = sorted({kind for step in steps for kind in step["work"]["operations"]})
        rows = np.array([_features(step["work"]["operations"], kinds) for step in steps])
        seconds = np.array([step["seconds"] for step in steps])
        scale = rows.max(axis=0).clip(min=1)
        rates = nnls(rows / scale / seconds[:, None], np.ones(len(steps)))[0] / scale
        groups = dict(zip(kinds, rates[1:].reshape(-1, len(_QUANTITIES)).tolist(), strict=True))
        return cls(
            processor=processor_name(),
            torch=version("torch"),
            throughput=steps[0]["work"]["flops"] / steps[0]["seconds"],
            step=float(rates[0]),
            operations={kind: OperationRate(**dict(zip(_QUANTITIES, g, strict=True))) for kind, g in groups.items()},
            allocation=_allocation(steps, returning),
        )

    @classmethod
    def load(cls, path: str | Path) -> "DeviceProfile":
        """Read a saved profile. Raises `ConfigError` that names the damaged field."""
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except OSError as error:
            raise ConfigError(f"Cannot read profile {str(path)!r}: {error.strerror}.") from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "file"
            raise ConfigError(f"{str(path)!r} is not a device profile: {field}: {first['msg']}.") from None

    def save(self, path: str | Path) -> None:
        """Write the profile as JSON, whole or not at all."""
        write_text(path, self.model_dump_json(indent=1))

    def step_time(self, work: "Work", memory: Memory = "kept") -> float:
        """Seconds of one training step, its memory "kept" by the process or "returned" to the system."""
        none = OperationRate(calls=0, flops=0, bytes=0)
        other = self.operations.get("elementwise", none)  # what few networks do is as fast as what most do
        total = self.step + (self.allocation * work.allocated if memory == "returned" else 0)
        for kind, operation in work.operations.items():
            rate = self.operations.get(kind, other)
            total += sum(getattr(rate, quantity) * getattr(operation, quantity) for quantity in _QUANTITIES)
        return total


def device_profile(*, refresh: bool = False) -> DeviceProfile:
    """This machine's profile: read from the user's cache, or measured and saved there.

    Measuring takes about 30 s and is announced on the standard error stream.
    """
    path = _cache_path()
    if path.exists() and not refresh:
        return DeviceProfile.load(path)
    sys.stderr.write(f"Measuring how fast this machine trains, once: about 30 s, kept in {path.parent}\n")
    profile = DeviceProfile.measure()
    path.parent.mkdir(parents=True, exist_ok=True)
    profile.save(path)
    return profile


def measured_steps(networks: int, seed: int, *, memory: Memory = "kept") -> list[Step]:
    """Kind, work and seconds of the reference CNN and `networks` random ones, measured in a process with one thread."""
    rounds = _ROUNDS if memory == "kept" else _RETURNING_ROUNDS
    command = [sys.executable, "-m", "hybhanas_jupyter.costs.measuring", *map(str, (networks, seed, rounds))]
    own = {name: value for name, value in os.environ.items() if name not in KEPT_MEMORY}
    environment = {**own, **ONE_THREAD, **(KEPT_MEMORY if memory == "kept" else {})}
    steps: list[Step] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    )
    return steps


@cache
def processor_name() -> str:
    """The processor as Linux names it, elsewhere its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _cache_path() -> Path:
    name = "-".join(f"{processor_name()} torch {version('torch')} v2".split()).replace("/", "-")
    return cache_folder() / "profiles" / f"{name}.json"


def _allocation(kept: Sequence[Step], returning: Sequence[Step]) -> float:
    """Seconds per byte by which steps take longer where memory is returned, beside the machine's pace at that time."""
    from scipy.optimize import nnls

    if not returning:
        return 0.0
    pairs = [(k["seconds"], r["seconds"], r["work"]["allocated"]) for k, r in zip(kept, returning, strict=False)]
    rows = np.array([(fast / slow, size * 1e-9 / slow) for fast, slow, size in pairs])
    return float(nnls(rows, np.ones(len(rows)))[0][1]) * 1e-9


def _features(operations: Mapping[str, Mapping[str, int]], kinds: Iterable[str]) -> list[float]:
    none = dict.fromkeys(_QUANTITIES, 0)
    return [1.0, *(float(operations.get(kind, none)[quantity]) for kind in kinds for quantity in _QUANTITIES)]
