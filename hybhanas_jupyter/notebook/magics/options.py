"""The options of `%%qcost` and `%qcost`: one table for parsing, help and tab completion."""

import argparse
import ast
import keyword
import re
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, kwds, magic_arguments
from IPython.utils.process import arg_split

from hybhanas_jupyter.circuits.readers import is_circuit
from hybhanas_jupyter.costs.options import MODELS
from hybhanas_jupyter.errors import HybHanasError, check_name, shown

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

MODES = ("job", "batch", "session")

EXAMPLES = """
examples:
  %%qcost --backend fake_kyiv                     the circuits of this cell on fake_kyiv
  %%qcost --backend fake_kyiv fake_fez -o table   two devices compared, kept as `table`
  %%qcost --circuit qc --level 3 --seed 7         one circuit, the strongest transpiler level
  %%qcost --samples 1000 --epochs 10              the whole training, on two clocks
  %%qcost --precision 0.01 --resilience 2         what the provider counts for an Estimator at this precision
  %%qcost --observables Z                         what the device's noise leaves of <Z> on every qubit
  %%qcost --fail-above 1e-4                       an error if a valid shot takes more than 100 us
  cost = %qcost qc --backend fake_torino          the cost of an expression, without running a cell

A `;` at the end of the body hides the value of its last expression, -q hides the report.
In parentheses: what is taken without the option.
Defaults for the notebook: %config QCost.backend = "fake_torino"; also shots, level, seed and model.
"""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{shown(text)} is no whole number from {low} to {high}")
        return value

    return parse


def _variable(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"{shown(text)} is no name for a variable")
    return text


def _positive_seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 < value < inf:
        raise argparse.ArgumentTypeError(f"{shown(text)} is no positive number of seconds")
    return value


def _precision(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} is no precision above 0 and up to 1")
    return value


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if path.suffix not in (".json", ".csv") or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{shown(text)} is no .json or .csv file in an existing folder")
    return path


OPTIONS: dict[tuple[str, ...], dict[str, Any]] = {
    ("-b", "--backend"): {
        "action": "extend",
        "nargs": "+",
        "metavar": "NAME",
        "help": "device, or several to compare (fake_kyiv); see %%qdevices",
    },
    ("--shots",): {"type": _whole(1, 10**9), "metavar": "N", "help": "executions of each circuit (1000)"},
    ("--level",): {"type": _whole(0, 3), "metavar": "0-3", "help": "optimization level of the transpiler (2)"},
    ("--seed",): {"type": _whole(0, 2**31 - 1), "metavar": "N", "help": "seed of the transpiler (0)"},
    ("--seeds",): {
        "type": _whole(1, 10**4),
        "metavar": "N",
        "help": "best, median and maximum of N seeds from --seed on (5 where devices are compared)",
    },
    ("--model",): {"choices": MODELS, "metavar": "NAME", "help": f"cost model: {' or '.join(MODELS)} ({MODELS[0]})"},
    ("--samples",): {"type": _whole(1, 10**12), "metavar": "N", "help": "training samples: adds the training's cost"},
    ("--epochs",): {"type": _whole(1, 10**9), "metavar": "N", "help": "training epochs"},
    ("--batch-size",): {"type": _whole(1, 10**9), "metavar": "N", "help": "samples of one training step (32)"},
    ("--precision",): {
        "type": _precision,
        "metavar": "P",
        "help": "usage of an Estimator that reaches this precision, also that of --observables",
    },
    ("--observables",): {
        "nargs": "+",
        "metavar": "P",
        "help": "what noise leaves of these: Pauli strings, qubit 0 last, or Z for Z on every qubit",
    },
    ("--resilience",): {"type": _whole(0, 2), "metavar": "0-2", "help": "usage of an Estimator at this level (1)"},
    ("--mode",): {
        "choices": MODES,
        "metavar": "NAME",
        "help": f"billed as {', '.join(MODES)} ({MODES[0]})",
    },
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
    made = magic_arguments()(magic)
    made.__doc__ = dedent(made.__doc__.partition("::\n")[2]).strip() + "\n"  # plain text, not reStructuredText
    return made


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


_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}


