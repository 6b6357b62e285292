"""Run a cell's body in the user's namespace and find the circuits in it."""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from types import CodeType

    from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True)
class CellResult:
    """What a body left behind.

    `value` and `label` are those of the last expression ("" without one), `silent` says that a semicolon ends the body,
    `bound` are the variables it bound, `used` those it mentions.
    """

    value: object
    label: str
    silent: bool
    bound: dict[str, object]
    used: dict[str, object]


def run_body(ip: "InteractiveShell", line: str, body: str) -> CellResult:
    """Run the body of a `%%qcost line` cell as IPython runs a cell; its errors pass through untouched.

    A body of OpenQASM text is not run: it is the only variable of the result.
    Raises `UsageError` for a top-level await, which a magic cannot run.
    """
    __tracebackhide__ = True
    if _is_qasm(body):
        return CellResult(value=None, label="", silent=True, bound={"OpenQASM": body}, used={})
    # Tracebacks count the magic's own line and the empty lines that IPython removes from the top of a body.
    removed = body[: len(body) - len(body.lstrip())].count("\n")
    source = "\n" * (1 + removed) + ip.transform_cell(body)
    name = ip.compile.cache(source, ip.displayhook.prompt_count, raw_code=f"%%qcost {line}\n{body}")
    tree = ip.transform_ast(ip.compile.ast_parse(source, filename=name))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    last = tree.body.pop().value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    steps = [_compile(ip, tree, name, "exec")]
    if last is not None:
        steps.append(_compile(ip, ast.Expression(last), name, "eval"))
    before = dict(ip.user_ns)
    value = None
    for code in steps:
        value = eval(code, ip.user_global_ns, ip.user_ns)  # exec of a module's code, eval of the last expression
    after = {k: v for k, v in ip.user_ns.items() if not k.startswith("_")}
    return CellResult(
        value=value,
        label=shorten(ast.unparse(last), 40) if last is not None else "",
        silent=ip.displayhook.semicolon_at_end_of_expression(source),
        bound={k: v for k, v in after.items() if k in stored or k not in before or before[k] is not v},
        used={node.id: after[node.id] for node in names if node.id in after},
    )


def _compile(ip: "InteractiveShell", tree: ast.AST, name: str, mode: str) -> "CodeType":
    with ip.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        code = ip.compile(tree, name, mode)
    if code.co_flags & inspect.CO_COROUTINE:
        raise UsageError("A top-level await cannot run under %%qcost: await in a cell of its own, then %%qcost.")
    return code


def _is_qasm(body: str) -> bool:
    lines = (line.strip() for line in body.splitlines())
    first = next((line for line in lines if line and not line.startswith("//")), "")
    return first.startswith("OPENQASM")


def find_circuits(result: CellResult, is_circuit: Callable[[object], bool]) -> dict[str, Any]:
    """The circuits of a cell by name, each object once.

    They are the variables that the cell binds and its last expression, or, if these hold none, the variables it
    mentions. Lists, tuples and dicts of circuits count by element: `circuits[0]`.
    """
    own = result.bound | ({result.label: result.value} if result.label else {})
    for variables in (own, result.used):
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


def _elements(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        return ((f"{name}[{key!r}]", item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return ((f"{name}[{index}]", item) for index, item in enumerate(value))
    return iter([(name, value)])
