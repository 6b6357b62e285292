"""Device documents of Amazon Braket (`AwsDevice(arn).properties.json()`, saved): a format of its own.

Gates, fidelities and coherence times as its "standardized" part and IonQ's "provider" part give them; durations are in
IonQ's only, and typical of the maker elsewhere.
"""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

from hybhanas_jupyter.hardware.vendors import Entry

_GATES = {"v": "sx", "x90": "sx", "cphaseshift": "cp", "cphase": "cp", "cnot": "cx"}  # Braket's name -> Qiskit's
_KNOWN = {"gpi", "gpi2", "prx", "rx", "ry", "rz", "x", "sx", "ms", "zz", "cz", "cx", "iswap", "cp", "ecr", "rxx", "rzz"}
_PAIRS = {"ms", "zz", "cz", "cx", "iswap", "cp", "ecr", "rxx", "rzz"}
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def read_document(document: Any, name: str) -> tuple[list[Entry], list[tuple[float | None, float | None]], str, Any]:
    """Gates, (T1, T2) of the qubits, the name with its maker, and the date of the document.

    Qubits are numbered from 0 in the order of Braket's labels. Raises `KeyError`, `TypeError` or `ValueError` for a
    document that is not whole.
    """
    maker = document["braketSchemaHeader"]["name"].split(".")[2]
    paradigm, standard = document["paradigm"], document.get("standardized") or {}
    labels = _labels(paradigm, standard)
    place = {label: i for i, label in enumerate(labels)}
    natives = [_GATES.get(gate.lower(), gate.lower()) for gate in paradigm["nativeGateSet"]]
    provider = document.get("provider") or {}
    timing, means = provider.get("timing") or {}, provider.get("fidelity") or {}
    entries: list[Entry] = []
    for gate in [gate for gate in dict.fromkeys(natives) if gate in _KNOWN]:
        size = 2 if gate in _PAIRS else 1
        usual = _error(means.get(f"{size}Q", {}).get("mean")) if gate != "rz" else 0.0
        seconds = timing.get(f"{size}Q") if gate != "rz" else 0.0
        places: Iterable[tuple[str, ...]] = _couplers(paradigm, labels) if size == 2 else ((label,) for label in labels)
        for on in places:
            error = _pair_error(standard, on, gate) if size == 2 else _one_error(standard, on[0], gate)
            entries.append((gate, tuple(place[label] for label in on), seconds, usual if error is None else error))
    spam = _error(means.get("spam", {}).get("mean"))
    for label in labels:
        error = _fidelity(standard, label, readout=True)
        entries.append(("measure", (place[label],), timing.get("readout"), spam if error is None else error))
    times = [_coherence(standard, label, timing) for label in labels]
    return entries, times, f"{maker}_{name}", (document.get("service") or {}).get("updatedAt")


def _labels(paradigm: Any, standard: Any) -> list[str]:
    """Braket's names of the qubits, numbers in their order."""
    graph = paradigm["connectivity"].get("connectivityGraph") or {}
    named = set(graph) | {other for others in graph.values() for other in others}
    named |= set(standard.get("oneQubitProperties") or {})
    return sorted(map(str, named), key=int) if named else [str(i) for i in range(paradigm["qubitCount"])]


def _couplers(paradigm: Any, labels: list[str]) -> list[tuple[str, ...]]:
    graph = paradigm["connectivity"].get("connectivityGraph") or {}
    if paradigm["connectivity"].get("fullyConnected") or not graph:
        return list(permutations(labels, 2))
    directed = {(str(a), str(b)) for a, others in graph.items() for b in others}
    return sorted(directed | {(b, a) for a, b in directed}, key=lambda on: (int(on[0]), int(on[1])))


def _one_error(standard: Any, label: str, gate: str) -> float | None:
    return 0.0 if gate == "rz" else _fidelity(standard, label, readout=False)


def _fidelity(standard: Any, label: str, *, readout: bool) -> float | None:
    """The error of a qubit's gates (randomized benchmarking), or of its readout."""
    listed = ((standard.get("oneQubitProperties") or {}).get(label) or {}).get("oneQubitFidelity") or []
    wanted = [one for one in listed if one["fidelityType"]["name"].startswith("READOUT") == readout]
    return _error(wanted[0]["fidelity"]) if wanted else None


def _pair_error(standard: Any, on: tuple[str, ...], gate: str) -> float | None:
    pairs = standard.get("twoQubitProperties") or {}
    listed = (pairs.get("-".join(on)) or pairs.get("-".join(on[::-1])) or {}).get("twoQubitGateFidelity") or []
    named = [one for one in listed if _GATES.get(one["gateName"].lower(), one["gateName"].lower()) == gate]
    return _error(named[0]["fidelity"]) if named else None


def _error(fidelity: float | None) -> float | None:
    return None if fidelity is None else min(1.0, max(0.0, 1 - float(fidelity)))


def _coherence(standard: Any, label: str, timing: Any) -> tuple[float | None, float | None]:
    """(T1, T2) of a qubit, or of all."""
    own = (standard.get("oneQubitProperties") or {}).get(label)
    if own is None:
        return timing.get("T1") or None, timing.get("T2") or None
    t1, t2 = (float(own[name]["value"]) * _UNITS[own[name]["unit"].lower()] for name in ("T1", "T2"))
    return t1 or None, t2 or None
