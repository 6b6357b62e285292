"""Everything a search needs, validated, JSON both ways."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WrapValidator, model_validator

from hybhanas_jupyter.costs.options import MODELS, CostOptions
from hybhanas_jupyter.data import DATASETS, TABLES, Dataset, Source, is_path, load_dataset
from hybhanas_jupyter.errors import ConfigError, UnknownNameError, check_name, shown
from hybhanas_jupyter.files import read_text, write_text
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Goal
from hybhanas_jupyter.nas.settings import CHOICES, InvalidSettingsError, Settings, in_words, known
from hybhanas_jupyter.nas.space import FixedCNN, SearchSpace, VariableCNN

_GROWTH = 1e-3  # relative growth of the hypervolume; less than this in `plateau` generations together is none

STRATEGIES = ("nsga2", "surrogate")
ObjectiveName = Annotated[str, known("objective", OBJECTIVES)]


def _paper_objectives(values: dict[str, Any]) -> tuple[str, ...]:
    if isinstance(values["space"].cnn, FixedCNN):
        return ("accuracy", "quantum_time", "quantum_parameters")
    return ("accuracy", "total_time", "parameters")


def _default_cnn(data: str) -> FixedCNN:
    return FixedCNN(layers=()) if data in TABLES else FixedCNN()


def _data_name(name: str) -> str:
    try:
        return name if is_path(name) else check_name("data set", name, DATASETS)
    except UnknownNameError as error:
        raise ValueError(f"{error} A file ends in .npz; a folder of IDX files has a / in it.") from None


def _backend_name(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("must be a name or a calibration file; hyb.search(config, backend=...) takes objects")
    return value


def _reachable(limits: dict[str, float]) -> dict[str, float]:
    wrong = [
        f"{name} is {shown(limit)}: must be {OBJECTIVES[name].range}"
        for name, limit in limits.items()
        if not OBJECTIVES[name].allows(limit)
    ]
    if wrong:
        raise InvalidSettingsError("constraints", wrong)
    return limits


class TrainingSettings(Settings):
    """How a candidate is trained (paper, section 3.2): Adam, early stop below `early_stop_accuracy`.

    `time_limit` is the wall time in seconds after which a candidate is given up. `noise_aware` trains every candidate
    with what its device makes of expectation values (damping, offset, noise of `shots`), and without the early stop, as
    `accuracy` stays the one of exact values.
    """

    epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.01
    early_stop_accuracy: Annotated[float, Field(ge=0, le=1)] = 0.2
    early_stop_epochs: Annotated[int, Field(ge=1)] = 2
    time_limit: Annotated[float, Field(gt=0)] = 600.0
    noise_aware: bool = False

    @property
    def fitting(self) -> dict[str, Any]:
        """The arguments of `models.fit`."""
        return self.model_dump(exclude={"time_limit", "noise_aware"})


def _price_name(name: object) -> object:
    from hybhanas_jupyter.costs.prices import prices

    if name is not None and name not in [price.name for price in prices()]:
        raise ValueError("is no price: see hyb.prices()")
    return name


class SearchConfig(Settings):
    """A search: `SearchConfig(backend="fake_torino", generations=4)`; every field has a default.

    `constraints` maps objectives to limits: an upper bound for what is minimised, a lower bound for what is maximised,
    e.g. {"quantum_time": 3600, "success_probability": 0.5}. `objectives` default to the paper's for the space's mode.
    The search ends before the last generation when the hypervolume has not grown for `plateau` generations, or when
    `time_budget` seconds or `evaluation_budget` evaluations are spent. `workers=None` takes as many processes as cores
    and memory allow, 0 trains in this process, "dask" on the cluster of this process's client or at `scheduler`.
    `backend` is a name of `hyb.devices()`, an IBM device or a calibration file; `Search` also takes objects. `seed` is
    that of the search and its trainings, `transpiler_seed` that of the circuits.
    `data` is a name of `hyb.load_dataset`, an NPZ file or a folder of IDX files; `test_share` of it is put aside as a
    test part that the search never sees, for `run.confirm`. Tables need `cnn=FixedCNN(layers=())`, which is the default
    for those known by name.
    `resilience_level` makes `usage_time` that of IBM's Estimator at this level, see `hyb.workload`; None: shots alone.
    `price` is the name of the price that the objective "price" applies, see `hyb.prices`; None: the device's first.
    `strategy` "nsga2" trains every child (the paper's); "surrogate" costs many and trains those that are expected to
    enlarge the hypervolume most.
    Raises `ConfigError` with all wrong values at once.
    """

    version: Literal[1] = 1
    data: Annotated[str, AfterValidator(_data_name)] = "digits"
    per_class: Annotated[int, Field(ge=2)] | None = None
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    backend: Annotated[str, BeforeValidator(_backend_name)] = "fake_kyiv"
    shots: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    optimization_level: Annotated[int, Field(ge=0, le=3)] = 2
    transpiler_seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    model: Annotated[str, known("model", MODELS)] = "calibrated"
    resilience_level: Annotated[int, Field(ge=0, le=2)] | None = None
    price: Annotated[str, BeforeValidator(_price_name)] | None = None
    space: SearchSpace = Field(default_factory=lambda values: SearchSpace(cnn=_default_cnn(values["data"])))
    objectives: Annotated[tuple[ObjectiveName, ...], *CHOICES, Field(min_length=2)] = Field(
        default_factory=_paper_objectives
    )
    constraints: Annotated[dict[ObjectiveName, float], AfterValidator(_reachable)] = Field(default_factory=dict)
    strategy: Annotated[str, known("strategy", STRATEGIES)] = "nsga2"
    generations: Annotated[int, Field(ge=1, le=10_000)] = 8
    population: Annotated[int, Field(ge=2, le=10_000)] = 12
    training: TrainingSettings = TrainingSettings()
    plateau: Annotated[int, Field(ge=1)] | None = None
    time_budget: Annotated[float, Field(gt=0)] | None = None
    evaluation_budget: Annotated[int, Field(ge=2)] | None = None
    workers: Annotated[
        Annotated[int, Field(ge=0, le=256)] | Literal["dask"] | None,
        WrapValidator(in_words('must be a whole number from 0 to 256, "dask" or None')),
    ] = None
    scheduler: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _scheduler_is_used(self) -> Self:
        if self.scheduler is not None and self.workers != "dask":
            problem = f"scheduler is {shown(self.scheduler)}: is for workers='dask' only, workers is {self.workers!r}"
            raise InvalidSettingsError(type(self).__name__, [problem])
        return self

    @property
    def counts_classical_time(self) -> bool:
        """Whether an objective or a constraint needs the classical training time."""
        return not {"classical_time", "total_time"}.isdisjoint((*self.objectives, *self.constraints))

    @property
    def cost_options(self) -> CostOptions:
        """How circuits are costed."""
        return CostOptions(self.shots, self.optimization_level, self.transpiler_seed, self.model)

    @property
    def goal(self) -> Goal:
        """What is optimised and what is limited."""
        return Goal(self.objectives, self.constraints)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """A named configuration with `changes` on top: `SearchConfig.preset("quick", backend="fake_torino")`.

        quick: seconds to a minute on the embedded digits. device: the same for what the device leaves of the accuracy,
        against the provider's seconds and the parameters. paper-fixed, paper-variable: the experiments of section 4.
        """
        check_name("preset", name, PRESETS)
        values = {**PRESETS[name], **changes}
        if values.get("data") in TABLES and "space" not in changes:
            values["space"] = values["space"].model_copy(update={"cnn": FixedCNN(layers=())})
        return cls(**values)

    @classmethod
    def of(cls, config: "SearchConfig | str | Path") -> "SearchConfig":
        """`config` itself, the preset of this name, or what a file of `save` holds (a path that ends in .json)."""
        if isinstance(config, SearchConfig):
            return config
        return cls.load(config) if str(config).endswith(".json") else cls.preset(str(config))

    def replace(self, **changes: Any) -> Self:
        """A copy with other values, validated."""
        return type(self)(**{**dict(self), **changes})

    @property
    def total_evaluations(self) -> int:
        """How many evaluations the search may make."""
        planned = self.generations * self.population
        return planned if self.evaluation_budget is None else min(planned, self.evaluation_budget)

    def ended(self, hypervolumes: Sequence[float], evaluated: int) -> str:
        """Why no generation follows those with `hypervolumes` and `evaluated` candidates in all; empty if one does."""
        if len(hypervolumes) >= self.generations:
            return "all generations done"
        if evaluated >= self.total_evaluations:
            return f"evaluation budget of {self.evaluation_budget} spent"
        if self.plateau is not None and len(hypervolumes) > self.plateau:
            before, now = hypervolumes[-1 - self.plateau], hypervolumes[-1]
            if now <= before * (1 + _GROWTH):
                return f"hypervolume did not grow in {self.plateau} generations"
        return ""

    def load_data(self, instead: Source | None = None) -> Dataset:
        """The data set; `instead` replaces the named one by own arrays (X, y)."""
        source = self.data if instead is None else instead
        return load_dataset(source, per_class=self.per_class, test_share=self.test_share)

    def save(self, path: str | Path) -> None:
        """Write the configuration as JSON, whole or not at all."""
        write_text(path, self.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a configuration from JSON; raises `ConfigError` if there is none or with all its wrong values."""
        return cls.from_json(read_text(path, "configuration", ConfigError))


PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "space": SearchSpace(qubits=(2, 6), depth=(1, 4)),
        "generations": 5,
        "population": 10,
        "training": TrainingSettings(epochs=4),
    },
    "device": {
        "space": SearchSpace(qubits=(2, 6), depth=(1, 4)),
        "objectives": ("device_accuracy", "usage_time", "parameters"),
        "generations": 5,
        "population": 10,
        "training": TrainingSettings(epochs=4),
    },
    "paper-fixed": {
        "data": "mnist",
        "per_class": 400,
        "space": SearchSpace(cnn=FixedCNN(layers=(Convolution(16, pooling="max", dropout=0.1),))),
    },
    "paper-variable": {
        "data": "mnist",
        "per_class": 400,
        "space": SearchSpace(cnn=VariableCNN()),
    },
}
