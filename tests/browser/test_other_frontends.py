"""The live view in Notebook 7 and in Voila: it draws, and its buttons reach the kernel."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.jupyter import Server, jupyter, open_notebook, run_all, serve


def see_and_stop(page: Page, picture: Path) -> None:
    view = page.locator(".hyb-pareto").first
    expect(view.locator(".dot").first).to_be_attached(timeout=60_000)
    page.locator(".hyb-stop").click()
    expect(page.locator(".hyb-status")).to_contain_text(re.compile("^stopped"))
    page.screenshot(path=picture)
    page.goto("about:blank")  # lets go of the server, which ends first


def test_notebook_7(page: Page, tmp_path: Path, artifacts: Path):
    with jupyter(tmp_path / "files", "notebook") as server:
        server.write_scripted("scripted.ipynb", generations=4, population=6)
        open_notebook(page, server, "scripted.ipynb", tree="notebooks")
        run_all(page)
        see_and_stop(page, artifacts / "notebook7.png")


def test_voila(page: Page, tmp_path: Path, artifacts: Path):
    folder = tmp_path / "files"
    folder.mkdir()
    Server("", folder).write_scripted("scripted.ipynb", generations=4, population=6)
    with serve("voila", folder, "scripted.ipynb") as server:
        page.goto(server.url)
        see_and_stop(page, artifacts / "voila.png")
