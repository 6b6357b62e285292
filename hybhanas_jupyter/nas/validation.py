"""Settings that report every wrong value at once, each with its path, the value and its bounds."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from hybhanas_jupyter.errors import ConfigError

_UNION_TAGS = ("fixed", "variable")  # pydantic puts a union's tag into the path; users do not write it
_CONSEQUENCES = ("too_short",)  # a tuple lacks the items that are wrong


class InvalidSettingsError(ConfigError, ValueError):
    """All problems of one settings object; also a ValueError, so that pydantic collects it in an enclosing object."""

    def __init__(self, title: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"{title}: " + "; ".join(problems) + ".")


class Settings(BaseModel):
    """Base of all settings: immutable, without unknown fields, JSON both ways; raises `ConfigError`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidSettingsError(type(self).__name__, _problems(error)) from None

    def to_json(self) -> str:
        """Indented JSON that `from_json` reads back to an equal object."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Settings from JSON; raises `ConfigError` for broken JSON and for wrong values."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{cls.__name__}: not JSON ({error}).") from None
        if not isinstance(values, dict):
            raise ConfigError(f"{cls.__name__}: JSON object expected, got {type(values).__name__}.")
        return cls(**values)


def _problems(error: ValidationError) -> list[str]:
    problems: list[str] = []
    items = error.errors()
    for item in items:
        path = ".".join(str(part) for part in item["loc"] if part not in _UNION_TAGS)
        nested = item.get("ctx", {}).get("error")
        if isinstance(nested, InvalidSettingsError):
            problems += [f"{path}.{problem}" for problem in nested.problems]
        elif item["type"] != "default_factory_not_called" and not (
            item["type"] in _CONSEQUENCES and any(_below(other["loc"], item["loc"]) for other in items)
        ):
            problems.append(_problem(path, item["msg"], item["input"]))
    return problems


def _below(path: tuple[int | str, ...], parent: tuple[int | str, ...]) -> bool:
    return len(path) > len(parent) and path[: len(parent)] == parent


def _problem(path: str, message: str, value: object) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Input should be ").rstrip(".")
    where = f"{path} is {value!r}, " if path else ""
    return f"{where}allowed: {message}" if message[:1].islower() or message[:1] == "'" else f"{where}{message}"
