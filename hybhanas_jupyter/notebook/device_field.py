"""Choosing a device: search as you type, and a card that says what the device is."""

from datetime import UTC, datetime
from html import escape
from math import isfinite

import ipywidgets as widgets
import traitlets

from hybhanas_jupyter.errors import HybHanasError
from hybhanas_jupyter.formatting import html_table, seconds, significant
from hybhanas_jupyter.notebook.background import in_background
from hybhanas_jupyter.notebook.device_details import DeviceDetails, Medians
from hybhanas_jupyter.notebook.fields import STYLE


def device_box(description: str) -> widgets.Combobox:
    """A text box that completes device names."""
    box = widgets.Combobox(description=description, placeholder="type to search", style=STYLE)
    box.layout.width = "26em"
    in_background(_offer, box)
    return box


def _offer(box: widgets.Combobox) -> None:
    # Reading the list takes a second, in which the box should be there already.
    from hybhanas_jupyter.hardware.devices import devices

    box.options = [summary.name for summary in devices()]


class DeviceField(widgets.VBox):
    """A device's name in `value`, and a card with its medians, faults and the age of its calibration."""

    value = traitlets.Unicode()

    def __init__(self) -> None:
        self._box = device_box("Device")
        self._card = widgets.HTML()
        self._card.add_class("hyb-device-card")
        super().__init__([self._box, self._card])
        traitlets.link((self, "value"), (self._box, "value"))
        self.observe(lambda change: self._describe(change["new"]), "value")

    def _describe(self, name: str) -> None:
        in_background(self._fill, name)

    def _fill(self, name: str) -> None:
        from hybhanas_jupyter.hardware.devices import device

        try:
            card = device_card(DeviceDetails.of(device(name).calibration))
        except HybHanasError as error:
            card = f"<span class='hyb-error'>{escape(str(error))}</span>"
        if self.value == name:
            self._card.value = card


def device_card(details: DeviceDetails) -> str:
    """Size, medians, faults and age of a calibration as an HTML table."""
    date = details.calibration_date
    age = f"{date:%Y-%m-%d} ({(datetime.now(UTC) - date).days} days old)" if date else "unknown"
    rows = [
        ("Qubits", details.num_qubits),
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
