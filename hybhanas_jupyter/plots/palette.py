"""Colours that hold on light and dark paper and for colour-blind readers, shared by every picture."""

from dataclasses import dataclass

# First to last generation. Each stop keeps a contrast of 3:1 against white and against near-black.
GENERATIONS = ("#2b7fd0", "#8d7f9f", "#d9720a")


@dataclass(frozen=True)
class Theme:
    """Paper and inks of a picture."""

    paper: str
    ink: str
    grid: str


THEMES = {
    "light": Theme(paper="#ffffff", ink="#222222", grid="#dddddd"),
    "dark": Theme(paper="#1b1b1b", ink="#dddddd", grid="#3a3a3a"),
}
