"""What is left when the kernel ends in the middle of a real run: no worker, and a run that goes on."""

import re
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import watched_page
from tests.browser.jupyter import Server, execute, open_notebook, run_all
from tests.notebook.widget_tree import eventually

RUN = """import hybhanas_jupyter as hyb
config = hyb.SearchConfig.preset("quick", generations=5, population=4, workers=2,
                                 space={{"qubits": (2, 3), "depth": (1, 2)}})
panel = hyb.configurator(config, store="{0}.db")
panel.start.click()
panel"""
GO_ON = """import hybhanas_jupyter as hyb
hyb.Search.load("{0}.db").view()"""
# What JupyterLab's widget manager says of the widgets of a kernel that is gone.
GONE = ("Comm not found for comm id", "widget model not found")
ENDS = {
    "killed": lambda page, kernel: kernel.kill(),
    "restarted": lambda page, kernel: page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    ),
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser, *GONE) as tab:
        yield tab


@pytest.mark.parametrize("end", ENDS)
def test_a_kernel_that_ends_leaves_no_worker_and_the_run_goes_on(page: Page, lab: Server, end: str):
    open_notebook(page, lab, lab.write(f"{end}.ipynb", RUN.format(end)))
    run_all(page)
    expect(page.locator(".hyb-numbers")).to_contain_text(re.compile(r"^([4-9]|1\d) of 20"), timeout=120_000)
    kernel = psutil.Process(int(execute(page, "import os; print(os.getpid())")))
    workers = kernel.children(recursive=True)
    assert len(workers) >= 2
    ENDS[end](page, kernel)
    assert eventually(lambda: not any(map(alive, workers)), seconds=60)

    open_notebook(page, lab, lab.write(f"{end}-goes-on.ipynb", GO_ON.format(end)))
    run_all(page)
    status = page.locator(".hyb-status")
    expect(status).to_contain_text(re.compile("^stopped"), timeout=60_000)
    assert page.locator(".hyb-pareto").first.locator(".dot").count() > 0
    page.locator(".hyb-resume").click()
    expect(status).to_contain_text(re.compile("^finished"), timeout=120_000)
    expect(page.locator(".hyb-numbers")).to_contain_text("20 of 20")


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
