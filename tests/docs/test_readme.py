"""What README.md, CONTRIBUTING.md and CHANGELOG.md say can be done is done here, every fenced block of the README too.

Not run are `make test`, which runs this, `make lab`, which waits for a browser (tests/browser opens JupyterLab on the
quickstart), and `pip install`, which `make` does with the same extra.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser import pictures
from tests.docs.markdown import blocks, links

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
    *("benchmarks/README.md", "docs/cost_model.md", "notebooks/README.md"),
)
BIN = Path(sys.executable).parent
INSTALL, MAKE, TERMINAL = blocks(README, "sh")


def succeed(command, folder):
    """Run in `folder`, with this environment's commands first; returns what was printed."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    missing = [target for target in links(text) if not (ROOT / page).parent.joinpath(target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page):
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= targets


def test_every_block_is_of_a_kind_that_is_run():
    fences = re.findall(r"^```(.*)$", README, flags=re.MULTILINE)
    assert set(fences[::2]) == {"sh", "python", "ipython"}
    assert set(re.findall(r"^make ([a-z]+)", MAKE, flags=re.MULTILINE)) == {"demo", "test"}
    assert re.findall(r"^pip install (\S+)", INSTALL, flags=re.MULTILINE) == [".", '".[search]"']


def test_make_demo_leaves_a_front(tmp_path):
    ready = ".venv/ready"  # -o: the environment is this one
    printed = succeed(["make", "-f", str(ROOT / "Makefile"), "-o", ready, f"BIN={BIN}", "demo"], tmp_path)
    assert "Pareto front" in printed
    assert {"front.png", "front.html", "runs.db"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_python_runs(number, tmp_path):
    assert succeed([sys.executable, "-c", blocks(README, "python")[number]], tmp_path)


def test_terminal_commands_run(tmp_path):
    printed = succeed(["bash", "-e", "-c", TERMINAL], tmp_path)
    assert "Quantum cost on fake_torino" in printed
    assert "fake_toronto" in printed
    assert re.findall(r"^Run \S+: (\d+) evaluations", printed, flags=re.MULTILINE) == ["50", "60", "60"]


def test_notebook_cells_run(tmp_path):
    cells = [nbformat.v4.new_code_cell(block) for block in blocks(README, "ipython")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    loaded, cost, form = (cell.outputs for cell in notebook.cells)
    assert loaded == []
    assert "Quantum cost on fake_kyiv" in str(cost)
    assert "application/vnd.jupyter.widget-view+json" in str(form)


@pytest.mark.parametrize("name", ["qcost-light.png", "qcost-dark.png"])
def test_pictures_show_the_report_of_today(name):
    """If not: python -m tests.browser.pictures"""
    assert pictures.known_fingerprint(name) == pictures.fingerprint()
    assert pictures.CELL in README