def budget_line(line: str) -> tuple[float | None, str]:
    """Seconds and the device of a `%qbudget` line; (None, "off") ends a budget, (None, "") asks for it."""
    words = line.split()
    if words in ([], ["off"]):
        return None, "".join(words)
    flag = next((i for i, word in enumerate(words) if word in ("-b", "--backend")), len(words))
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([a-z]*)", "".join(words[:flag]))
    device = words[flag + 1 :]
    if match is None or match[2] not in _UNITS or len(device) > 1 or (flag < len(words) and not device):
        raise UsageError(f"{shown(line.strip())} is no budget: %qbudget 10min, 600, 1.5h or off, and -b DEVICE.")
    return float(match[1]) * _UNITS[match[2]], "".join(device)


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


_FIXED_VALUES = {"--level": "0123", "--model": MODELS, "--mode": MODES, "--resilience": "012", "--observables": "Z"}
_LINE = re.compile(r"(?:[\w.,\s]+=)?\s*(%qcost|%%qcost|%qdevices)\s+(.*)")


def register_completion(ip: "InteractiveShell") -> Callable[[], None]:
    """Add the matcher to the shell's completer, where it takes matchers, and return what removes it."""
    matchers = getattr(ip.Completer, "custom_matchers", None)
    if matchers is None:
        return lambda: None
    from IPython.core.completer import context_matcher

    @context_matcher(identifier="hybhanas_jupyter.qcost", priority=100)
    def matcher(context: "CompletionContext") -> "SimpleMatcherResult":
        return _match(ip, context)

    matchers.append(matcher)
    return lambda: matchers.remove(matcher)


def _match(ip: "InteractiveShell", context: "CompletionContext") -> "SimpleMatcherResult":
    from IPython.core.completer import SimpleCompletion

    line = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
    match = _LINE.fullmatch(line)
    if match is None:
        return {"completions": []}
    magic, text = match.groups()
    *before, fragment = re.split(r"[\s=]+", text)
    if magic == "%qdevices":
        words = _device_names()
    elif magic == "%qcost" and not any(word.startswith("-") for word in [*before, fragment]):
        words = _circuit_names(ip, "")
    else:
        words = _option_words(ip, context.full_text, before, fragment)
    return {
        "completions": [SimpleCompletion(text=word, type=_type(word)) for word in words if word.startswith(fragment)],
        "matched_fragment": fragment,
        "suppress": True,
        "ordered": True,
    }


def _type(word: str) -> str:
    return "option" if word.startswith("-") else "value"


def _option_words(ip: "InteractiveShell", cell: str, before: list[str], fragment: str) -> list[str]:
    """What may follow the words `before`: the values of the last option, the options not given yet, or both."""
    flags = [names[-1] for names in OPTIONS if not set(names) & set(before)]
    last = max((index for index, word in enumerate(before) if word.startswith("-")), default=None)
    if last is None or fragment.startswith("-"):
        return flags
    names, settings = next(((n, s) for n, s in OPTIONS.items() if before[last] in n), ((), {}))
    given = len(before) - last - 1
    if settings.get("action") == "store_true" or (given and "nargs" not in settings):
        return flags
    values = _values(ip, cell, names[-1]) if names else []
    return [value for value in values if value not in before[last:]] + (flags if given else [])


def _values(ip: "InteractiveShell", cell: str, flag: str) -> list[str]:
    if flag == "--backend":
        return _device_names()
    if flag == "--circuit":
        return _circuit_names(ip, cell)
    return list(_FIXED_VALUES.get(flag, ()))


def _device_names() -> list[str]:
    from hybhanas_jupyter.hardware.devices import fake_classes

    return sorted(fake_classes())


def _circuit_names(ip: "InteractiveShell", cell: str) -> list[str]:
    """The circuits of the notebook, and the names that the cell will bind."""
    known = [name for name, value in ip.user_ns.items() if not name.startswith("_") and is_circuit(value)]
    bound = ["".join(names) for names in re.findall(r"^def +(\w+)|^(\w+) *=(?!=)", cell, flags=re.MULTILINE)]
    return list(dict.fromkeys([*bound, *known]))
