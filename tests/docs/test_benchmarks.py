"""The benchmarks can be run and record what they find, and their README shows the latest of it.

Run here: two that take seconds. The others are imported only; `make bench` and their own commands run them.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
ELSEWHERE = {"search_quality"}  # needs optuna and pymoo, which nothing else does


def run(command, folder=FOLDER):
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_script_can_be_imported():
    names = sorted({path.stem for path in FOLDER.glob("*.py")} - ELSEWHERE)
    run(["-c", "\n".join(f"import {name}" for name in names)])


@pytest.mark.parametrize(("script", "arguments"), [("costs_reliability", ["4"]), ("magics_overhead", [])])
def test_script_prints_a_table_and_appends_an_entry(script, arguments, tmp_path):
    shutil.copytree(FOLDER, tmp_path / "benchmarks")
    results = tmp_path / "benchmarks" / "results" / f"{script}.jsonl"
    before = results.read_text()
    printed = run([f"benchmarks/{script}.py", *arguments], tmp_path)
    assert "----" in printed
    assert results.read_text().startswith(before)
    (line,) = results.read_text()[len(before) :].splitlines()
    entry = json.loads(line)
    assert entry["command"] == " ".join(["python", f"benchmarks/{script}.py", *arguments])
    assert entry["rows"]
    assert entry["machine"]["cores"] >= 1
    assert entry["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))


def test_all_entries_have_one_form():
    files = sorted((FOLDER / "results").glob("*.jsonl"))
    assert files
    for file in files:
        assert (FOLDER / f"{file.stem}.py").exists(), file
        for line in file.read_text().splitlines():
            assert set(json.loads(line)) == {"date", "command", "machine", "versions", "rows", "notes"}, file


def test_readme_shows_the_latest_entries(tmp_path):
    """If not: python benchmarks/measured.py"""
    shutil.copytree(FOLDER, tmp_path / "benchmarks")
    run(["benchmarks/measured.py"], tmp_path)
    assert (tmp_path / "benchmarks/README.md").read_text() == (FOLDER / "README.md").read_text()
