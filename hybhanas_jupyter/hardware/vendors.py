"""What other makers than IBM publish of their devices, for what a target of theirs leaves out.

A declared table: typical values of a maker stand in for missing durations, errors and relaxation times, and the
calibration says so, with their source. Gates that Qiskit does not know get a standard gate beside them, on the same
qubits, for the transpiler: what one pulse of theirs does. Source: docs/cost_model.md, "Devices of other makers".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Entry = tuple[str, tuple[int, ...], float | None, float | None]  # name, qubits, seconds, error

# Native gates of other makers: number of qubits, and the standard gate that one of them does between virtual Z.
NATIVE = {
    "gpi": (1, "x"),
    "gpi2": (1, "sx"),
    "prx": (1, "rx"),
    "r": (1, "rx"),
    "rxpi": (1, "x"),
    "rxpi2": (1, "sx"),
    "rxpi2dg": (1, "sxdg"),
    "ms": (2, "rxx"),
    "zz": (2, "rzz"),
    "move": (2, ""),
}


@dataclass(frozen=True)
class Vendor:
    """Typical values of a maker's devices.

    - `patterns`: of device names, lower case
    - `durations`, `errors`: by number of qubits, and of "measure" and "reset"; seconds and average infidelity
    - `t1`, `t2`: seconds; None where nothing is published
    - `serial`: one gate after the other, as in a single ion chain
    - `native`: what the device runs, where a target lists what its compiler takes instead
    """

    name: str
    patterns: tuple[str, ...]
    source: str
    durations: Mapping[int | str, float] = field(default_factory=dict)
    errors: Mapping[int | str, float] = field(default_factory=dict)
    t1: float | None = None
    t2: float | None = None
    serial: bool = False
    native: tuple[str, ...] = ()


_IONQ_SOURCE = (
    "IonQ's characterizations as Azure Quantum's page and mqt.bench show them; reset from memory, to be checked"
)
VENDORS = (
    Vendor(
        name="IonQ Forte",
        patterns=("*forte*",),
        source=_IONQ_SOURCE,
        durations={1: 130e-6, 2: 970e-6, "measure": 150e-6, "reset": 50e-6},
        errors={1: 2e-4, 2: 6.8e-3, "measure": 4.1e-3},
        t1=100.0,
        t2=1.0,
        serial=True,
        native=("gpi", "gpi2", "zz"),
    ),
    Vendor(
        name="IonQ Aria",
        patterns=("*aria*", "*ionq*"),
        source=_IONQ_SOURCE,
        durations={1: 135e-6, 2: 600e-6, "measure": 300e-6, "reset": 20e-6},
        errors={1: 5e-4, 2: 1.28e-2, "measure": 3.9e-3},
        t1=10.0,
        t2=1.0,
        serial=True,
        native=("gpi", "gpi2", "ms"),
    ),
    Vendor(
        name="Quantinuum",
        patterns=("*quantinuum*", "h1-*", "h2-*"),
        source="from memory of Pino et al., Nature 592, 209 (2021), to be checked: gates 5 and 25 us; transport and "
        "cooling before a two-qubit gate taken as 2 ms, a guess at the order of magnitude; errors of the H2 data sheet",
        durations={1: 5e-6, 2: 2e-3, "measure": 120e-6, "reset": 10e-6},
        errors={1: 3e-5, 2: 1.5e-3, "measure": 1.5e-3},
    ),
    Vendor(
        name="AQT",
        patterns=("*aqt*", "*ibex*", "*pine*"),
        source="from memory of Pogorelov et al., PRX Quantum 2, 020343 (2021), to be checked",
        durations={1: 15e-6, 2: 200e-6, "measure": 3e-3},
        errors={1: 1.4e-3, 2: 1e-2, "measure": 4e-3},
        t1=1.14,
        t2=0.45,
        serial=True,
    ),
    Vendor(
        name="IQM",
        patterns=("*iqm*", "*helmi*", "*q50*", "*garnet*", "*emerald*", "*adonis*", "*deneb*"),
        source="IQM's fake backends and calibrations in mqt.bench (readout 15 us)",
        durations={1: 40e-9, 2: 80e-9, "measure": 15e-6},
    ),
    Vendor(
        name="Rigetti",
        patterns=("*rigetti*", "*ankaa*", "*cepheus*"),
        source="from memory of Rigetti's announcement of Ankaa-3 (iSWAP 72 ns) and QPU pages (40 ns, readout 2 us), to "
        "be checked; passive reset a guess, 5 T1",
        durations={1: 40e-9, 2: 72e-9, "measure": 2e-6, "reset": 150e-6},
    ),
    Vendor(name="OQC", patterns=("*oqc*", "*lucy*", "*toshiko*"), source="nothing published is known"),
)


def vendor_of(name: str) -> Vendor | None:
    """The maker of a device, by its name; None for IBM's and unknown ones."""
    low = name.lower()
    return next((v for v in VENDORS if any(fnmatchcase(low, pattern) for pattern in v.patterns)), None)


