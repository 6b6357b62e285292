"""What form and live view share: the style sheet and work that would keep the kernel from answering."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from html import escape
from importlib import import_module
from typing import Any

from IPython import get_ipython
from ipywidgets import HTML, Widget

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
.hyb-group { display: grid; grid-template-columns: repeat(auto-fit, minmax(34em, 1fr)); overflow: visible;
  column-gap: 16px }
.hyb-tabs > .lm-TabBar > .lm-TabBar-content { flex-wrap: wrap }
.hyb-tabs > .lm-TabBar .lm-TabBar-tab { flex: 0 1 auto !important; min-width: max-content !important }
.hyb-waiting { min-height: 300px; display: grid; place-items: center; color: var(--jp-ui-font-color2, #666) }
@keyframes hyb-silence { to { visibility: visible } }
.hyb-silence { visibility: hidden; animation: hyb-silence 0s 20s forwards; color: var(--jp-error-color0, #b00020) }
.hyb-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
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
.bqplot_tooltip_div { pointer-events: none; white-space: pre-line }
.bqplot_tooltip_div, .bqplot_tooltip_div * { color: var(--jp-ui-font-color1, #333) !important }
"""
_SHOWN: dict[str, tuple[str, list[Widget]]] = {}  # cell -> (its last run, what that run displayed)


def close_former(view: Widget) -> None:
    """Close what an earlier run of the running cell displayed in the place of `view`.

    Widgets are open until they are closed, and a page that is reloaded asks the kernel for all of them: with those of
    many runs of a cell it gives up before it has the answer and shows "model not found".
    """
    shell = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id", "")
    if not cell:  # no notebook, or a frontend that does not name its cells
        return
    last, views = _SHOWN.get(cell, (run, []))
    _SHOWN[cell] = (run, [*(views if last == run else []), view])
    elsewhere = {id(shown) for _, others in _SHOWN.values() for shown in others}
    if last != run:
        for former in views:
            if id(former) not in elsewhere:
                former.close()


def close_all(*widgets: Widget) -> None:
    """Close widgets with all that they refer to: children, layouts, marks, scales."""
    for widget in widgets:
        if widget.comm is not None:
            parts = [part for name in widget.keys for part in _widgets_in(getattr(widget, name))]
            Widget.close(widget)
            close_all(*parts)


def _widgets_in(value: object) -> Iterator[Widget]:
    if isinstance(value, Widget):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _widgets_in(item)


STYLE = {"description_width": "14em"}


def error_html(error: object) -> str:
    """What is wrong in the colour of errors, read out by screen readers when it appears; empty if nothing is."""
    text = escape(str(error))
    return f"<span class='hyb-error' role='alert'>{text}</span>" if text else ""


def style_sheet() -> HTML:
    """An invisible widget that carries the rules; put it once into every view."""
    return HTML(f"<style>{_RULES}</style>", layout={"height": "0", "margin": "0"})
