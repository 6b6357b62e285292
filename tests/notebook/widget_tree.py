"""Looking into widgets, and waiting for what other threads put there."""

import time

from ipywidgets import HTML


def everything(widget):
    """The widget and all below it."""
    return [widget] + [match for child in getattr(widget, "children", ()) for match in everything(child)]


def of_class(widget, name):
    """All widgets below `widget` with this CSS class."""
    return [w for w in everything(widget) if name in getattr(w, "_dom_classes", ())]


def text_of(widget):
    """The HTML of the widget and all below it."""
    return " ".join(part.value for part in everything(widget) if isinstance(part, HTML))


def eventually(condition, seconds=20.0):
    """The first true value of `condition()`, or its last value when the time is over."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value
