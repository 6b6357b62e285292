"""Inputs as typing errors, disks and attackers make them, and who reads them: an error of one line or a result.

`tests/test_fuzzing.py` tries a fixed number of each kind, `benchmarks/torture.py` as many as one likes.
"""

import io
import json
import random
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hybhanas_jupyter.errors import HybHanasError

LONGEST = 2000  # characters of a message
VALUES = (None, True, -1, 0, 1, 3, 1e300, -0.5, 10**400, "", "x", "nan", "a\nb", "<b>", [], {}, [[]], [1, 2], {"a": 1})
QASM = (
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3]; h q[0]; cx q[0], q[1]; rz(pi/4) q[2]; measure q -> c;',
    'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[3] q; bit[3] c; h q[0]; for int i in [0:1] '
    "{ cx q[i], q[i+1]; } rx(a) q[2]; c = measure q;",
    'OPENQASM 2.0; include "qelib1.inc"; gate my(t) a, b { cx a, b; rz(t) b; } qreg q[2]; my(0.3) q[0], q[1];',
)
OPTIONS = "-b --backend fake_manila fake_kyv --shots --level --seed --model paper -o -q 7 --samples --epochs --save"
WORDS = (*OPTIONS.split(" "), "c.csv", "--fail-above", "1e-9", "--circuit", "qc", "'", "nan", "9" * 5000)

Call = Callable[[Path, random.Random], object]


@dataclass
class Found:
    """What came of `tried` inputs: how many were `refused`, the `slowest` in seconds, and what got out as it was."""

    tried: int = 0
    refused: int = 0
    slowest: float = 0.0
    internal: list[str] = field(default_factory=list)


