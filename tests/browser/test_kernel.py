"""What is left when the kernel is killed in the middle of a real run: no worker, and a run that goes on."""

import re
import time

import psutil
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Server, execute, open_notebook, run_all

RUN = """import hybhanas_jupyter as hyb
config = hyb.SearchConfig.preset("quick", generations=3, population=4, workers=2,
                                 space={"qubits": (2, 3), "depth": (1, 2)})
panel = hyb.configurator(config, store="killed.db")
panel.start.click()
panel"""
GO_ON = """import hybhanas_jupyter as hyb
from hybhanas_jupyter.notebook.live import LiveView
search = hyb.Search.load("killed.db")
LiveView(search, "killed.db")"""


def test_a_killed_kernel_leaves_no_worker_and_the_run_goes_on(page: Page, lab: Server):
    open_notebook(page, lab, lab.write("killed.ipynb", RUN))
    run_all(page)
    expect(page.locator(".hyb-numbers")).to_contain_text(re.compile(r"^([4-9]|1\d) of 12"), timeout=60_000)
    kernel = psutil.Process(int(execute(page, "import os; print(os.getpid())")))
    workers = kernel.children(recursive=True)
    assert len(workers) >= 2
    kernel.kill()
    time.sleep(5)
    assert [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE] == []

    open_notebook(page, lab, lab.write("resumed.ipynb", GO_ON))
    run_all(page)
    status = page.locator(".hyb-status")
    expect(status).to_contain_text(re.compile("^stopped"), timeout=30_000)
    assert page.locator(".hyb-pareto").first.locator(".dot").count() > 0
    page.locator(".hyb-resume").click()
    expect(status).to_contain_text(re.compile("^finished"), timeout=60_000)
    expect(page.locator(".hyb-numbers")).to_contain_text("12 of 12")
