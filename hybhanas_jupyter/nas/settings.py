"""Settings that report every wrong value at once, each with its path, the value and its bounds."""

import json
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hybhanas_jupyter.errors import ConfigError, UnknownNameError, check_name, shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_UNION_TAGS = ("fixed", "variable")  # pydantic puts a union's tag into the path; users do not write it
_CONSEQUENCES = ("too_short",)  # a tuple lacks the items that are wrong
_WHOLE = "must be a whole number"
_WORDS = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    "finite_number": "must be finite",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs {min_length} or more",
    "too_long": "takes {max_length} or fewer",
    "string_type": "must be text",
    "tuple_type": "must be a list of values",
    "extra_forbidden": "no such setting",
}


class InvalidSettingsError(ConfigError, ValueError):
    """All problems of one settings object; also a ValueError, so that pydantic collects it in an enclosing object."""

    def __init__(self, title: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"{title}: " + "; ".join(problems) + ".")


class Settings(BaseModel):
    """Base of all settings: immutable, without unknown fields, JSON both ways; raises `ConfigError`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidSettingsError(type(self).__name__, _problems(error, type(self).model_fields)) from None

    def to_json(self) -> str:
        """Indented JSON that `from_json` reads back to an equal object."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Settings from JSON; raises `ConfigError` for broken JSON and for wrong values."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:  # broken, or thousands of digits or brackets
            raise ConfigError(f"{cls.__name__}: not JSON ({error}).") from None
        if not isinstance(values, dict):
            raise ConfigError(f"{cls.__name__}: JSON object expected, got {type(values).__name__}.")
        return cls(**values)


def known(kind: str, allowed: Iterable[str]) -> AfterValidator:
    """A field that takes only `allowed` names; the message suggests the nearest."""

    def check(name: str) -> str:
        try:
            return check_name(kind, name, allowed)
        except UnknownNameError as error:
            raise ValueError(str(error)) from None

    return AfterValidator(check)


def in_words(message: str) -> Callable[[Any, Callable[[Any], Any]], Any]:
    """A wrapping validator for unions, whose own messages name every branch: `message` says what is allowed."""

    def check(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ValidationError:
            raise ValueError(message) from None

    return check


def _ascending(limits: tuple[int, int]) -> tuple[int, int]:
    if limits[0] > limits[1]:
        raise ValueError(f"must be (smallest, largest), e.g. {limits[::-1]}")
    return limits


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len({repr(value) for value in values}) < len(values):  # what is no setting at all may have no hash
        raise ValueError("must be distinct values")
    return values


ASCENDING = AfterValidator(_ascending)
CHOICES = (Field(min_length=1), AfterValidator(_distinct))


def _problems(error: ValidationError, names: Iterable[str]) -> list[str]:
    problems: list[str] = []
    items = error.errors()
    for item in items:
        path = ".".join(str(part) for part in item["loc"] if part not in _UNION_TAGS)
        nested = item.get("ctx", {}).get("error")
        if isinstance(nested, InvalidSettingsError):
            problems += [f"{path}.{problem}".lstrip(".") for problem in nested.problems]
        elif item["type"] != "default_factory_not_called" and not (
            item["type"] in _CONSEQUENCES and any(_below(other["loc"], item["loc"]) for other in items)
        ):
            near = get_close_matches(path, names, n=1) if item["type"] == "extra_forbidden" else []
            hint = f". Did you mean {near[0]!r}?" if near else ""
            problems.append(f"{path} is {shown(item['input'])}: {_words(item)}{hint}")
    return problems


def _below(path: tuple[int | str, ...], parent: tuple[int | str, ...]) -> bool:
    return len(path) > len(parent) and path[: len(parent)] == parent


def _words(item: "ErrorDetails") -> str:
    """What is wrong, without the words of pydantic."""
    words = _WORDS.get(item["type"])
    if words is not None:
        return words.format(**item.get("ctx", {}))
    return item["msg"].removeprefix("Value error, ").replace("Input should be ", "must be ", 1).rstrip(".")
