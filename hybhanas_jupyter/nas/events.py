"""The events of a search: the one way in which progress bars, live views and others learn what happens."""

import logging
from collections.abc import Callable
from typing import Any

from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.results import Generation, Run

_log = logging.getLogger(__name__)


class Events:
    """Callbacks, called on the search's thread; one that raises is logged and does not end the search."""

    def __init__(self) -> None:
        self._callbacks: dict[type, list[Callable[[Any], None]]] = {Evaluation: [], Generation: [], Run: []}

    def on_evaluation(self, callback: Callable[[Evaluation], None]) -> None:
        """Call back after each evaluation."""
        self._callbacks[Evaluation].append(callback)

    def on_generation(self, callback: Callable[[Generation], None]) -> None:
        """Call back after each generation."""
        self._callbacks[Generation].append(callback)

    def on_finish(self, callback: Callable[[Run], None]) -> None:
        """Call back when the search has ended, for whatever reason; `progress.state` tells it."""
        self._callbacks[Run].append(callback)

    def _emit(self, event: Evaluation | Generation | Run) -> None:
        for callback in tuple(self._callbacks[type(event)]):
            try:
                callback(event)
            except Exception:  # a broken view must not cost the run
                _log.exception("A callback of the search failed; the search goes on.")