def completed(entries: Iterable[Entry], vendor: Vendor | None) -> tuple[list[Entry], tuple[str, ...]]:
    """The entries with the maker's typical values where a gate has none at all, and one line for each such value.

    Rotations about Z are virtual with all of these makers: they take no time.
    """
    listed = list(entries)
    if vendor is None:
        return listed, ()
    filled, lines = [], []
    for gate in dict.fromkeys(name for name, *_ in listed):
        own = [entry for entry in listed if entry[0] == gate]
        kind: int | str = gate if gate in ("measure", "reset") else len(own[0][1])
        seconds, error = vendor.durations.get(kind), vendor.errors.get(kind)
        if gate in ("rz", "p", "id"):
            seconds, error = 0.0, 0.0
        takes = seconds is not None and all(entry[2] is None for entry in own)
        fails = error is not None and all(entry[3] is None for entry in own)
        filled += [(g, on, seconds if takes else s, error if fails else e) for g, on, s, e in own]
        if gate not in ("rz", "p", "id"):
            lines += [f"{gate}: duration {seconds:g} s, typical of {vendor.name}"] if takes else []
            lines += [f"{gate}: error {error:g}, typical of {vendor.name}"] if fails else []
    return filled, (*lines, *([f"typical values of {vendor.name}: {vendor.source}"] if lines else []))


def with_stand_ins(entries: Iterable[Entry]) -> tuple[list[Entry], tuple[str, ...]]:
    """The entries and, for the transpiler, a standard gate for each native one, with virtual Z on all of its qubits."""
    listed = list(entries)
    names = {name for name, *_ in listed}
    added = [
        (NATIVE[name][1], on, seconds, error)
        for name, on, seconds, error in listed
        if name in NATIVE and NATIVE[name][1] not in {"", *names}
    ]
    if not added:
        return listed, ()
    qubits = sorted({qubit for _, on, *_ in listed for qubit in on})
    virtual: list[Entry] = [("rz", (qubit,), 0.0, 0.0) for qubit in qubits] if "rz" not in names else []
    pairs = dict.fromkeys((NATIVE[name][1], name) for name in names if name in NATIVE and NATIVE[name][1])
    lines = tuple(f"{standard} stands for one {native}, between virtual Z" for standard, native in sorted(pairs))
    return [*listed, *added, *virtual], lines


def unitary(name: str, *angles: float) -> "NDArray[np.complex128]":
    """The matrix of a standard gate (angles in radians), or of IonQ's, IQM's and Rigetti's native ones (IonQ: turns).

    Qiskit's order: the first qubit last.
    """
    import numpy as np
    from qiskit.circuit.library import RGate, get_standard_gate_name_mapping

    turns = (2 * np.pi * np.array(angles)).tolist()
    fixed = {"rxpi": (np.pi, 0.0), "rxpi2": (np.pi / 2, 0.0), "rxpi2dg": (-np.pi / 2, 0.0), "prx": angles}
    if name in fixed or name == "gpi2":
        return np.asarray(RGate(*(fixed[name] if name in fixed else (np.pi / 2, turns[0]))).to_matrix())
    if name == "gpi":
        return 1j * RGate(np.pi, turns[0]).to_matrix()
    if name == "zz":
        return np.diag(np.exp(-0.5j * turns[0] * np.array([1, -1, -1, 1])))
    if name == "ms":
        first, second = (1j * RGate(np.pi, turn).to_matrix() for turn in turns[:2])
        half = 0.5 * (turns[2] if len(turns) > 2 else np.pi / 2)
        return np.cos(half) * np.eye(4) - 1j * np.sin(half) * np.kron(second, first)
    return np.asarray(type(get_standard_gate_name_mapping()[name])(*angles).to_matrix())


