"""What providers charge: dated prices with their sources, to see, to correct and to apply to a workload.

Nothing here is applied unless it is asked for, and no amount is given without the day on which its price was read.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hybhanas_jupyter.errors import ConfigError, check_name
from hybhanas_jupyter.files import write_text
from hybhanas_jupyter.formatting import Report, Reported, significant
from hybhanas_jupyter.hardware.vendors import vendor_of

Amount = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class Use:
    """What prices count: seconds of the QPU, jobs, tasks (circuits), shots, and gates and readouts in all shots."""

    seconds: float
    jobs: int
    tasks: int
    shots: int
    one_qubit_gates: int
    two_qubit_gates: int
    readouts: int


@dataclass(frozen=True)
class Money:
    """An amount, of the price of this name that was read on this day."""

    amount: float
    unit: str
    price: str
    date: date
    checked: bool

    def __str__(self) -> str:
        doubt = "" if self.checked else ", not checked at its source"
        return f"{self.amount:,.2f} {self.unit} (price of {self.date:%Y-%m-%d}{doubt})"


class Price(BaseModel):
    """A provider's price: the sum of what it charges for each second, job, task, shot, gate and readout.

    - `devices`: pattern of device names, lower case; `date`: the day it was read; `source`: where
    - `checked`: whether it was read at the source itself; the built-in ones were not, but by third parties' listings or
      from memory: correct them by `hyb.prices().with_(...)`
    - `per_one_qubit_gate`, `per_two_qubit_gate`, `per_readout`: for each of them in each shot
    - `minimum`: of a job
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    devices: str
    date: date
    source: str
    checked: bool = True
    unit: str = "USD"
    per_second: Amount = 0.0
    per_job: Amount = 0.0
    per_task: Amount = 0.0
    per_shot: Amount = 0.0
    per_one_qubit_gate: Amount = 0.0
    per_two_qubit_gate: Amount = 0.0
    per_readout: Amount = 0.0
    minimum: Amount = 0.0

    def of(self, use: Use) -> Money:
        """The price of `use`."""
        amount = (
            self.per_second * use.seconds
            + self.per_job * use.jobs
            + self.per_task * use.tasks
            + self.per_shot * use.shots
            + self.per_one_qubit_gate * use.one_qubit_gates
            + self.per_two_qubit_gate * use.two_qubit_gates
            + self.per_readout * use.readouts
        )
        return Money(max(amount, self.minimum * use.jobs), self.unit, self.name, self.date, self.checked)

    def is_for(self, device: str) -> bool:
        """Whether it is a price of the device of this name; IBM's are not of devices that name another maker."""
        foreign = self.name.startswith("IBM ") and vendor_of(device) is not None
        return fnmatchcase(device.lower(), self.devices) and not foreign

    @property
    def form(self) -> str:
        """What it charges for, in one line."""
        names = [name for name in type(self).model_fields if name.startswith("per_") and getattr(self, name)]
        parts = [f"{significant(getattr(self, name))} a {name[4:].replace('_', ' ')}" for name in names]
        return " + ".join([*parts, *([f"at least {significant(self.minimum)} a job"] if self.minimum else [])])


