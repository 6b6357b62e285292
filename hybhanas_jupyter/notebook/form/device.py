"""Choosing a device: search as you type, and a card that says what the device is."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from math import isfinite

import ipywidgets as widgets
import traitlets

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.formatting import html_table, seconds, significant
from hybhanas_jupyter.notebook.common import STYLE, error_html, in_background, over_network
from hybhanas_jupyter.notebook.magics.devices import DeviceDetails, Medians


class DeviceBox(widgets.VBox):
    """A text box that completes device names: those that need no account, and on request the account's."""

    value = traitlets.Unicode()

    def __init__(self, description: str) -> None:
        self._box = widgets.Combobox(description=description, placeholder="type to search", style=STYLE)
        self._box.layout.width = "26em"
        self._account = widgets.Button(
            description="My IBM devices",
            icon="cloud-download",
            tooltip="Search the devices of the IBM Quantum account that is saved on this machine, too",
        )
        self._account.layout.width = "auto"
        self._account.add_class("hyb-account")
        self._account.on_click(lambda _: self._ask_account())
        self._message = widgets.HTML()
        super().__init__([widgets.HBox([self._box, self._account]), self._message])
        traitlets.link((self, "value"), (self._box, "value"))
        in_background(self._offer_fakes)

    def _offer_fakes(self) -> None:
        # Reading the list takes a second, in which the box should be there already.
        from hybhanas_jupyter.hardware.devices import devices

        self._offer(summary.name for summary in devices())

    def _ask_account(self) -> None:
        self._account.disabled = True
        self._message.value = "asking IBM Quantum …"
        over_network(self._offer_account)

    def _offer_account(self) -> None:
        from hybhanas_jupyter.hardware.account import device_names

        try:
            names = device_names()
        except HybHanasError as error:
            self._message.value = error_html(error)
        else:
            self._offer(names)
            self._message.value = f"{len(names)} of your account: {escape(', '.join(names))}"
        finally:
            self._account.disabled = False

    def _offer(self, names: Iterable[str]) -> None:
        self._box.options = list(dict.fromkeys([*names, *self._box.options]))


class DeviceField(widgets.VBox):
    """A device's name in `value`, and a card with its medians, faults and the age of its calibration.

    `n_qubits` is its size, 0 while it is not known; `problem` says why there is no such device, "" while there is one.
    """

    value = traitlets.Unicode()
    n_qubits = traitlets.Int(0)
    problem = traitlets.Unicode()

    def __init__(self) -> None:
        box = DeviceBox("Device")
        self._card = widgets.HTML()
        self._card.add_class("hyb-device-card")
        super().__init__([box, self._card])
        traitlets.link((self, "value"), (box, "value"))
        self.observe(lambda change: self._describe(change["new"]), "value")

    def _describe(self, name: str) -> None:
        self._tell("<i>looking it up</i>")
        (over_network if name.startswith("ibm_") else in_background)(self._fill, name)

    def _fill(self, name: str) -> None:
        from hybhanas_jupyter.hardware.devices import device

        if self.value != name:  # typed on since: not worth a request
            return
        try:
            details = DeviceDetails.of(device(name).calibration)
        except HybHanasError as error:
            told: tuple[str, int, str] = error_html(error), 0, str(error)
        else:
            told = device_card(details), details.n_qubits, ""
        if self.value == name:
            self._tell(*told)

    def _tell(self, card: str, n_qubits: int = 0, problem: str = "") -> None:
        self._card.value = card
        with self.hold_trait_notifications():
            self.n_qubits, self.problem = n_qubits, problem


def device_card(details: DeviceDetails) -> str:
    """Size, medians, faults and age of a calibration as an HTML table."""
    date = details.calibration_date
    age = f"{date:%Y-%m-%d} ({(datetime.now(UTC) - date).days} days old)" if date else "unknown"
    rows = [
        ("Qubits", details.n_qubits),
        ("One-qubit gates, median", _medians(details.one_qubit)),
        (f"{' '.join(details.two_qubit_gates)}, median", _medians(details.two_qubit)),
        ("Readout, median", _medians(details.readout)),
        ("Faulty couplers", details.faulty_couplers),
        ("Calibrated", age),
    ]
    return html_table((details.name, ""), rows)


def _medians(medians: Medians) -> str:
    duration = seconds(medians.duration) if isfinite(medians.duration) else "-"
    error = significant(medians.error) if isfinite(medians.error) else "-"
    return f"{duration}, error {error}"
