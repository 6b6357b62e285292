"""The options of `%%qcost` and `%qcost`: one table for parsing, help and completion."""

import argparse
import ast
import keyword
import re
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, kwds, magic_arguments
from IPython.utils.process import arg_split

from hybhanas_jupyter.errors import HybHanasError, check_name

MODELS = ("calibrated", "paper")

EXAMPLES = """
examples:
  %%qcost --backend fake_kyiv                     the circuits of this cell on fake_kyiv
  %%qcost --backend fake_kyiv fake_fez -o table   two devices compared, kept as `table`
  %%qcost --circuit qc --level 3 --seed 7         one circuit, the strongest transpiler level
  %%qcost --samples 1000 --epochs 10              the whole training, on two clocks
  %%qcost --fail-above 1e-4                       an error if a valid shot takes more than 100 us
  cost = %qcost qc --backend fake_torino          the cost of an expression, without running a cell

A `;` at the end of the body hides the value of its last expression, -q hides the report.
Defaults for the notebook: %config QCost.backend = "fake_torino"; also shots, level, seed and model.
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


def _positive_seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 < value < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number of seconds")
    return value


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if path.suffix not in (".json", ".csv") or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no .json or .csv file in an existing folder")
    return path


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
    ("--seeds",): {
        "type": _whole(1, 10**4),
        "metavar": "N",
        "help": "best, median and maximum of N seeds from --seed on",
    },
    ("--model",): {"choices": MODELS, "metavar": "NAME", "help": f"cost model: {' or '.join(MODELS)}"},
    ("--samples",): {"type": _whole(1, 10**12), "metavar": "N", "help": "training samples: adds the training's cost"},
    ("--epochs",): {"type": _whole(1, 10**9), "metavar": "N", "help": "training epochs"},
    ("--batch-size",): {"type": _whole(1, 10**9), "metavar": "N", "help": "samples of one training step (32)"},
    ("--circuit",): {"metavar": "NAME", "help": "cost only this circuit of the cell"},
    ("-o", "--output"): {"type": _variable, "metavar": "NAME", "help": "store the result in this variable"},
    ("-q", "--quiet"): {"action": "store_true", "help": "print no report"},
    ("--save",): {"type": _file, "metavar": "FILE", "help": "write the data to a .json or .csv file"},
    ("--fail-above",): {
        "type": _positive_seconds,
        "metavar": "SECONDS",
        "default": inf,
        "help": "raise an error if the effective time of a shot or, with --samples, the training takes longer",
    },
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
        # Not shlex's POSIX mode: it would eat the backslashes of Windows paths.
        words = [re.sub(r"""^(['"])(.*)\1$""", r"\2", word) for word in arg_split(text, strict=True)]
        options, rest = parser.parse_known_args(words)
        for word in rest:
            check_name("option", word, [flag for flags in OPTIONS for flag in flags])
    except (ValueError, HybHanasError) as error:
        raise UsageError(str(error)) from None
    if (options.samples is None) != (options.epochs is None):
        raise UsageError("A training needs both --samples and --epochs.")
    if options.batch_size is not None and options.samples is None:
        raise UsageError("--batch-size belongs to a training: give --samples and --epochs too.")
    return options


def split(line: str) -> tuple[str, str]:
    """The expression of a `%qcost` line and the options behind it, which start after a whole expression."""
    line = line.rstrip(" ;")
    starts = (match.start() for match in re.finditer(r"(^|\s)(?=--?[A-Za-z])", line))
    start = next((start for start in starts if not line[:start].strip() or _is_expression(line[:start])), len(line))
    return line[:start].strip(), line[start:]


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True