def read_error_profile(backend: Any) -> list[Entry]:
    """Gates of an IQM fake backend from its `error_profile`: depolarizing errors and relaxation become average ones.

    A pair that is coupled through a resonator takes a move, a cz with the resonator, and the move back.
    """
    profile, target = backend.error_profile, backend.target
    names = [backend.index_to_qubit_name(i) for i in range(backend.num_qubits)]
    gates = _Profile(profile, names)
    entries: list[Entry] = [("r", (i,), *gates.one("prx", i)) for i in range(backend.num_qubits)]
    for on in target["cz"]:
        if on is not None:
            entries.append(("cz", tuple(on), *gates.pair(*on)))
    entries += [("measure", (i,), None, gates.readout(i)) for i in range(backend.num_qubits)]
    return entries


def relaxation_of(backend: Any) -> list[tuple[float, float]]:
    """(T1, T2) of the qubits of an IQM fake backend in seconds."""
    profile = backend.error_profile
    names = [backend.index_to_qubit_name(i) for i in range(backend.num_qubits)]
    return [(1e-9 * profile.t1s[name], 1e-9 * profile.t2s[name]) for name in names]


def flips_of(backend: Any) -> list[tuple[float, float]]:
    """Probabilities that |0> and |1> are read wrongly, of every qubit of an IQM fake backend."""
    errors = backend.error_profile.readout_errors
    names = [backend.index_to_qubit_name(i) for i in range(backend.num_qubits)]
    return [(float(errors[name]["0"]), float(errors[name]["1"])) for name in names]


class _Profile:
    """Seconds and average error of the gates of an `IQMErrorProfile`, whose times are nanoseconds."""

    def __init__(self, profile: Any, names: list[str]) -> None:
        self._profile, self._names = profile, names

    def one(self, gate: str, qubit: int) -> tuple[float, float]:
        name, seconds = self._names[qubit], self._profile.single_qubit_gate_durations[gate]
        depolarized = self._profile.single_qubit_gate_depolarizing_error_parameters[gate][name]
        return 1e-9 * seconds, _average_error(self._kept(depolarized, [name], seconds), 2)

    def pair(self, first: int, second: int) -> tuple[float, float]:
        a, b = self._names[first], self._names[second]
        direct = self._two("cz", a, b)
        if direct is not None:
            return direct[0], _average_error(direct[1], 4)
        resonators = [part for part in self._profile.t1s if part not in self._names]
        for resonator in resonators:
            move, cz = self._two("move", a, resonator), self._two("cz", b, resonator)
            if move is not None and cz is not None:
                return 2 * move[0] + cz[0], _average_error(move[1] ** 2 * cz[1], 4)
        raise KeyError(f"no cz of {a} and {b}")

    def readout(self, qubit: int) -> float:
        flips = self._profile.readout_errors[self._names[qubit]]
        return 0.5 * float(flips["0"] + flips["1"])

    def _two(self, gate: str, a: str, b: str) -> tuple[float, float] | None:
        errors = self._profile.two_qubit_gate_depolarizing_error_parameters.get(gate, {})
        depolarized = errors.get((a, b), errors.get((b, a)))
        if depolarized is None:
            return None
        seconds = self._profile.two_qubit_gate_durations[gate]
        return 1e-9 * seconds, self._kept(depolarized, [a, b], seconds)

    def _kept(self, depolarized: float, parts: list[str], duration: float) -> float:
        """Process fidelity of relaxation on each part, then depolarization."""
        from math import exp, prod

        t1, t2 = self._profile.t1s, self._profile.t2s
        relaxed = prod(0.25 * (1 + exp(-duration / t1[p]) + 2 * exp(-duration / t2[p])) for p in parts)
        return (1 - depolarized) * relaxed + depolarized / 4 ** len(parts)


def _average_error(process_fidelity: float, dimension: int) -> float:
    return max(0.0, (1 - process_fidelity) * dimension / (dimension + 1))
