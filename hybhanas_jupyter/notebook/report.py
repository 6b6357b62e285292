"""Several costs in one table: circuits times devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybhanas_jupyter.formatting import html_table, seconds, significant, text_table

if TYPE_CHECKING:
    from hybhanas_jupyter.costs.quantum import QuantumCost


@dataclass(frozen=True)
class CostRow:
    """The cost of one circuit on one device."""

    circuit: str
    device: str
    cost: "QuantumCost"


@dataclass(frozen=True, repr=False)
class CostTable:
    """The costs of several circuits or devices; prints as a table, one row each, times per shot."""

    rows: tuple[CostRow, ...]

    def cheapest(self, circuit: str) -> CostRow:
        """The row of this circuit with the smallest effective time."""
        return min((row for row in self.rows if row.circuit == circuit), key=lambda row: row.cost.effective_time)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        headers = ["circuit", "device", "execution", "routing", "effective", "success", "2q gates", "job usage", ""]
        several = len({row.device for row in self.rows}) > 1
        return headers, [
            [*_cells(row), "cheapest" if several and row is self.cheapest(row.circuit) else ""] for row in self.rows
        ]

    def __repr__(self) -> str:
        return text_table(*self._table())

    def _repr_html_(self) -> str:
        return html_table(*self._table())


def _cells(row: CostRow) -> Iterable[str]:
    cost = row.cost
    times = (cost.execution_time, cost.routing_time, cost.effective_time)
    return (
        row.circuit,
        row.device,
        *map(seconds, times),
        significant(cost.success_probability),
        str(cost.physical.two_qubit),
        seconds(cost.usage_time),
    )
