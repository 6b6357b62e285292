"""The front as ordinary outputs of a cell, which a saved notebook, GitHub and nbconvert show without widgets."""

import uuid
from base64 import b64encode

from IPython.display import display, update_display

from hybhanas_jupyter.nas.results import Run
from hybhanas_jupyter.plots.page import draw_run, front_table, png_bytes, run_summary


class FrontOutput:
    """Two places below a view, one for the picture and one for the table, filled when the run has ended."""

    def __init__(self) -> None:
        self._picture, self._table = f"hyb-{uuid.uuid4()}", f"hyb-{uuid.uuid4()}"
        self._placed = False

    def place(self) -> None:
        """Reserve the places in the running cell."""
        self._placed = True
        for name in (self._picture, self._table):
            display({"text/plain": ""}, raw=True, display_id=name)

    def fill(self, run: Run) -> None:
        """Put the front of `run` into the places, if there are any."""
        if not run.front or not self._placed:
            return
        png = b64encode(png_bytes(draw_run(run))).decode()
        table = {"text/html": front_table(run.front), "text/plain": repr(run)}
        update_display({"image/png": png, "text/plain": run_summary(run)}, raw=True, display_id=self._picture)
        update_display(table, raw=True, display_id=self._table)
