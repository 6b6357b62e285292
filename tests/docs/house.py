"""The figures of the house: modules, circles of imports, lone modules, and the rooms that a cell and a search pass.

`python -m tests.docs.house` prints them. Every import counts: lazy ones, those for types only, and those by name.
"""

import ast
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from graphlib import CycleError, TopologicalSorter
from io import StringIO
from itertools import count
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
PACKAGE = "hybhanas_jupyter"
REASONS = ("public entry", "a process", "heavy import")  # what the first line of a lone module names

_NUMBERS = count(1)  # no cell and no search twice: costs are cached

Graph = dict[str, set[str]]


def files() -> dict[str, Path]:
    """Every module of the package by its dotted name, packages' `__init__` under the package's name."""
    paths = sorted((ROOT / PACKAGE).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def modules() -> dict[str, Path]:
    """The modules without the packages' `__init__`."""
    return {name: path for name, path in files().items() if path.stem != "__init__"}


def imports() -> Graph:
    """Module -> modules of the package that it imports in any way."""
    known = files()
    return {name: set(_imported(path, known)) - {name} for name, path in known.items()}


def _imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in known else node.module for name in names)
        elif isinstance(node, ast.Constant) and node.value in known:  # by name; a docstring is longer
            yield node.value


def circle() -> list[str]:
    """One circle of imports, empty if there is none."""
    inner = modules()
    graph = {name: imported & inner.keys() for name, imported in imports().items() if name in inner}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def lone() -> list[str]:
    """Modules with fewer than two importers whose first line does not tell why they stand alone."""
    graph, inner = imports(), modules()
    graph[PACKAGE] |= _public()
    importers = Counter(name for imported in graph.values() for name in imported)
    return [name for name, path in inner.items() if importers[name] < 2 and not _has_reason(path)]


def _public() -> set[str]:
    import hybhanas_jupyter

    return {f"{PACKAGE}.{home}" for home in hybhanas_jupyter._HOME.values()}


def _has_reason(path: Path) -> bool:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return any(reason in doc.splitlines()[0] for reason in REASONS) if doc else False


@contextmanager
def walked() -> Iterator[set[str]]:
    """The modules whose functions run within the block, on any thread that begins in it; imports do not count."""
    rooms: set[str] = set()
    inner = {str(path): name for name, path in modules().items()}

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename in inner:
            rooms.add(inner[code.co_filename])

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield rooms
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def cell() -> set[str]:
    """The rooms of a `%%qcost` cell with a new circuit, everything imported before."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", PACKAGE)
    body = "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\nqc.rx({}, 0)\nqc.cx(0, 1);"
    with redirect_stdout(StringIO()):
        return _second(lambda angle: shell.run_cell_magic("qcost", "", body.format(angle)))


def search() -> set[str]:
    """The rooms of a search beyond those of a cell, in the process that leads it; candidates train in two others."""
    import hybhanas_jupyter as hyb

    beside = cell()
    small = {"generations": 1, "population": 2, "training": {"epochs": 1}, "workers": 2}
    config = hyb.SearchConfig.preset("quick", **small)
    return _second(lambda seed: hyb.search(config.replace(seed=seed), store=":memory:", progress=False)) - beside


def _second(call: Callable[[int], object]) -> set[str]:
    call(next(_NUMBERS))
    with walked() as rooms:
        call(next(_NUMBERS))
    return rooms


def main() -> None:
    """Print every figure."""
    print(f"modules {len(modules())}")
    print(f"circle {' -> '.join(circle()) or 'none'}")
    alone = lone()
    print(f"lone without a reason {len(alone)}", *alone, sep="\n  ")
    for name, rooms in (("a %%qcost cell", cell()), ("a search beyond it", search())):
        print(f"{name} passes {len(rooms)}", *sorted(rooms), sep="\n  ")


if __name__ == "__main__":
    main()
