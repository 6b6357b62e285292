"""A real Jupyter server on 127.0.0.1 with private folders, and what a page needs to drive a notebook in it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Page

TOKEN = "browser-test"
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
# "Idle" shows before the kernel can be used, and a Run All is then silently dropped.
RUN_ALL = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    let panel = app.shell.currentWidget;
    while (!(panel && panel.sessionContext)) {
        await new Promise(r => setTimeout(r, 50));
        panel = app.shell.currentWidget;
    }
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    await app.commands.execute('notebook:run-all-cells');
}"""


@contextmanager
def serve(application: str, folder: Path, *options: str, dark: bool = False) -> Iterator[str]:
    """Run `python -m application` with `folder` as its root until the block ends; yields its URL."""
    home = folder.parent / f"{application}-home"
    for name, text in SETTINGS.items():
        _write(home / "settings/@jupyterlab" / f"{name}.jupyterlab-settings", text)
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    _write(home / "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings", f'{{"theme": "{theme}"}}')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "log"
    command = [sys.executable, "-m", application, "--no-browser", f"--port={port}", *options]
    with log.open("w") as out:
        server = subprocess.Popen(command, env=_private(home), cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def jupyter(folder: Path, application: str = "jupyterlab", *, dark: bool = False) -> Iterator[str]:
    """JupyterLab (or "notebook") that serves `folder`."""
    options = ["--allow-root", "--ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    with serve(application, folder, *options, "--expose-app-in-browser", dark=dark) as url:
        yield url


def write_notebook(path: Path, *cells: str) -> None:
    """A Python notebook with these code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, path)


def open_lab(page: Page, url: str, notebook: str) -> None:
    """Open `notebook` in JupyterLab and run all its cells."""
    page.goto(f"{url}/doc/tree/{notebook}?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.evaluate(RUN_ALL)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


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


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/api/status?token={TOKEN}", timeout=2)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.15)
    raise AssertionError(f"no answer from {url}:\n{log.read_text()}")
