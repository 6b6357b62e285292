"""Tabs that draw only the page in front."""

from collections.abc import Mapping

import ipywidgets as widgets


class Pages(widgets.Tab):
    """One page per title; pages behind are taken out of the browser, as bqplot cannot draw where it has no room.

    A page with a method `reveal` is told when it comes to the front.
    """

    def __init__(self, pages: Mapping[str, widgets.Widget]) -> None:
        self._pages = tuple(pages.values())
        super().__init__([widgets.VBox() for _ in pages], titles=tuple(pages), selected_index=0)
        self.observe(lambda _: self._turn(), "selected_index")
        self._turn()

    def _turn(self) -> None:
        for index, (box, page) in enumerate(zip(self.children, self._pages, strict=True)):
            box.children = (page,) if index == self.selected_index else ()
        self.reveal()

    def reveal(self) -> None:
        """Tell the page in front, if it draws on demand."""
        page = self._pages[self.selected_index or 0]
        if hasattr(page, "reveal"):
            page.reveal()