def fuzz(kind: str, inputs: int, seed: int = 0, *, first: int = 0) -> Found:
    """Read so many random inputs of a kind of `KINDS`, from number `first` of this seed on."""
    found = Found()
    for number in range(first, first + inputs):
        with TemporaryDirectory() as folder:
            begin = time.perf_counter()
            try:
                KINDS[kind](Path(folder), random.Random(f"{kind} {seed} {number}"))
            except HybHanasError as error:
                found.refused += 1
                text = str(error)
                if len(text.splitlines()) != 1 or len(text) > LONGEST:
                    found.internal.append(f"{kind} {seed} {number}: message {text[:80]!r}")
            except BaseException as error:  # what this looks for; a panic of Rust is no Exception
                if isinstance(error, KeyboardInterrupt):
                    raise
                found.internal.append(f"{kind} {seed} {number}: {type(error).__name__}: {error}"[:200])
            found.tried += 1
            found.slowest = max(found.slowest, time.perf_counter() - begin)
    return found


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Bytes changed, zeroed, cut, doubled or nested deeply, as disks, copies and attackers do."""
    made = bytearray(content)
    at, size = rng.randrange(len(made)), rng.choice((1, 4, 100, 4096))
    kind = rng.choice(("bytes", "zero", "cut", "double", "deep", "digits"))
    if kind == "bytes":
        for _ in range(rng.choice((1, 3, 30))):
            made[rng.randrange(len(made))] = rng.randrange(256)
    elif kind == "zero":
        made[at : at + size] = bytes(len(made[at : at + size]))
    elif kind == "cut":
        del made[at:]
    elif kind == "double":
        made[at:at] = made[at : at + size]
    else:
        made[at:at] = (b"[" if kind == "deep" else b"9") * 20_000
    return bytes(made)


def edited(text: str, rng: random.Random) -> str:
    """JSON with one to three values replaced, removed or added anywhere."""
    whole = json.loads(text)
    for _ in range(rng.choice((1, 1, 3))):
        inner = whole
        while (children := [item for item in _items(inner) if isinstance(item, dict | list) and item]) and (
            rng.random() < 0.8
        ):
            inner = rng.choice(children)
        if not inner:
            continue
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = rng.choice(keys)
        if rng.random() < 0.15:
            del inner[key]
        elif rng.random() < 0.1 and isinstance(inner, dict):
            inner["unknown"] = 1
        else:
            inner[key] = deepcopy(rng.choice(VALUES))
    return json.dumps(whole)


def _items(value: Any) -> list[Any]:
    return list(value.values() if isinstance(value, dict) else value)


def _spoil(path: Path, rng: random.Random) -> Path:
    """Write another version of the file, which is JSON or not."""
    content = path.read_bytes()
    if path.suffix == ".json" and rng.random() < 0.6:
        path.write_text(edited(content.decode(), rng))
    else:
        path.write_bytes(mutated(content, rng))
    return path


def _config(folder: Path, rng: random.Random) -> object:
    from hybhanas_jupyter.nas.config import PRESETS, SearchConfig

    SearchConfig.preset(rng.choice(list(PRESETS))).save(folder / "search.json")
    return SearchConfig.load(_spoil(folder / "search.json", rng))


@cache
def _run_state() -> Any:
    from tests.nas import toy

    loop = toy.loop(toy.config())
    loop.generation()
    return loop.state


def _run_file(folder: Path, rng: random.Random) -> object:
    from hybhanas_jupyter.nas.run import Run

    _run_state().run.save(folder / "run.json")
    return repr(Run.load(_spoil(folder / "run.json", rng)))


def _store(folder: Path, rng: random.Random) -> object:
    from hybhanas_jupyter.nas.run import Run
    from hybhanas_jupyter.nas.runs import runs
    from hybhanas_jupyter.nas.store import Store

    path = folder / "runs.db"
    with Store(path, write=True) as store:
        run = store.add_run(_run_state().config)
        for evaluation in _run_state().evaluations.values():
            store.add_evaluation(run, evaluation, b"\0weights")
        store.add_generation(run, _run_state().generations[0])
    _spoil(path, rng)
    found = repr(runs(path, check=True))
    with Store(path) as store:
        return found, Run.read(store).front


@cache
def _device_text() -> str:
    from hybhanas_jupyter.hardware.devices import device

    with TemporaryDirectory() as folder:
        device("fake_manila").calibration.save(Path(folder) / "device.json")
        return (Path(folder) / "device.json").read_text()


def _calibration(folder: Path, rng: random.Random) -> object:
    from hybhanas_jupyter.circuits.ansatz import Ansatz
    from hybhanas_jupyter.costs.quantum import quantum_cost

    (folder / "device.json").write_text(_device_text())
    return repr(quantum_cost(Ansatz(2, 1), str(_spoil(folder / "device.json", rng))))


def _export(folder: Path, rng: random.Random) -> object:
    from hybhanas_jupyter.circuits.ansatz import Ansatz
    from hybhanas_jupyter.models.convolution import Convolution
    from hybhanas_jupyter.models.hybrid import CONFIG, WEIGHTS, HybridNet

    HybridNet((1, 8, 8), 3, (Convolution(4, pooling="max"),), Ansatz(3, 2, ("RY", "RZ"))).export(folder)
    _spoil(folder / rng.choice((CONFIG, WEIGHTS)), rng)
    return HybridNet.load(folder)


def _qasm(folder: Path, rng: random.Random) -> object:
    from hybhanas_jupyter.costs.quantum import quantum_cost

    text = mutated(rng.choice(QASM).encode(), rng).decode("utf-8", "replace")
    if rng.random() < 0.4:
        words = rng.choice(QASM).split(" ")
        rng.shuffle(words)
        text = " ".join(words)
    return repr(quantum_cost(text, "fake_manila"))


@cache
def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "hybhanas_jupyter")
    return shell


def _line(folder: Path, rng: random.Random) -> object:
    """A `%%qcost` cell with random options; its errors are IPython's, of one line."""
    from IPython.core.error import UsageError

    from hybhanas_jupyter.errors import BudgetError

    line = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(6)))
    body = "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\nqc.h(0)\nqc"
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        result = _shell().run_cell(f"%%qcost {line.replace('c.csv', str(folder / 'c.csv'))}\n{body}")
    if isinstance(result.error_in_exec, UsageError | BudgetError):
        raise HybHanasError(str(result.error_in_exec))
    return result.result if result.success else result.raise_error()


@cache
def _form() -> Any:
    from hybhanas_jupyter.nas.config import SearchConfig
    from hybhanas_jupyter.notebook.form.form import Form

    return Form(SearchConfig())


def _form_values(folder: Path, rng: random.Random) -> object:
    """What a user may type into the text boxes of the form."""
    from ipywidgets import Text

    from hybhanas_jupyter.nas.config import PRESETS, SearchConfig

    form = _form()
    form.write(SearchConfig.preset(rng.choice(list(PRESETS))))
    boxes = [field for field in form.fields if isinstance(field.widget, Text)]
    for box in rng.sample(boxes, 2):
        box.widget.value = rng.choice([str(value) if value != 10**400 else "9" * 5000 for value in VALUES])
    if form.read() is None:
        raise HybHanasError(f"marked: {', '.join(form.marked)}")
    return form


KINDS: dict[str, Call] = {
    "configurations": _config,
    "run files": _run_file,
    "stores": _store,
    "calibrations": _calibration,
    "exports": _export,
    "OpenQASM": _qasm,
    "lines": _line,
    "form values": _form_values,
}
