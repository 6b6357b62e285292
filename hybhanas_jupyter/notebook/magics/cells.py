"""Run a cell's body in the user's namespace, find the circuits in it and the arguments of its QNodes."""

import ast
import dis
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib.util import find_spec
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from hybhanas_jupyter.circuits.readers import is_circuit
from hybhanas_jupyter.errors import CircuitError, shown

if TYPE_CHECKING:
    from types import CodeType

    from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True)
class QNodeCall:
    """The last call of a QNode in a cell."""

    qnode: Any
    arguments: tuple[Any, ...]


Calls = dict[int, QNodeCall]


@contextmanager
def recorded_calls(source: str) -> Iterator[Calls]:
    """While the block runs, the last call of every QNode, by the QNode's id.

    PennyLane is only imported if it already is, or if `source`, which is about to run, names it.
    """
    calls: Calls = {}
    wanted = "pennylane" in sys.modules or "pennylane" in source
    if not wanted or find_spec("pennylane") is None:
        yield calls
        return
    from pennylane import QNode

    call = QNode.__call__

    @wraps(call)
    def recording(qnode: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        calls[id(qnode)] = QNodeCall(qnode, _positional(qnode.func, args, kwargs))
        return call(qnode, *args, **kwargs)

    QNode.__call__ = recording
    try:
        yield calls
    finally:
        QNode.__call__ = call


def _positional(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    try:
        return inspect.signature(function).bind(*args, **kwargs).args
    except TypeError:  # a wrong call: PennyLane will say so to the user
        return args


def arguments_of(circuit: object, calls: Calls) -> tuple[Any, ...]:
    """The arguments to build `circuit` with: () for all but QNodes that need some.

    A QNode that was not called is run once with probes in the place of its arguments; the indices it takes of them are
    the shapes: w[2][1] needs an array of at least (3, 2). Raises `CircuitError` where that does not work.
    """
    if id(circuit) in calls:
        return calls[id(circuit)].arguments
    pennylane = sys.modules.get("pennylane")
    if pennylane is None or not isinstance(circuit, pennylane.QNode):
        return ()
    parameters = inspect.signature(circuit.func).parameters.values()
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    probes = [_Probe(set()) for _ in required]
    try:
        with pennylane.queuing.AnnotatedQueue():
            circuit.func(*probes)
    except Exception:  # whatever the user's function says to a probe
        name = circuit.func.__name__
        call = f"{name}({', '.join(required)})"
        raise CircuitError(
            f"QNode {name!r} needs arguments whose shapes cannot be derived: call it in the cell, as in {call}."
        ) from None
    return tuple(probe.stand_in() for probe in probes)


class _Probe(float):
    """An angle that can also be indexed, and remembers how."""

    seen: set[tuple[int, ...]]
    path: tuple[int, ...]

    def __new__(cls, seen: set[tuple[int, ...]], path: tuple[int, ...] = ()) -> "_Probe":
        probe = super().__new__(cls, 0.5)
        probe.seen, probe.path = seen, path
        seen.add(path)
        return probe

    def __getitem__(self, key: int | tuple[int, ...]) -> "_Probe":
        indices = key if isinstance(key, tuple) else (key,)
        if not all(isinstance(index, int) and index >= 0 for index in indices):
            raise TypeError("only whole, non-negative indices give away a shape")
        return _Probe(self.seen, (*self.path, *indices))

    __iter__ = None

    def stand_in(self) -> Any:
        """An angle, or an array of the shape that was seen."""
        import numpy as np

        axes = max(map(len, self.seen))
        leaves = [path for path in self.seen if len(path) == axes]
        return np.zeros([max(indices) + 1 for indices in zip(*leaves, strict=True)]) if axes else 0.5


@dataclass(frozen=True)
class CellResult:
    """What a body left behind.

    `value` and `label` are those of the last expression ("" without one), `bound` the variables it bound, `used` those
    it mentions, `calls` the QNodes it called, `repeated` the names that it binds in loops.
    """

    value: object
    label: str
    bound: dict[str, object]
    used: dict[str, object]
    calls: Calls
    repeated: frozenset[str] = frozenset()


def run_body(ip: "InteractiveShell", line: str, body: str) -> CellResult:
    """Run the body of a `%%qcost line` cell as IPython runs a cell, display included; its errors pass through.

    A body of OpenQASM text is not run: it is the only variable of the result.
    Raises `UsageError` for a top-level await, which a magic cannot run.
    """
    __tracebackhide__ = True
    if is_circuit(body):
        return CellResult(value=None, label="", bound={"OpenQASM": body}, used={}, calls={})
    # Tracebacks count the magic's own line and the empty lines that IPython removes from the top of a body.
    removed = body[: len(body) - len(body.lstrip())].count("\n")
    source = "\n" * (1 + removed) + ip.transform_cell(body)
    file = ip.compile.cache(source, ip.displayhook.prompt_count, raw_code=f"%%qcost {line}\n{body}")
    nodes = ip.transform_ast(ip.compile.ast_parse(source, filename=file)).body
    shown = [] if ip.displayhook.semicolon_at_end_of_expression(source) else _shown(nodes, ip.ast_node_interactivity)
    codes = [_compile(ip, node, file, node in shown) for node in nodes]
    # Identities, not objects: what the body replaces must be freed as in a plain cell.
    before = {name: id(value) for name, value in ip.user_ns.items()}
    value = None
    with recorded_calls(source) as calls:
        for node, code in zip(nodes, codes, strict=True):
            value = eval(code, ip.user_global_ns, ip.user_ns)  # an expression's value, None for a statement
            if node in shown:
                sys.displayhook(value)
    after = {name: value for name, value in ip.user_ns.items() if not name.startswith("_")}
    stored = {name for code in codes for name in _stored(code)}
    bound = {name: v for name, v in after.items() if name in stored or before.get(name) != id(v)}
    mentioned = (node.id for tree in nodes for node in ast.walk(tree) if isinstance(node, ast.Name))
    used = {name: after[name] for name in mentioned if name in after}
    label = shorten(ast.unparse(nodes[-1]), 40) if nodes and isinstance(nodes[-1], ast.Expr) else ""
    return CellResult(value, label, bound, used, calls, frozenset(_bound_in_loops(nodes)))


def _bound_in_loops(nodes: list[ast.stmt]) -> Iterator[str]:
    loops = (node for tree in nodes for node in ast.walk(tree) if isinstance(node, ast.For | ast.While))
    inner = (node for loop in loops for child in loop.body for node in ast.walk(child))
    return (node.id for node in inner if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def evaluate(ip: "InteractiveShell", expression: str, local_ns: Mapping[str, Any] | None) -> CellResult:
    """The value of the expression of a `%qcost` line; errors inside it pass through.

    Raises `UsageError` for what is no expression, or mentions an unknown name.
    """
    __tracebackhide__ = True
    if not expression:
        raise UsageError("No circuit given: write %qcost EXPRESSION [options], the expression first.")
    with recorded_calls(expression) as calls:
        try:
            value = eval(expression, ip.user_global_ns, local_ns)
        except (SyntaxError, NameError) as error:
            raise UsageError(f"Cannot evaluate {shown(expression)}: {error}.") from None
    return CellResult(value, label=expression, bound={}, used={}, calls=calls)


def _shown(nodes: list[ast.stmt], interactivity: str) -> list[ast.stmt]:
    """The nodes whose values IPython displays under this setting of `ast_node_interactivity`."""
    if interactivity in ("all", "last", "none"):
        return {"all": nodes, "last": nodes[-1:], "none": []}[interactivity]
    return [node for node in nodes[-1:] if isinstance(node, ast.Expr)]


def _compile(ip: "InteractiveShell", node: ast.stmt, file: str, is_shown: bool) -> "CodeType":
    tree: ast.mod
    if isinstance(node, ast.Expr):
        tree, mode = ast.Expression(node.value), "eval"
    elif is_shown:
        tree, mode = ast.Interactive([node]), "single"
    else:
        tree, mode = ast.Module([node], []), "exec"
    with ip.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        code = ip.compile(tree, file, mode)
    if code.co_flags & inspect.CO_COROUTINE:
        raise UsageError("A top-level await cannot run under %%qcost: await in a cell of its own, then %%qcost.")
    return code


def _stored(code: "CodeType") -> Iterator[str]:
    """The variables that the code binds, even to the object that they were bound to before; no function's own."""
    return (step.argval for step in dis.get_instructions(code) if step.opname in ("STORE_NAME", "STORE_GLOBAL"))


def find_circuits(result: CellResult) -> dict[str, Any]:
    """The circuits of a cell by name, each object once.

    They are the variables that the cell binds and its last expression; if these hold none, the variables it mentions;
    and then the QNodes that it called, wherever they are. Lists, tuples and dicts count by element: `circuits[0]`.
    """
    own = result.bound | ({result.label: result.value} if result.label else {})
    called = {call.qnode.func.__name__: call.qnode for call in result.calls.values()}
    for variables in (own, result.used, called):
        found: dict[str, Any] = {}
        for name, value in variables.items():
            for label, circuit in _elements(name, value):
                if not is_circuit(circuit):
                    # The first element speaks for all: a long list of numbers is not searched.
                    break
                if not any(circuit is other for other in found.values()):
                    found[label] = circuit
        if found:
            return found
    return {}


def loop_note(result: CellResult, circuits: Iterable[str]) -> str:
    """What to do where only the last of several circuits that a loop made is left; empty if none was lost."""
    names = list(circuits)
    lost = [] if any("[" in name for name in names) else [name for name in names if name in result.repeated]
    if not lost:
        return ""
    return (
        f"{', '.join(lost)}: bound in a loop, so only the last one is costed. "
        "Put them into a list to cost all: circuits.append(...)."
    )


def _elements(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        return ((f"{name}[{key!r}]", item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return ((f"{name}[{index}]", item) for index, item in enumerate(value))
    return iter([(name, value)])
