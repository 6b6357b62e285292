"""Device-wide averages of a calibration: all that the paper's cost model looks at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol


class _Gate(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def qubits(self) -> tuple[int, ...]: ...
    @property
    def duration(self) -> float | None: ...
    @property
    def error(self) -> float | None: ...


@dataclass(frozen=True)
class Averages:
    """Mean seconds per gate name, mean seconds and errors per number of qubits; faulty and virtual gates left out."""

    duration_of: Mapping[str, float]
    duration: Mapping[int, float]
    error: Mapping[int, float]
    readout_error: float

    @classmethod
    def of(cls, gates: Iterable[_Gate]) -> "Averages":
        """Average over the working gates; "measure" counts for the readout only."""
        working = [gate for gate in gates if gate.error != 1 or gate.name == "measure"]
        timed = [gate for gate in working if gate.duration and gate.name != "measure"]
        readout = [gate.error for gate in working if gate.name == "measure" and gate.error is not None]
        sizes = {len(gate.qubits) for gate in timed}
        return cls(
            duration_of={
                name: fmean(g.duration or 0 for g in timed if g.name == name) for name in {g.name for g in timed}
            },
            duration={size: fmean(g.duration or 0 for g in timed if len(g.qubits) == size) for size in sizes},
            error={size: fmean(g.error or 0 for g in timed if len(g.qubits) == size) for size in sizes},
            readout_error=fmean(readout) if readout else float("nan"),
        )
