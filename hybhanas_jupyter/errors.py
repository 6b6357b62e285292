"""The errors of this package: one line each, with the bad value, the allowed ones and the way out."""

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import find_spec

# The packages of the optional extras in pyproject.toml, as they are imported.
_EXTRAS = {"search": ("deap", "moocore", "numba", "pennylane", "safetensors", "sklearn", "torch")}

_LEFT_VARIABLES = ("KMP_", "TORCHINDUCTOR_")
_LEFT_FILTERS = ("sympy.",)
_LONG = 200  # characters: nobody meant a name of ours
_LONGEST = 2000  # characters of a message: all wrong values of a file, but not what somebody put into it


class HybHanasError(Exception):
    """Base of every error that this package raises on purpose; its message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(shorter(" ".join(message.splitlines()), _LONGEST))


class MissingPackageError(HybHanasError, ImportError):
    """A package that an extra of this one brings and that is not installed."""


class UnknownNameError(HybHanasError):
    """A name (device, gate, topology, option, ...) that is not among the allowed ones."""


class DeviceError(HybHanasError):
    """A device or calibration that cannot be used."""


class BudgetError(HybHanasError):
    """A circuit or a run that costs more than was allowed."""

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: one line instead of the frames of a magic."""
        return [f"BudgetError: {self}"]


class CircuitError(HybHanasError):
    """A circuit that cannot be read or costed."""


class ArchitectureError(HybHanasError):
    """A network that cannot be built, e.g. a CNN whose feature map vanishes."""


class ConfigError(HybHanasError):
    """A configuration with values outside their bounds; lists all of them."""


class DataError(HybHanasError):
    """A data set that cannot be loaded or does not have the needed shape."""


class FileError(HybHanasError):
    """A file that cannot be written."""


class StoreError(HybHanasError):
    """A run store that cannot be read or written."""


def need(extra: str, what: str) -> None:
    """Raise `MissingPackageError` with the command that installs `extra` if `what` needs it and it is not there."""
    missing = [name for name in _EXTRAS[extra] if find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f"{what} needs {', '.join(missing)}: pip install 'hybhanas_jupyter[{extra}]', or '.[{extra}]' in a clone."
        )


@contextmanager
def nothing_left_by_imports() -> Iterator[None]:
    """Take back what packages that are imported in the block leave in the environment and in the warning filters.

    Sklearn sets KMP_..., torch's inductor TORCHINDUCTOR_...; what others set meanwhile stays.
    """
    variables, filters = set(os.environ), list(warnings.filters)
    try:
        yield
    finally:
        for name in set(os.environ) - variables:
            if name.startswith(_LEFT_VARIABLES):
                del os.environ[name]
        for added in [item for item in warnings.filters if item not in filters]:
            if added[2].__module__.startswith(_LEFT_FILTERS):
                warnings.filters.remove(added)  # type: ignore[attr-defined]  # a list, whatever its stub says


def check_name(kind: str, name: str, allowed: Iterable[str], *, see: str = "") -> str:
    """Return `name` if it is allowed, else raise `UnknownNameError` with the nearest or all allowed names.

    `kind` says what is named ("device"); `see`, for lists too long to print, where they stand ("hyb.devices()").
    """
    names = sorted(allowed)
    if name in names:
        return name
    near = get_close_matches(name, names, n=1) if isinstance(name, str) and len(name) < _LONG else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    where = f"See {see}." if see else f"Allowed: {', '.join(names)}."
    raise UnknownNameError(f"Unknown {kind} {shown(name)}.{hint} {where}")


def shown(value: object, width: int = 80) -> str:
    """`value` as an error shows it: its repr, cut in the middle beyond `width` characters."""
    try:
        return shorter(repr(value), width)
    except ValueError:  # an integer of thousands of digits, which Python does not print
        return "a value too long to print"


def shorter(text: str, width: int = 80) -> str:
    """`text`, cut in the middle beyond `width` characters."""
    return text if len(text) <= width else f"{text[: width // 2]}...{text[3 - width // 2 :]}"
