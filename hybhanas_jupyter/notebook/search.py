"""The public `Search`, as a notebook has it: what `nas` runs, with the live view, whose layer is above `nas`."""

from typing import TYPE_CHECKING

from hybhanas_jupyter.nas import search

if TYPE_CHECKING:
    from hybhanas_jupyter.notebook.live.view import LiveView


class Search(search.Search):
    """A search that runs on a thread of its own; every method may be called from any thread."""

    def view(self) -> "LiveView":
        """The live view of this search for a notebook; it also follows a run that another process writes."""
        from hybhanas_jupyter.notebook.live.view import LiveView

        return LiveView(self, self._store)
