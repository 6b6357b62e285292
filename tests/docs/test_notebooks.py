"""Committed notebooks read well: executed in order, without errors, warnings, absolute paths or dead links."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.docs.markdown import links

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|work|usr)/")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_is_executed_in_order(notebook):
    assert [cell.execution_count for cell in code_cells(notebook)] == list(range(1, len(code_cells(notebook)) + 1))


def test_outputs_are_clean(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
            assert not ABSOLUTE.search(str(output)), cell.source


def test_links_lead_to_files(notebook):
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not [target for target in links(prose) if not (FOLDER / target).exists()]


def test_begins_with_a_title_and_ends_with_a_question(notebook):
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    assert lines[0].startswith("# ")
    assert "## The question" in lines or lines[0] == "# Quickstart"
