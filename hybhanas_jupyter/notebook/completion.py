"""Tab completion of the magics' options, devices and circuits, in JupyterLab and the terminal."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hybhanas_jupyter.circuits.readers import is_circuit
from hybhanas_jupyter.notebook.options import MODELS, OPTIONS

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

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
    match flag:
        case "--backend":
            return _device_names()
        case "--circuit":
            return _circuit_names(ip, cell)
        case "--level":
            return ["0", "1", "2", "3"]
        case "--model":
            return list(MODELS)
        case _:
            return []


def _device_names() -> list[str]:
    from hybhanas_jupyter.hardware.devices import devices

    return [device.name for device in devices()]


def _circuit_names(ip: "InteractiveShell", cell: str) -> list[str]:
    """The circuits of the notebook, and the names that the cell will bind."""
    known = [name for name, value in ip.user_ns.items() if not name.startswith("_") and is_circuit(value)]
    bound = ["".join(names) for names in re.findall(r"^def +(\w+)|^(\w+) *=(?!=)", cell, flags=re.MULTILINE)]
    return list(dict.fromkeys([*bound, *known]))
