"""The front as files: a real PNG, and a page that asks nobody for anything and escapes what users wrote."""

import re
from dataclasses import dataclass, replace

import pytest

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.plots.page import front_table, run_planes, write_front
from tests.plots.sample import evaluation, failed


@dataclass(frozen=True)
class FinishedRun:
    id: str
    config: SearchConfig
    evaluations: tuple
    front: tuple
    hypervolumes: tuple = (0.1, 0.2)


@pytest.fixture
def run():
    evaluations = tuple(evaluation(i, 0.3 + i / 10, 10.0 * 3**i, 1 + i // 3) for i in range(6))
    return FinishedRun("<script>run</script>", SearchConfig(), (*evaluations, failed(6, 2)), evaluations)


def test_files(run, tmp_path):
    write_front(run, tmp_path / "front.png", tmp_path / "front.html")
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    page = (tmp_path / "front.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|srcset|href)="(?!data:)', page)
    assert page.count("<tr>") == 1 + len(run.front)
    assert "6 of 7 evaluated architectures are Pareto-optimal after 2 generations (1 failed)" in page
    assert "prefers-color-scheme: dark" in page


def test_a_cost_that_never_changes_gets_no_panel(run):
    assert [plane.x.name for plane in run_planes(run)] == ["quantum_time", "total_time", "parameters"]
    alone = replace(run, evaluations=run.evaluations[:1])
    assert len(run_planes(alone)) == 1


def test_table_is_ordered_by_quantum_time(run):
    assert re.findall(r">(\d+)</td></tr>", front_table(run.front[::-1])) == ["0", "1", "2", "3", "4", "5"]
