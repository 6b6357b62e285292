"""The public `Search`, as a notebook has it: what `nas` runs, with the live view, whose layer is above `nas`."""

from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from hybhanas_jupyter.nas import search

if TYPE_CHECKING:
    from hybhanas_jupyter.notebook.live.view import LiveView


_STARTED: "WeakSet[Search]" = WeakSet()


class Search(search.Search):
    """A search that runs on a thread of its own; every method may be called from any thread."""

    def start(self) -> None:
        """Begin, or go on with a stored run.

        Raises `HybHanasError` if it runs already, `StoreError` if the store cannot be written.
        """
        super().start()
        _STARTED.add(self)

    def view(self) -> "LiveView":
        """The live view of this search for a notebook; it also follows a run that another process writes."""
        from hybhanas_jupyter.notebook.live.view import LiveView

        return LiveView(self, self._store)


def running(store: str | Path) -> Search | None:
    """The search of this process that writes into `store` now, if there is one."""
    place = Path(store).resolve()
    return next((s for s in list(_STARTED) if not s.ended() and Path(s.run.store).resolve() == place), None)
