"""The quantum genes of a candidate: angle embedding, then layers of rotations and entanglers on a topology's pairs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from hybhanas_jupyter.errors import ArchitectureError, check_name, need, shown

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

ROTATIONS = ("RX", "RY", "RZ")
ENTANGLERS = ("CNOT", "CZ")
_IN_QISKIT = {"RX": "rx", "RY": "ry", "RZ": "rz", "CNOT": "cx", "CZ": "cz"}
MAX_QUBITS = 2_000
MAX_GATES = 10_000_000
Pairs = tuple[tuple[int, int], ...]


def _linear(n: int) -> Pairs:
    return tuple((i, i + 1) for i in range(n - 1))


def _circular(n: int) -> Pairs:
    return (*_linear(n), (n - 1, 0)) if n > 2 else _linear(n)


def _full(n: int) -> Pairs:
    return tuple((i, j) for i in range(n) for j in range(i + 1, n))


def _star(n: int) -> Pairs:
    return tuple((0, i) for i in range(1, n))


def _grid(n: int) -> Pairs:
    columns = ceil(sqrt(n))
    right = {i: i + 1 for i in range(n - 1) if (i + 1) % columns}
    below = {i: i + columns for i in range(n - columns)}
    return tuple((i, step[i]) for i in range(n) for step in (right, below) if i in step)


_BUILDERS: dict[str, Callable[[int], Pairs]] = {
    "linear": _linear,
    "circular": _circular,
    "full": _full,
    "star": _star,
    "grid": _grid,
}

TOPOLOGIES = tuple(_BUILDERS)


def pairs(topology: str, n_qubits: int) -> Pairs:
    """(control, target) pairs of one entangling layer on `n_qubits` qubits, in the order of their gates.

    linear: (i, i+1); circular: linear and then (n-1, 0) if n > 2; full: (i, j) for i < j; star: (0, i); grid: row-major
    on ceil(sqrt(n)) columns, for each i first its right and then its lower neighbour. One qubit has no pairs.
    Raises `UnknownNameError` for another topology. Source: paper section 3.1.2.
    """
    return _BUILDERS[check_name("topology", topology, TOPOLOGIES)](n_qubits)


class Operation(NamedTuple):
    """A gate, by PennyLane's name, on its qubits; a rotation takes the angle at `place` of `source`, "x" or "w"."""

    gate: str
    qubits: tuple[int, ...]
    source: str = ""
    place: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ansatz:
    """A parametrised circuit: RX embedding of the inputs, then `depth` layers of rotations and entanglers.

    One layer is each of `rotations`, in their order, on all qubits, then `entangler` on the pairs of `topology`.
    Raises `UnknownNameError` for unknown gates or topologies, `ArchitectureError` for sizes below 1 or beyond reason,
    or no rotations.
    Source: paper sections 3.1.1 and 3.1.2.
    """

    n_qubits: int
    depth: int
    rotations: tuple[str, ...] = ("RY",)
    entangler: str = "CNOT"
    topology: str = "linear"

    def __post_init__(self) -> None:
        for field in ("n_qubits", "depth"):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ArchitectureError(f"{field} is {shown(value)}: it must be a whole number of at least 1.")
        if isinstance(self.rotations, str) or not self.rotations:
            raise ArchitectureError(
                f"rotations is {shown(self.rotations)}: give a tuple such as ('RY',) or ('RZ', 'RY')."
            )
        object.__setattr__(self, "rotations", tuple(self.rotations))
        for rotation in self.rotations:
            check_name("rotation", rotation, ROTATIONS)
        check_name("entangler", self.entangler, ENTANGLERS)
        check_name("topology", self.topology, TOPOLOGIES)
        self._check_size()

    @cached_property
    def pairs(self) -> Pairs:
        """(control, target) of the entanglers of one layer."""
        return pairs(self.topology, self.n_qubits)

    def _check_size(self) -> None:
        """Before anything is built; the pairs are counted only where there may be too many."""
        if self.n_qubits > MAX_QUBITS:
            raise ArchitectureError(f"n_qubits is {shown(self.n_qubits)}: it must be at most {MAX_QUBITS:,}.")
        layer = len(self.rotations) * self.n_qubits
        if self.depth * (layer + self.n_qubits**2) > MAX_GATES < (gates := self.depth * (layer + len(self.pairs))):
            raise ArchitectureError(
                f"depth is {shown(self.depth)}: {shown(gates)} gates, at most {MAX_GATES:,} can be built."
            )

    @property
    def num_weights(self) -> int:
        """Trainable angles: depth x rotations x qubits."""
        return self.depth * len(self.rotations) * self.n_qubits

    def operations(self) -> Iterator[Operation]:
        """The gates in their order, as Qiskit and PennyLane build them; the other engines are fast paths of it."""
        for qubit in range(self.n_qubits):
            yield Operation("RX", (qubit,), "x", (qubit,))
        for layer in range(self.depth):
            for place, rotation in enumerate(self.rotations):
                for qubit in range(self.n_qubits):
                    yield Operation(rotation, (qubit,), "w", (layer, place, qubit))
            for pair in self.pairs:
                yield Operation(self.entangler, pair)

    def to_circuit(self) -> "QuantumCircuit":
        """The circuit with parameters x (n_qubits) and w (depth, rotations, qubits), flattened; no measurements."""
        from qiskit import QuantumCircuit
        from qiskit.circuit import ParameterVector

        circuit = QuantumCircuit(self.n_qubits, name="ansatz")
        angles = {"x": iter(ParameterVector("x", self.n_qubits)), "w": iter(ParameterVector("w", self.num_weights))}
        append = {name: getattr(circuit, _IN_QISKIT[name]) for name in (*ROTATIONS, *ENTANGLERS)}
        for gate, qubits, source, _ in self.operations():
            append[gate](*([next(angles[source])] if source else []), *qubits)
        return circuit

    def to_qnode(self) -> Callable[..., Any]:
        """A PennyLane QNode f(x, w) -> list of <Z>, in radians: x (..., n_qubits), w (depth, rotations, n_qubits)."""
        need("search", "Ansatz.to_qnode")
        import pennylane as qml

        @qml.qnode(qml.device("default.qubit", wires=self.n_qubits))
        def ansatz(x: Any, w: Any) -> Any:
            for gate, qubits, source, place in self.operations():
                angles = [_entry(x if source == "x" else w, place)] if source else []
                getattr(qml, gate)(*angles, wires=qubits)
            return [qml.expval(qml.PauliZ(qubit)) for qubit in range(self.n_qubits)]

        return ansatz


def _entry(angles: Any, place: tuple[int, ...]) -> Any:
    """The angle at this place of an array (of every sample, where the array holds many) or of nested lists."""
    if hasattr(angles, "shape"):
        return angles[(..., *place)]
    return angles[place[0]] if len(place) == 1 else _entry(angles[place[0]], place[1:])
