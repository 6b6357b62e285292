"""The front as ordinary outputs of a cell, which a saved notebook, GitHub and nbconvert show without widgets."""

import uuid
from base64 import b64encode
from html import escape

from IPython.display import display, update_display

from hybhanas_jupyter.nas.results import Generation, Run
from hybhanas_jupyter.notebook.background import in_background
from hybhanas_jupyter.plots.page import draw_run, front_table, png_bytes, run_summary

_BLANK = {"text/plain": ""}


class FrontOutput:
    """Two places below a view, one for the picture and one for the table of the front, filled when the run has ended.

    A page that was reloaded in between does not take messages for outputs that it did not ask for itself. The front is
    then shown by displaying the view again, see `front_page`.
    """

    def __init__(self) -> None:
        self._picture, self._table = f"hyb-{uuid.uuid4()}", f"hyb-{uuid.uuid4()}"
        self._placed = False
        self._run: Run | None = None

    def place(self) -> None:
        """Make the places in the running cell."""
        self._placed = True
        for name in (self._picture, self._table):
            display(_BLANK, raw=True, display_id=name)
        self._draw()

    def fill(self, run: Run) -> None:
        """Put the front of `run` into the places, now or when there are any; without a front they are emptied."""
        self._run = run
        self._draw()

    def _draw(self) -> None:
        if self._placed and self._run is not None:
            in_background(self._send, self._run)

    def _send(self, run: Run) -> None:
        picture, table = _bundles(run) if run.front else (_BLANK, _BLANK)
        update_display(picture, raw=True, display_id=self._picture)
        update_display(table, raw=True, display_id=self._table)


def front_page(now: Generation | Run, run: Run) -> str:
    """The front as it is `now`, and where it will stand after the end of `run`, as HTML for a widget."""
    again = f"hyb.Search.load({run.store!r}, {run.id!r}).view()"
    return (
        f"{front_table(now.front) if now.front else ''}<div class='hyb-legend'>"
        "When the run has ended, picture and table of the front also stand below this view, where a saved notebook "
        f"keeps them. If the page was reloaded meanwhile, get them with <code>{escape(again)}</code> in a new cell."
        "</div>"
    )


def _bundles(run: Run) -> tuple[dict[str, str], dict[str, str]]:
    png = b64encode(png_bytes(draw_run(run))).decode()
    picture = {"image/png": png, "text/plain": run_summary(run)}
    return picture, {"text/html": front_table(run.front), "text/plain": repr(run)}
