"""What the readout of an ansatz depends on: which weights, whether entanglement, or nothing but cos x.

<Z> of a qubit is followed backwards as Pauli strings: a rotation about an axis splits those that anticommute with it,
an entangler changes some. What reaches the embedding with a pure X has no value there. So the answer holds for all
weights and inputs but special ones. Where strings grow too many, everything before is taken to matter.
"""

from dataclasses import dataclass
from functools import lru_cache

from hybhanas_jupyter.circuits.ansatz import Ansatz

_MOST = 64  # strings; a layer that splits so many mixes everything
_String = tuple[int, int]  # bits of the qubits with an X part, and with a Z part (both: Y)
_Path = tuple[int, bool]  # bits of the weights in the string's coefficient, and whether an entangler has changed it


@dataclass(frozen=True)
class Dependence:
    """What the outputs <Z> of all qubits depend on.

    - `read_weights`: trained weights that some output depends on, of `weights`
    - `entangled_outputs`: outputs, of `outputs`, that an entangler has a part in
    - `cosines`: outputs that are cos x of their own input, whatever the weights
    """

    weights: int
    read_weights: int
    outputs: int
    entangled_outputs: int
    cosines: int

    @property
    def note(self) -> str:
        """What a reader must know of this layer; empty for one that uses all it has."""
        if self.cosines == self.outputs:
            return "only cos x"
        if not self.entangled_outputs:
            return "no entanglement"
        unread = self.weights - self.read_weights
        return f"{unread} of {self.weights} weights unread" if unread else ""


@lru_cache(maxsize=1024)
def dependence(ansatz: Ansatz) -> Dependence:
    """What the outputs of `ansatz` depend on."""
    outputs = [_output(ansatz, qubit) for qubit in range(ansatz.n_qubits)]
    read = 0
    for weights, _, _ in outputs:
        read |= weights
    return Dependence(
        weights=ansatz.num_weights,
        read_weights=read.bit_count(),
        outputs=ansatz.n_qubits,
        entangled_outputs=sum(entangled for _, entangled, _ in outputs),
        cosines=sum(cosine for _, _, cosine in outputs),
    )


def _output(ansatz: Ansatz, qubit: int) -> tuple[int, bool, bool]:
    """Bits of the weights that <Z> of `qubit` depends on, whether on entanglement, and whether it is cos x."""
    alone = (0, 1 << qubit)
    strings: dict[_String, _Path] = {alone: (0, False)}
    number = ansatz.num_weights
    for _ in range(ansatz.depth):
        for pair in reversed(ansatz.pairs):
            strings = _entangled(strings, pair, ansatz.entangler)
        for rotation in reversed(ansatz.rotations):
            for place in reversed(range(ansatz.n_qubits)):
                number -= 1
                strings = _rotated(strings, rotation, place, number)
            if len(strings) > _MOST:
                return _union(strings) | (1 << number) - 1, True, False
    left = {string: path for string, path in strings.items() if not string[0] & ~string[1]}
    entangled = any(changed for _, changed in left.values())
    return _union(left), entangled, left.keys() == {alone} and not _union(left)


def _union(strings: dict[_String, _Path]) -> int:
    weights = 0
    for path, _ in strings.values():
        weights |= path
    return weights


def _entangled(strings: dict[_String, _Path], pair: tuple[int, int], entangler: str) -> dict[_String, _Path]:
    a, b = pair
    found: dict[_String, _Path] = {}
    for (x, z), (weights, changed) in strings.items():
        if entangler == "CZ":
            after = x, z ^ (x >> a & 1) << b ^ (x >> b & 1) << a
        else:
            after = x ^ (x >> a & 1) << b, z ^ (z >> b & 1) << a
        _add(found, after, (weights, changed or after != (x, z)))
    return found


def _rotated(strings: dict[_String, _Path], rotation: str, qubit: int, number: int) -> dict[_String, _Path]:
    bit = 1 << qubit
    axis = (bit if rotation in ("RX", "RY") else 0, bit if rotation in ("RZ", "RY") else 0)
    found: dict[_String, _Path] = {}
    for (x, z), (weights, changed) in strings.items():
        if not (x & axis[1]).bit_count() + (z & axis[0]).bit_count() & 1:
            _add(found, (x, z), (weights, changed))
            continue
        split = (weights | 1 << number, changed)
        _add(found, (x, z), split)
        _add(found, (x ^ axis[0], z ^ axis[1]), split)
    return found


def _add(strings: dict[_String, _Path], string: _String, path: _Path) -> None:
    before = strings.get(string, (0, False))
    strings[string] = before[0] | path[0], before[1] or path[1]
