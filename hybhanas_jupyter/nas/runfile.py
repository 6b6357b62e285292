"""A run as one JSON file, to publish or compare results without the run store: everything but weights."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, NonNegativeInt, model_validator

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.datainfo import DataInfo
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.results import Run
from hybhanas_jupyter.nas.validation import Settings


class RunFile(Settings):
    """What the file holds, checked when it is read: `version` is that of this form; NaN and Infinity are strings."""

    model_config = ConfigDict(allow_inf_nan=True, ser_json_inf_nan="strings")

    version: Literal[1] = 1
    id: str
    config: SearchConfig
    data: DataInfo | None
    evaluations: tuple[Evaluation, ...]
    hypervolumes: tuple[Annotated[float, Field(ge=0)], ...]
    repeated: NonNegativeInt
    invalid: NonNegativeInt

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        numbers = [evaluation.number for evaluation in self.evaluations]
        if numbers != sorted(set(numbers)):
            raise ValueError("evaluations must have ascending numbers")
        return self


_FIELDS = RunFile.model_fields.keys() - {"version"}


def save(run: Run, path: str | Path) -> None:
    """Write `run` without its front, which follows from the rest."""
    values = {name: getattr(run, name) for name in _FIELDS}
    write_text(path, RunFile(**values).model_dump_json() + "\n")


def load(path: str | Path) -> Run:
    """Read what `save` wrote; raises `StoreError` if there is no such file, `ConfigError` with all its wrong values."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"Cannot read run {str(path)!r}: {error}.") from None
    file = RunFile.from_json(text)
    return Run(**{name: getattr(file, name) for name in _FIELDS})
