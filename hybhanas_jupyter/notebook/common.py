"""What form and live view share: the style sheet and work that would keep the kernel from answering."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from html import escape
from importlib import import_module
from typing import Any

from ipywidgets import HTML

_log = logging.getLogger(__name__)
# One thread that lasts: Qiskit 2.6 crashes the process if the thread that imported it first has ended, and importing
# its parts on two threads at once can fail.
_POOL = ThreadPoolExecutor(1, "hybhanas-views", initializer=import_module, initargs=("qiskit",))
_NETWORK = ThreadPoolExecutor(1, "hybhanas-network")


def in_background(task: Callable[..., None], *arguments: object) -> None:
    """Call `task` on another thread."""
    _POOL.submit(task, *arguments).add_done_callback(_report)


def over_network(task: Callable[..., None], *arguments: object) -> None:
    """Call `task`, which waits for a server, on a thread of its own: what is drawn need not wait for it."""
    imported = _POOL.submit(import_module, "qiskit_ibm_runtime")
    imported.add_done_callback(lambda _: _NETWORK.submit(task, *arguments).add_done_callback(_report))


def _report(future: "Future[Any]") -> None:
    error = future.exception()
    if error is not None:
        _log.error("A view could not be filled.", exc_info=error)


_RULES = """
.hyb-grid { display: grid; gap: 4px; overflow: hidden;
  grid-template-columns: repeat(auto-fit, minmax(max(420px, 45%), 1fr)) }
.hyb-pareto .axislabel, .hyb-pareto .tick text { fill: var(--jp-ui-font-color1, #333) !important }
.hyb-pareto .axislabel { font-size: 12px }
.hyb-pareto .legend text, .hyb-ablation text, .hyb-curve text { fill: var(--jp-ui-font-color1, #333) !important }
.hyb-row { flex-wrap: wrap; gap: 24px; align-items: flex-start }
.hyb-row > * { flex: 1 1 320px; overflow: hidden }
.hyb-row > .hyb-cost { flex: 0 0 576px }
.hyb-bars { gap: 12px }
.hyb-circuit pre { font-size: 11px; line-height: 1.15; max-height: 420px; overflow: auto; white-space: pre }
.hyb-group { display: grid; grid-template-columns: repeat(auto-fit, minmax(28em, 1fr)); overflow: visible }
.hyb-wide { grid-column: 1 / -1 }
.hyb-fields { flex-wrap: wrap; align-items: center }
.hyb-label { width: 14em; flex: 0 0 auto; justify-content: flex-end; margin-right: 8px }
.hyb-code { display: block; width: 100%; font-family: var(--jp-code-font-family, monospace); font-size: 12px;
  color: inherit; background: transparent; border: 1px solid var(--jp-border-color2, #888); margin-top: 4px }
.hyb-forecast, .hyb-summary { height: auto; white-space: normal; line-height: 1.4 }
.hyb-more { margin-top: 8px }
.hyb-legend { font-size: 12px; line-height: 1.6; color: var(--jp-ui-font-color1, #333) }
.hyb-ramp { display: inline-block; width: 70px; height: 10px; vertical-align: middle }
.hyb-line { display: inline-block; width: 20px; border-top: 2px solid #808080; vertical-align: middle }
.hyb-status { font-weight: 600; font-variant-numeric: tabular-nums }
.hyb-error { color: var(--jp-error-color0, #b00020); font-size: 12px }
.bqplot_tooltip_div, .bqplot_tooltip_div * { color: var(--jp-ui-font-color1, #333) !important }
"""
STYLE = {"description_width": "14em"}


def error_html(error: object) -> str:
    """What is wrong in the colour of errors, read out by screen readers when it appears; empty if nothing is."""
    text = escape(str(error))
    return f"<span class='hyb-error' role='alert'>{text}</span>" if text else ""


def style_sheet() -> HTML:
    """An invisible widget that carries the rules; put it once into every view."""
    return HTML(f"<style>{_RULES}</style>", layout={"height": "0", "margin": "0"})
