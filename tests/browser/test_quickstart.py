"""The quickstart in a real JupyterLab: run all, Start, marks generation by generation, Stop."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.jupyter import Server, open_notebook, run_all


def test_quickstart(page: Page, lab: Server, artifacts: Path):
    open_notebook(page, lab, "quickstart.ipynb")
    view = page.locator(".hyb-pareto").first
    run_all(page)
    start = page.locator(".hyb-start")
    expect(start).to_be_visible(timeout=120_000)
    dots = view.locator(".dot")
    expect(dots).to_have_count(0)

    start.click()
    status = page.locator(".hyb-status")
    expect(status).to_contain_text("generation 2 of", timeout=90_000)
    first = dots.count()
    assert first > 0
    expect(status).to_contain_text("generation 3 of", timeout=90_000)
    assert dots.count() > first

    page.locator(".hyb-stop").click()
    expect(status).to_contain_text(re.compile("^stopped"), timeout=5_000)
    page.locator(".jp-OutputArea-output", has=view).screenshot(path=artifacts / "quickstart.png")
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
