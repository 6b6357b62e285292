"""Every recipe of CONTRIBUTING.md, applied to a copy of the package, does what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import blocks, sections

ROOT = Path(__file__).parents[2]
RECIPES = sections((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), level=3)


def apply(diff, root):
    """Apply `--- path` and its hunks, separated by @@; the lines that a hunk finds must be there exactly once."""
    for path, body in re.findall(r"^--- (\S+)\n(.*?)(?=^--- |\Z)", diff, flags=re.DOTALL | re.MULTILINE):
        text = (root / path).read_text(encoding="utf-8")
        for hunk in body.split("@@\n"):
            lines = [(line[:1], line[1:] + "\n") for line in hunk.splitlines()]
            old, new = ("".join(content for mark, content in lines if mark in kept) for kept in (" -", " +"))
            assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
            text = text.replace(old, new)
        (root / path).write_text(text, encoding="utf-8")


def test_recipes_are_there():
    assert list(RECIPES) == ["A topology", "An objective", "A device", "A noise model", "A dataset"]


@pytest.mark.parametrize("title", RECIPES)
def test_recipe(title, tmp_path):
    text = RECIPES[title]
    without = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(ROOT / "hybhanas_jupyter", tmp_path / "hybhanas_jupyter", ignore=without)
    for diff in blocks(text, "diff"):
        apply(diff, tmp_path)
    (script,) = blocks(text, "python")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("title", RECIPES)
def test_recipe_is_short(title):
    added = [line for diff in blocks(RECIPES[title], "diff") for line in diff.splitlines() if line.startswith("+")]
    (script,) = blocks(RECIPES[title], "python")
    assert len(added or script.splitlines()) < 20
