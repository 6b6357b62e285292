"""The look of every picture: colours for light and dark paper and for colour-blind readers, axes, readable ticks."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.errors import check_name
from hybhanas_jupyter.formatting import TIME_UNITS, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

# First to last generation. Each stop keeps a contrast of 3:1 against white and against near-black.
GENERATIONS = ("#2b7fd0", "#8d7f9f", "#d9720a")
LOG_SPAN = 20  # the largest over the smallest value from which a logarithmic axis reads better

Ticks = dict[float, str]

_CLOCK = {
    "s": (1, 3, 10, 30),
    "min": (1, 3, 10, 30),
    "h": (1, 3, 10),
    "d": (1, 3, 10, 30, 100),
    "years": (1, 3, 10, 30, 100, 300, *(10**exponent for exponent in range(3, 13))),
}
_MOST = 5


@dataclass(frozen=True)
class Theme:
    """Paper and inks of a picture."""

    paper: str
    ink: str
    grid: str


THEMES = {
    "light": Theme(paper="#ffffff", ink="#222222", grid="#dddddd"),
    "dark": Theme(paper="#1b1b1b", ink="#dddddd", grid="#3a3a3a"),
    "neutral": Theme(paper="none", ink="#767676", grid="#80808050"),  # transparent: reads on light and on dark
}


def new_figure(theme: str, width: float, height: float, **settings: Any) -> "tuple[Figure, Theme]":
    """An empty figure of this size in inches, and the colours of the theme, see `THEMES`; pyplot is not used."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colours = THEMES[check_name("theme", theme, THEMES)]
    figure = Figure(figsize=(width, height), dpi=120, facecolor=colours.paper, **settings)
    FigureCanvasAgg(figure)
    return figure, colours


def style_axes(panel: "Axes", theme: Theme) -> None:
    """Paper, inks and grid of a theme."""
    panel.set_facecolor(theme.paper)
    panel.grid(color=theme.grid, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(colors=theme.ink, which="both", labelsize=9)
    for part in (panel.xaxis.label, panel.yaxis.label, panel.title):
        part.set_color(theme.ink)
    for side, spine in panel.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.ink)


def colour_map() -> "Colormap":
    """The colours of the generations, first to last."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("generations", GENERATIONS)


def data_uri(figure: "Figure") -> str:
    """The figure as text that an `img` can show without a file."""
    return f"data:image/png;base64,{b64encode(png_bytes(figure)).decode()}"


def png_bytes(figure: "Figure") -> bytes:
    """The figure as a PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def is_wide(values: NDArray[np.float64]) -> bool:
    """Whether all values are positive and the largest is more than `LOG_SPAN` times the smallest."""
    return bool(values.size and values.min() > 0 and values.max() > LOG_SPAN * values.min())


def limits(values: NDArray[np.float64], logarithmic: bool = False) -> tuple[float, float]:
    """The span of the values with a margin of 5 percent, so that no point is cut in half; 0 to 1 without values."""
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        margin = (high / low) ** 0.05
        return low / margin, high * margin
    margin = 0.05 * (high - low) or abs(high) / 2 or 1.0
    return low - margin, high + margin


def ticks(low: float, high: float, *, unit: str = "", logarithmic: bool = False) -> Ticks:
    """Position -> label for values from `low` to `high`; `unit` "s" labels times, anything else plain numbers."""
    if not logarithmic:
        return _linear(low, high, unit)
    candidates = _times() if unit == "s" else _numbers()
    inside = [tick for tick in candidates if low <= tick[0] <= high]
    if len(inside) > _MOST:
        inside = [(value, label) for value, label in inside if label.lstrip("0.").startswith("1")]
    return dict(_apart(inside, (high / low) ** (1 / (_MOST + 1))))


def _apart(marks: Iterable[tuple[float, str]], factor: float) -> Iterable[tuple[float, str]]:
    """Those of ascending `marks` that are at least `factor` times the one before, so that no labels overlap."""
    last = 0.0
    for value, label in marks:
        if value >= last * factor:
            last = value
            yield value, label


def _linear(low: float, high: float, unit: str) -> Ticks:
    from matplotlib.ticker import MaxNLocator

    name, scale = _unit_of(max(abs(low), abs(high))) if unit == "s" else ("", 1.0)
    positions = MaxNLocator(_MOST, steps=[1, 2, 5, 10]).tick_values(low / scale, high / scale)
    return {float(p * scale): f"{p:.12g} {name}".strip() for p in positions if low <= p * scale <= high}


def _unit_of(value: float) -> tuple[str, float]:
    fitting = [item for item in TIME_UNITS.items() if item[1] <= value]
    return fitting[-1] if fitting else ("s", 1.0)


def _times() -> Iterable[tuple[float, str]]:
    for unit in ("ns", "us", "ms"):
        yield from ((n * TIME_UNITS[unit], f"{n} {unit}") for n in (1, 3, 10, 30, 100, 300))
    for unit, counts in _CLOCK.items():
        yield from ((n * TIME_UNITS[unit], "1 year" if (n, unit) == (1, "years") else f"{n:g} {unit}") for n in counts)


def _numbers() -> Iterable[tuple[float, str]]:
    for exponent in range(-12, 12):
        for digit in (1, 3):
            value = digit * 10.0**exponent
            yield value, f"{value / 1000:g}k" if 1e3 <= value < 1e6 else significant(value, 1)
