"""Every section of docs/cost_model.md that code, tests, notebooks or pages cite is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "cost_model.md").read_text(encoding="utf-8")
TITLES = dict(re.findall(r"^## (\d+)\. (.+)$", TEXT, flags=re.MULTILINE))
NUMBERS, TITLE = r"sections?\s+(\d+(?:(?:, | and | to )\d+)*)", r'\\?"([^"\\]+)\\?"'
CITED = re.compile(rf"cost_model\.md(?:\]\([^)]*\))?,?\s+(?:{NUMBERS}|{TITLE})")
FOLDERS = ("hybhanas_jupyter", "benchmarks", "tests", "notebooks", "docs")


def pages():
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*")]
    return sorted([*(file for file in files if file.suffix in (".py", ".md", ".ipynb")), *ROOT.glob("*.md")])


def citations():
    for file in pages():
        for match in CITED.finditer(file.read_text(encoding="utf-8")):
            yield from ((file.relative_to(ROOT), cited) for cited in re.findall(r"\d+", match[1] or "") or [match[2]])


@pytest.mark.parametrize(("file", "cited"), sorted(set(citations()), key=str))
def test_cited_sections_exist(file, cited):
    assert cited in TITLES or cited in TITLES.values(), f"{file} cites section {cited!r}"


def test_sections_are_numbered_in_order_and_listed():
    headings = re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE)
    assert headings == [f"{number}. {title}" for number, title in TITLES.items()]
    assert list(TITLES) == [str(i + 1) for i in range(len(TITLES))]
    assert re.findall(r"^\| (\d+) \|", TEXT, flags=re.MULTILINE) == list(TITLES)


def test_no_page_cites_notes_outside_the_repository():
    assert not [file for file in pages() if file != Path(__file__) and "cost-model.md" in file.read_text("utf-8")]
