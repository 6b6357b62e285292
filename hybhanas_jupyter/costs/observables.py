"""What is read from a circuit: sums of Pauli strings, given as text or by Qiskit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from hybhanas_jupyter.errors import CircuitError, shown
from hybhanas_jupyter.formatting import significant

if TYPE_CHECKING:
    from qiskit.quantum_info import Pauli, SparsePauliOp

One: TypeAlias = "str | SparsePauliOp | Pauli"
Letters = tuple[tuple[int, str], ...]  # (qubit, "X", "Y" or "Z"), sorted; () is the identity
_SHOWN = 3  # terms of a sum in its label


@dataclass(frozen=True)
class Term:
    """A coefficient times a Pauli string."""

    coefficient: float
    letters: Letters

    @property
    def label(self) -> str:
        """Such as "Z0 X3"; "1" for the identity."""
        return " ".join(f"{letter}{qubit}" for qubit, letter in self.letters) or "1"


@dataclass(frozen=True)
class Observable:
    """A sum of Pauli strings."""

    terms: tuple[Term, ...]

    @property
    def label(self) -> str:
        """Such as "Z0 Z1" or "0.5 Z0 - 1 X1"; long sums are cut."""
        if len(self.terms) == 1 and self.terms[0].coefficient == 1:
            return self.terms[0].label
        parts = [f"{significant(abs(t.coefficient))} {t.label}" for t in self.terms[:_SHOWN]]
        signs = ["- " if t.coefficient < 0 else "+ " for t in self.terms]
        text = " ".join(sign + part for sign, part in zip(signs, parts, strict=False)).removeprefix("+ ")
        return text if len(self.terms) <= _SHOWN else f"{text} ... ({len(self.terms)} terms)"

    @cached_property
    def strings(self) -> tuple[Term, ...]:
        """The terms that depend on the state: all but the identity."""
        return tuple(term for term in self.terms if term.letters)

    @property
    def constant(self) -> float:
        """The coefficient of the identity."""
        return sum(term.coefficient for term in self.terms if not term.letters)

    @property
    def qubits(self) -> set[int]:
        """Qubits that a term acts on."""
        return {qubit for term in self.terms for qubit, _ in term.letters}

    def on(self, places: Mapping[int, int]) -> "Observable":
        """The same observable on other qubits: qubit i on `places[i]`."""
        return Observable(
            tuple(
                Term(t.coefficient, tuple(sorted((places[q], letter) for q, letter in t.letters))) for t in self.terms
            )
        )

    def groups(self) -> list[list[Term]]:
        """The strings in groups that are read by the same shots: no two of them differ on a qubit that both act on."""
        groups: list[tuple[dict[int, str], list[Term]]] = []
        for term in sorted(self.strings, key=lambda term: -len(term.letters)):
            for basis, members in groups:
                if all(basis.get(qubit, letter) == letter for qubit, letter in term.letters):
                    basis.update(term.letters)
                    members.append(term)
                    break
            else:
                groups.append((dict(term.letters), [term]))
        return [members for _, members in groups]


def read_observables(given: "One | Sequence[One]", n_qubits: int) -> tuple[Observable, ...]:
    """The observables that a caller gives on `n_qubits` qubits.

    "Z" is Z on every qubit. A Pauli string has a letter (I, X, Y, Z) for every qubit, in Qiskit's order: the last one
    is qubit 0's. A `SparsePauliOp` is one observable, the sum of its terms; several observables are a list. Raises
    `CircuitError` for anything else.
    """
    if isinstance(given, str) and given == "Z":
        return tuple(Observable((Term(1.0, ((qubit, "Z"),)),)) for qubit in range(n_qubits))
    several = given if isinstance(given, Iterable) and not _is_one(given) else [given]
    found = tuple(_observable(one, n_qubits) for one in several)
    if not found:
        raise CircuitError("No observables: give Pauli strings, a SparsePauliOp, or 'Z' for Z on every qubit.")
    return found


def _is_one(given: object) -> bool:
    return isinstance(given, str) or hasattr(given, "to_label") or hasattr(given, "to_sparse_list")


def _observable(given: Any, n_qubits: int) -> Observable:
    found: dict[Letters, float] = {}
    for letters, coefficient in _terms(given):
        if len(letters) != n_qubits:
            raise CircuitError(
                f"Observable {shown(letters)} has {len(letters)} letters, the circuit has {n_qubits} qubits: "
                "give a letter I, X, Y or Z for each, qubit 0's last."
            )
        placed = tuple((qubit, letter) for qubit, letter in enumerate(reversed(letters)) if letter != "I")
        found[placed] = found.get(placed, 0.0) + coefficient
    return Observable(tuple(Term(coefficient, letters) for letters, coefficient in found.items()))


def _terms(given: Any) -> Iterator[tuple[str, float]]:
    if hasattr(given, "to_sparse_list"):  # a SparsePauliOp
        for letters, coefficient in given.to_list():
            yield letters, _real(complex(coefficient), letters)
        return
    letters = given.to_label() if hasattr(given, "to_label") else given
    if not isinstance(letters, str):
        what = "a Pauli string such as 'IZZ', a SparsePauliOp, a list of these, or 'Z' for Z on every qubit"
        raise CircuitError(f"{type(given).__name__} is no observable: give {what}.")
    sign = -1.0 if letters.startswith("-") else 1.0
    letters = letters.removeprefix("-").removeprefix("+")
    if not letters or set(letters) - set("IXYZ"):
        raise CircuitError(f"Observable {shown(given)} is no Pauli string: give a letter I, X, Y or Z for every qubit.")
    yield letters, sign


def _real(coefficient: complex, letters: str) -> float:
    if abs(coefficient.imag) > 1e-12 or not isfinite(coefficient.real):
        raise CircuitError(f"Observable {shown(letters)} has the coefficient {coefficient}: it must be a real number.")
    return coefficient.real
