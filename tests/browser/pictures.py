"""The pictures of `%%qcost` in README, taken of a real JupyterLab in both themes: `python -m tests.browser.pictures`.

Each holds the fingerprint of what it shows, which tests/docs/test_readme.py compares with what is shown today.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, sync_playwright

import hybhanas_jupyter as hyb
from tests.browser.conftest import NAMES, OPTIONS, ROOT
from tests.browser.jupyter import Server, jupyter, open_notebook, run_all, set_theme

FOLDER = ROOT / "notebooks" / "images"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CELL = """%%qcost --backend fake_kyiv
from qiskit import QuantumCircuit

circuit = QuantumCircuit(5)
circuit.h(0)
circuit.cx(0, [1, 2, 3, 4]);"""


def fingerprint() -> str:
    """Of the report in the picture: its text without the versions of packages."""
    scope: dict[str, object] = {}
    exec(CELL.split("\n", 1)[1], scope)
    text = repr(hyb.quantum_cost(scope["circuit"], "fake_kyiv")).split("Provenance:")[0]
    return hashlib.sha256(f"{CELL}\n{text}".encode()).hexdigest()


def known_fingerprint(name: str) -> str:
    """What `name` in the folder of pictures held when it was taken."""
    with Image.open(FOLDER / name) as picture:
        return str(picture.info.get("fingerprint"))


def take_report(page: Page, server: Server) -> None:
    """The cell of `%%qcost` with its report, in both themes."""
    open_notebook(page, server, server.write("qcost.ipynb", "%load_ext hybhanas_jupyter", CELL, ""))
    run_all(page)
    cell = page.locator(".jp-CodeCell").nth(1)
    cell.get_by_text("= effective").wait_for(timeout=60_000)
    for theme, name in THEMES.items():
        set_theme(page, name)
        page.mouse.move(0, 0)
        path = FOLDER / f"qcost-{theme}.png"
        cell.screenshot(path=path, animations="disabled")
        mark(path, fingerprint())


def mark(path: Path, text: str) -> None:
    """Write the fingerprint into the picture."""
    info = PngInfo()
    info.add_text("fingerprint", text)
    with Image.open(path) as picture:
        picture.save(path, pnginfo=info, optimize=True)


def main() -> None:
    """Take all pictures."""
    program = next(filter(None, map(shutil.which, NAMES)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        page = chromium.new_page(viewport={"width": 860, "height": 1100}, device_scale_factor=1.5)
        with jupyter(Path(folder) / "notebooks") as server:
            take_report(page, server)
        chromium.close()


if __name__ == "__main__":
    main()
