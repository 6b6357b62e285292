"""Choosing a device: search as you type, and a card that says what it is."""

import threading
from statistics import median
from typing import TYPE_CHECKING

import ipywidgets as widgets

from hybhanas_jupyter.formatting import html_table, seconds

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Device


def device_box(description: str) -> widgets.Combobox:
    """A text box that completes device names."""
    box = widgets.Combobox(description=description, placeholder="type to search", style={"description_width": "11em"})
    threading.Thread(target=_offer, args=(box,), daemon=True).start()
    return box


def _offer(box: widgets.Combobox) -> None:
    # Reading all calibrations takes seconds, in which the box should be there already.
    from hybhanas_jupyter.hardware.devices import devices

    box.options = [summary.name for summary in devices()]
