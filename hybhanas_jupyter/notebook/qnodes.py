"""Remember with which arguments a cell calls its QNodes: their shapes make the circuit."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any


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
    if "pennylane" not in sys.modules and "pennylane" not in source:
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
