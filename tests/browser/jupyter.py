"""A real Jupyter server on 127.0.0.1 with private folders, and what a page needs to drive a notebook in it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Page

TOKEN = "browser-test"
ROOT = Path(__file__).parents[2]
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
# "Idle" shows before the kernel can be used, and a Run All is then silently dropped.
READY = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    let panel = app.shell.currentWidget;
    while (!(panel && panel.sessionContext)) {
        await new Promise(r => setTimeout(r, 50));
        panel = app.shell.currentWidget;
    }
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
# The notebook scripted.ipynb: a search that plays made-up generations as fast as the test wants them.
SCRIPTED = (
    f"""import sys, threading
sys.path.insert(0, {str(ROOT)!r})
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.notebook.live.view import LiveView
from tests.notebook.scripted import ScriptedSearch
objectives = ("accuracy", "quantum_time", "classical_time", "total_time", "parameters")
search = ScriptedSearch(SearchConfig(generations=GENERATIONS, population=POPULATION, objectives=objectives))
view = LiveView(search)
search.start()
view""",
    "play = lambda generations=1: threading.Thread(target=search.play, args=(generations,)).start()\nplay()",
)


@dataclass(frozen=True)
class Server:
    """A running server and the folder of its notebooks."""

    url: str
    folder: Path

    def get(self, path: str) -> object:
        """The JSON answer of the server's REST interface."""
        with urllib.request.urlopen(f"{self.url}/api/{path}?token={TOKEN}", timeout=10) as answer:
            return json.load(answer)

    def write(self, name: str, *cells: str) -> str:
        """A notebook with these code cells; returns its name."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel}), self.folder / name)
        return name

    def write_scripted(self, name: str, *, generations: int, population: int) -> str:
        """A notebook with a live view of a made-up search of this size; its first generation is played."""
        first = SCRIPTED[0].replace("GENERATIONS", str(generations)).replace("POPULATION", str(population))
        return self.write(name, first, *SCRIPTED[1:])


@contextmanager
def jupyter(folder: Path, application: str = "jupyterlab") -> Iterator[Server]:
    """JupyterLab (or "notebook") that serves `folder`."""
    options = ["--allow-root", "--ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    with serve(application, folder, *options, "--expose-app-in-browser") as server:
        yield server


@contextmanager
def serve(application: str, folder: Path, *options: str) -> Iterator[Server]:
    """Run `python -m application` in `folder` until the block ends."""
    folder.mkdir(exist_ok=True)
    home = folder.parent / f"{application}-home"
    for name, text in SETTINGS.items():
        path = home / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "log"
    command = [sys.executable, "-m", application, "--no-browser", f"--port={port}", *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=_private(home), cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        server = Server(f"http://127.0.0.1:{port}", folder)
        _wait_for(server.url, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def open_notebook(page: Page, server: Server, name: str, *, tree: str = "doc/tree") -> None:
    """Open a notebook and wait until its kernel can be used."""
    page.goto(f"{server.url}/{tree}/{name}?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.evaluate(READY)
    if tree == "doc/tree":
        execute(page, "")  # the widget manager asks the kernel for its widgets first: cells must not run in between


def run_all(page: Page) -> None:
    """Run all cells."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")


def execute(page: Page, code: str) -> str:
    """Run code in the notebook's kernel, beside its cells, and return what it prints."""
    return page.evaluate(
        """async code => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const future = kernel.requestExecute({code});
            let text = '';
            future.onIOPub = m => { text += m.content.text || (m.content.traceback || []).join('\\n'); };
            await future.done;
            return text;
        }""",
        code,
    )


def set_theme(page: Page, name: str) -> None:
    """Switch to "JupyterLab Dark" or "JupyterLab Light"."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    light = str(name == "JupyterLab Light").lower()
    page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def _private(home: Path) -> dict[str, str]:
    folders = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    return os.environ | {name: str(path) for name, path in folders.items()}


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/api/status?token={TOKEN}", timeout=2)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.15)
    raise AssertionError(f"no answer from {url}:\n{log.read_text()}")
