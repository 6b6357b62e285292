"""What a training step costs on this machine: rates per kind of layer, fitted once to measured steps and saved."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.files import cache_folder, write_text

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.work import Work

Rate = Annotated[float, Field(ge=0)]
_NETWORKS = 80
_QUANTITIES = ("calls", "flops", "bytes")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LayerRate(_Frozen):
    """Seconds per call, per FLOP and per byte of one kind of layer, forward and backward together."""

    calls: Rate
    flops: Rate
    bytes: Rate


class DeviceProfile(_Frozen):
    """How fast this machine trains: what turns a network's work into seconds. Part of every run that uses it.

    `throughput` is the paper's: FLOP/s of its reference CNN. `layers` are rates by layer class, `step` the seconds of
    a step that no layer explains (loss, optimizer). One thread, as in the workers of a search.
    Source: paper section 2.2 (Algorithm 1), docs/cost_model.md, section 5.
    """

    schema_version: Literal[1] = 1
    processor: str
    torch: str
    throughput: Annotated[float, Field(gt=0)]
    step: Rate
    layers: dict[str, LayerRate]

    @classmethod
    def measure(cls, *, networks: int = _NETWORKS, seed: int = 0) -> "DeviceProfile":
        """Fit the rates to measured steps of random CNNs, in a process of its own: about 20 s of one core."""
        return cls.fit(measured_steps(networks, seed))

    @classmethod
    def fit(cls, steps: Sequence[Mapping[str, Any]]) -> "DeviceProfile":
        """Least squares of the relative error, rates not negative; the first of `steps` is the reference CNN."""
        from scipy.optimize import nnls

        kinds = sorted({kind for step in steps for kind in step["work"]["layers"]})
        rows = np.array([_features(step["work"]["layers"], kinds) for step in steps])
        seconds = np.array([step["seconds"] for step in steps])
        scale = rows.max(axis=0).clip(min=1)
        rates = nnls(rows / scale / seconds[:, None], np.ones(len(steps)))[0] / scale
        groups = dict(zip(kinds, rates[1:].reshape(-1, len(_QUANTITIES)).tolist(), strict=True))
        return cls(
            processor=processor_name(),
            torch=version("torch"),
            throughput=steps[0]["work"]["flops"] / steps[0]["seconds"],
            step=float(rates[0]),
            layers={kind: LayerRate(**dict(zip(_QUANTITIES, group, strict=True))) for kind, group in groups.items()},
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

    def step_time(self, work: "Work") -> float:
        """Seconds of one training step; layers of unknown classes take an elementwise layer's rate."""
        known = self.layers.get("ReLU", LayerRate(calls=0, flops=0, bytes=0))
        total = self.step
        for kind, layer in work.layers.items():
            rate = self.layers.get(kind, known)
            total += sum(getattr(rate, quantity) * getattr(layer, quantity) for quantity in _QUANTITIES)
        return total


def device_profile(*, refresh: bool = False) -> DeviceProfile:
    """This machine's profile: read from the user's cache, or measured and saved there.

    Measuring takes about 20 s and is announced on the standard error stream.
    """
    path = _cache_path()
    if path.exists() and not refresh:
        return DeviceProfile.load(path)
    sys.stderr.write(f"Measuring how fast this machine trains, once: about 20 s, kept in {path.parent}\n")
    profile = DeviceProfile.measure()
    path.parent.mkdir(parents=True, exist_ok=True)
    profile.save(path)
    return profile


def measured_steps(networks: int, seed: int) -> list[dict[str, Any]]:
    """Work and seconds of the reference CNN and `networks` random ones, measured in a process with one thread."""
    command = [sys.executable, "-m", "hybhanas_jupyter.costs.measuring", str(networks), str(seed)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


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
    name = "-".join(f"{processor_name()} torch {version('torch')}".split()).replace("/", "-")
    return cache_folder() / "profiles" / f"{name}.json"


def _features(layers: Mapping[str, Mapping[str, int]], kinds: Iterable[str]) -> list[float]:
    none = dict.fromkeys(_QUANTITIES, 0)
    return [1.0, *(float(layers.get(kind, none)[quantity]) for kind in kinds for quantity in _QUANTITIES)]
