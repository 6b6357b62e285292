"""The arguments of a cell's QNodes: those it was called with, or, from the indices it uses, their shapes."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

from hybhanas_jupyter.errors import CircuitError


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