class PriceTable(Reported, Sequence[Price]):
    """Prices by name: a sequence that prints as a table, and can be changed, saved and read again."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices = tuple(prices)

    @overload
    def __getitem__(self, index: int) -> Price: ...
    @overload
    def __getitem__(self, index: slice) -> "PriceTable": ...
    def __getitem__(self, index: int | slice) -> "Price | PriceTable":
        return PriceTable(self._prices[index]) if isinstance(index, slice) else self._prices[index]

    def __len__(self) -> int:
        return len(self._prices)

    def __iter__(self) -> Iterator[Price]:
        return iter(self._prices)

    def of(self, device: str) -> "PriceTable":
        """The prices of a device, by its name."""
        return PriceTable(price for price in self if price.is_for(device))

    def with_(self, price: Price) -> "PriceTable":
        """The table with `price` first, instead of one of the same name."""
        return PriceTable([price, *(other for other in self if other.name != price.name)])

    def named(self, name: str) -> Price:
        """The price of this name. Raises `UnknownNameError`."""
        check_name("price", name, [price.name for price in self], see="hyb.prices()")
        return next(price for price in self if price.name == name)

    def save(self, path: str | Path) -> None:
        """Write the table as JSON, to be edited and read by `hyb.prices(path)`."""
        write_text(path, json.dumps([price.model_dump(mode="json") for price in self], indent=1) + "\n")

    def to_dict(self) -> dict[str, Any]:
        """The prices by name."""
        return {record["name"]: record for record in self._records()}

    def _records(self) -> list[dict[str, Any]]:
        return [price.model_dump(mode="json") for price in self]

    def _report(self) -> Report:
        rows = [[p.name, f"{p.date:%Y-%m-%d}", "yes" if p.checked else "no", p.unit, p.form] for p in self]
        sources = {"Sources": [f"{price.name}: {price.source}" for price in self]}
        return Report(
            "Prices as read on their days",
            [(["price", "read", "checked at its source", "unit", "charges"], rows)],
            folded=sources,
        )


_IBM = "IBM's plans, quantum.cloud.ibm.com/docs/guides/plans-overview and ibm.com/quantum/pricing"
_BRAKET = "aws.amazon.com/braket/pricing"
_AZURE_IONQ = "Azure Quantum's pricing of IonQ, learn.microsoft.com/azure/quantum/pricing: 'AQT' of a program"
_READ = date(2026, 5, 25)
_PRICES = (
    Price(
        checked=False,
        name="IBM pay-as-you-go",
        devices="*",
        date=_READ,
        source=f"{_IBM}: 96 USD a minute",
        per_second=1.6,
    ),
    Price(checked=False, name="IBM flex", devices="*", date=_READ, source=f"{_IBM}: 72 USD a minute", per_second=1.2),
    Price(
        checked=False, name="IBM premium", devices="*", date=_READ, source=f"{_IBM}: 48 USD a minute", per_second=0.8
    ),
    Price(
        checked=False,
        name="IQM Resonance",
        devices="*iqm*",
        date=date(2026, 8, 23),
        source="iqm.tech/products/iqm-resonance: from 0.30 USD a second",
        per_second=0.3,
    ),
    Price(
        checked=False,
        name="Braket IonQ Forte",
        devices="*forte*",
        date=_READ,
        source=_BRAKET,
        per_task=0.3,
        per_shot=0.08,
    ),
    Price(
        checked=False,
        name="Braket IonQ Aria",
        devices="*aria*",
        date=_READ,
        source=_BRAKET,
        per_task=0.3,
        per_shot=0.03,
    ),
    Price(
        checked=False,
        name="Braket IQM Garnet",
        devices="*garnet*",
        date=_READ,
        source=_BRAKET,
        per_task=0.3,
        per_shot=0.00145,
    ),
    Price(
        checked=False,
        name="Braket Rigetti Ankaa",
        devices="*ankaa*",
        date=_READ,
        source=_BRAKET,
        per_task=0.3,
        per_shot=0.0009,
    ),
    Price(
        checked=False,
        name="Azure IonQ",
        devices="*ionq*",
        date=_READ,
        source=f"{_AZURE_IONQ}, without error mitigation",
        per_one_qubit_gate=0.000220,
        per_two_qubit_gate=0.000975,
        minimum=12.4166,
    ),
    Price(
        checked=False,
        name="Azure IonQ with error mitigation",
        devices="*ionq*",
        date=_READ,
        source=f"{_AZURE_IONQ}, with error mitigation",
        per_one_qubit_gate=0.000220,
        per_two_qubit_gate=0.000975,
        minimum=97.5,
    ),
    Price(
        checked=False,
        name="Quantinuum HQC",
        devices="*quantinuum*",
        date=_READ,
        source="Quantinuum's formula, from memory: HQC = 5 + shots (N1q + 10 N2q + 5 Nm) / 5000 for each circuit",
        unit="HQC",
        per_task=5.0,
        per_one_qubit_gate=1 / 5000,
        per_two_qubit_gate=10 / 5000,
        per_readout=5 / 5000,
    ),
)


def prices(path: str | Path | None = None) -> PriceTable:
    """The known prices with dates and sources, or those of a file that `PriceTable.save` wrote and you edited.

    Raises `ConfigError` for a file that holds no prices.
    """
    if path is None:
        return PriceTable(_PRICES)
    try:
        return PriceTable(Price.model_validate(entry) for entry in json.loads(Path(path).read_bytes()))
    except OSError as error:
        raise ConfigError(f"Cannot read prices {str(path)!r}: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "entry"
        raise ConfigError(f"{str(path)!r} holds no prices: {field}: {first['msg']}.") from None
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{str(path)!r} holds no prices: {error}.") from None


def price_of(price: Price | str, device: str) -> Price:
    """`price`, or the known one of this name. Raises `UnknownNameError`, and `ConfigError` for another device's."""
    chosen = price if isinstance(price, Price) else prices().named(price)
    if not chosen.is_for(device):
        raise ConfigError(f"{chosen.name} is no price of {device}: see hyb.prices().of({device!r}).")
    return chosen
