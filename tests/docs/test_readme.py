"""What README.md and CONTRIBUTING.md say can be done: links lead somewhere, commands exist, code runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import blocks, links

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    missing = [target for target in links(text) if not (ROOT / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page):
    named = set(re.findall(r"\bmake ([a-z]+)", (ROOT / page).read_text(encoding="utf-8")))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= targets | {"and"}


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_python_runs(number, tmp_path):
    code = blocks(README, "python")[number]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
