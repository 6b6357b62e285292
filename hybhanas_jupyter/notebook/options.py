"""The options of `%%qcost` and `%qcost`: one table for parsing, help and completion."""

import argparse
import keyword
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, kwds, magic_arguments
from IPython.utils.process import arg_split

from hybhanas_jupyter.errors import HybHanasError, check_name

EXAMPLES = """
examples:
  %%qcost --backend fake_kyiv                     the circuits of this cell on fake_kyiv
  %%qcost --backend fake_kyiv fake_fez -o table   two devices compared, kept as `table`
  %%qcost --circuit qc --level 3 --seed 7         one circuit, the strongest transpiler level
  cost = %qcost qc --backend fake_torino          the cost of an expression, without running a cell

A `;` at the end of the body hides the value of its last expression, -q hides the report.
Defaults for the notebook: %config QCost.backend = "fake_torino" (shots, level, seed likewise).
"""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
        return value

    return parse


def _variable(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a variable")
    return text


OPTIONS: dict[tuple[str, ...], dict[str, Any]] = {
    ("-b", "--backend"): {
        "action": "extend",
        "nargs": "+",
        "metavar": "NAME",
        "help": "device, or several to compare; see %%qdevices",
    },
    ("--shots",): {"type": _whole(1, 10**9), "metavar": "N", "help": "executions of each circuit"},
    ("--level",): {"type": _whole(0, 3), "metavar": "0-3", "help": "optimization level of the transpiler"},
    ("--seed",): {"type": _whole(0, 2**31 - 1), "metavar": "N", "help": "seed of the transpiler"},
    ("--circuit",): {"metavar": "NAME", "help": "cost only this circuit of the cell"},
    ("-o", "--output"): {"type": _variable, "metavar": "NAME", "help": "store the result in this variable"},
    ("-q", "--quiet"): {"action": "store_true", "help": "print no report"},
    ("-h", "--help"): {"action": "store_true", "help": "show this text"},
}


def with_options(magic: Callable[..., Any]) -> Any:
    """Decorate a magic with `OPTIONS`: it gets a `.parser`, and its help becomes its docstring."""
    magic = kwds(epilog=EXAMPLES)(magic)
    for flags, settings in reversed(OPTIONS.items()):
        magic = argument(*flags, **settings)(magic)
    return magic_arguments()(magic)


def parse(parser: Any, text: str) -> argparse.Namespace:
    """Parse an option line; raises `UsageError` with one line for whatever is wrong with it."""
    try:
        options, rest = parser.parse_known_args(arg_split(text, strict=True))
        for word in rest:
            check_name("option", word, [flag for flags in OPTIONS for flag in flags])
    except (ValueError, HybHanasError) as error:
        raise UsageError(str(error)) from None
    return options
