"""Chromium for the browser tests; skipped where there is none, a failure in CI."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.jupyter import Server, jupyter

ROOT = Path(__file__).parents[2]
# A network that is not there, and what Notebook 7.6 and Voila 0.5 raise for an empty notebook, too.
NOT_OURS = ("net::ERR_", "(reading 'schema')", "The getter for the shared module is not a function")
NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        reason = f"no Chromium on the path (looked for {', '.join(NAMES)})"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A JupyterLab with the project's notebooks, for all tests of a session."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns("runs.db*", ".*"))
    with jupyter(folder) as server:
        yield server


@contextmanager
def watched_page(browser: Browser, *expected: str) -> Iterator[Page]:
    """A page whose uncaught errors and console errors, but for those `expected`, fail the test at its end."""
    tab = browser.new_page(viewport={"width": 1300, "height": 1600})
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield tab
    tab.close()
    assert [error for error in errors if not any(known in error for known in (*NOT_OURS, *expected))] == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as tab:
        yield tab


@pytest.fixture
def artifacts() -> Path:
    """Where screenshots are kept; git ignores it."""
    folder = ROOT / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder
