"""How long a click, another cell and a new generation take in JupyterLab while a real search trains on 2 workers.

    python benchmarks/notebook_latency.py

Figures (medians): Stop to handler <= 50 ms, to label <= 200 ms; another cell <= 250 ms; a generation on 300 points
drawn <= 500 ms; a pick among 1,000 points shown in all views <= 300 ms.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright
from recording import record

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hybhanas_jupyter.formatting import text_table  # noqa: E402  the root is on the path only now
from tests.browser.jupyter import Server, execute, jupyter, open_notebook, run_all  # noqa: E402

LIMITS = {"stop to handler": 50, "stop to label": 200, "other cell": 250, "generation drawn": 500, "pick shown": 300}
REPEATS = 11
STOPS = 7
REAL = """import time
import hybhanas_jupyter as hyb
from hybhanas_jupyter.notebook.configurator import configurator
stamps = []
space = {"qubits": (2, 8), "depth": (1, 8)}
config = hyb.SearchConfig.preset("quick", generations=500, population=12, workers=2, space=space)
panel = configurator(config, store="latency.db")
panel.live.stop._click_handlers.callbacks.insert(0, lambda button: stamps.append(time.time()))
panel.start.click()
panel"""
MADE_UP = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from hybhanas_jupyter.notebook.live.view import LiveView
from tests.notebook.scripted import ScriptedSearch
def made_up(generations, population):
    global search
    objectives = ("accuracy", "quantum_time", "classical_time", "total_time", "parameters")  # four views
    search = ScriptedSearch(hyb.SearchConfig(generations=generations, population=population, objectives=objectives))
    view.attach(search)
    search.start()
view = LiveView()
view"""
# Frames, not timers, so that what is waited for has been drawn. The made-up search's views are the last on the page.
UNTIL = """const until = seen => new Promise(done => {
    const look = () => seen() ? requestAnimationFrame(() => done(Date.now())) : requestAnimationFrame(look);
    look();
});
const views = [0, 1, 2, 3];
const marks = view => [...[...document.querySelectorAll('.hyb-grid')].at(-1).children[view]
    .querySelectorAll('.svg-figure > g > g:first-of-type > g:nth-child(3) .dot')];
const status = () => document.querySelector('.hyb-status').textContent;
"""
STATUS = "state => document.querySelector('.hyb-status').textContent.startsWith(state)"


def stops(page: Page) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"stop to handler": [], "stop to label": []}
    for _ in range(STOPS):
        page.wait_for_function(STATUS, arg="running")
        page.wait_for_timeout(4000)  # both workers train again
        clicked, shown = page.evaluate(
            f"""async () => {{ {UNTIL}
            const clicked = Date.now();
            document.querySelector('.hyb-stop').click();
            return [clicked, await until(() => status().startsWith('stop'))]; }}"""
        )
        page.wait_for_function(STATUS, arg="stopped")
        found["stop to handler"].append(1000 * float(execute(page, "print(stamps[-1])")) - clicked)
        found["stop to label"].append(shown - clicked)
        page.locator(".hyb-resume").first.click()
    return found


def other_cells(page: Page) -> list[float]:
    run = """async () => {
        const panel = window.jupyterapp.shell.currentWidget;
        panel.content.activeCellIndex = panel.content.widgets.length - 1;
        const start = performance.now();
        await window.jupyterapp.commands.execute('notebook:run-cell');
        await new Promise(requestAnimationFrame);
        return performance.now() - start; }"""
    return [page.evaluate(run) for _ in range(REPEATS)]


def generations(page: Page) -> list[float]:
    """From the end of a generation in the kernel until its points are in all four views, around 300 points."""
    execute(page, "made_up(30, 12); search.play(23)")
    found = []
    for done in range(24, 24 + 6):
        points = int(execute(page, f"print(sum(e.status == 'ok' for e in search._script[:{12 * done}]))"))
        page.evaluate(
            f"() => {{ {UNTIL} window.drawn = until(() => views.every(view => marks(view).length === {points})); }}"
        )
        ended = 1000 * float(execute(page, "ended = time.time(); search.play(); print(ended)"))
        found.append(page.evaluate("() => window.drawn") - ended)
    return found


def picks(page: Page) -> list[float]:
    """From a click on one of 1,000 points until it is marked in all four views."""
    execute(page, "made_up(1, 1100); search.play()")
    page.wait_for_function(f"() => {{ {UNTIL} return views.every(view => marks(view).length === 1000); }}")
    page.wait_for_timeout(3000)
    pick = f"""async row => {{ {UNTIL}
        const picked = view => getComputedStyle(marks(view)[row]).strokeWidth === '3px';
        const start = Date.now();
        marks(1)[row].dispatchEvent(new MouseEvent('click', {{bubbles: true}}));
        return await until(() => views.every(picked)) - start; }}"""
    found = []
    for row in range(100, 100 + REPEATS):
        found.append(page.evaluate(pick, row))
        page.wait_for_timeout(500)
    return found


def measure(server: Server, page: Page) -> dict[str, list[float]]:
    open_notebook(page, server, server.write("latency.ipynb", REAL, MADE_UP, "1 + 1"))
    run_all(page)
    page.wait_for_function("() => /^[1-9]/.test(document.querySelector('.hyb-numbers')?.textContent)", timeout=120_000)
    stages = {"other cell": other_cells, "generation drawn": generations, "pick shown": picks}
    found = {}
    for name, stage in stages.items():
        found[name] = stage(page)
        print(name, [round(value) for value in found[name]], flush=True)
    return {**found, **stops(page)}


def main() -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter(Path(folder) / "files") as server,
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        found = measure(server, chromium.new_page(viewport={"width": 1300, "height": 1600}))
        chromium.close()
    rows = [
        [name, f"{median(found[name]):.0f} ms", f"{max(found[name]):.0f} ms", f"{limit} ms"]
        for name, limit in LIMITS.items()
    ]
    record([{"what": name, "milliseconds": times} for name, times in found.items()])
    print(text_table(["what", "median", "largest", "figure"], rows))


if __name__ == "__main__":
    main()
