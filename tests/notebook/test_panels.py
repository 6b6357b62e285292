"""The parts of the live view, each alone."""

import base64
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from bqplot import Axis, LinearScale
from ipywidgets import HTML

from hybhanas_jupyter.costs.quantum import quantum_cost
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.pictures import PARTS
from hybhanas_jupyter.nas.store import is_written
from hybhanas_jupyter.notebook.live import pages
from hybhanas_jupyter.notebook.live.candidate import CandidateView
from hybhanas_jupyter.notebook.live.charts import axis
from hybhanas_jupyter.notebook.live.pages import AblationView, FrontOutput, LandscapeView, Pages
from hybhanas_jupyter.notebook.live.view import LiveView, StatusPanel
from tests.notebook.scripted import ScriptedSearch, evaluations
from tests.notebook.widget_tree import eventually, everything, of_class, text_of

CONFIG = SearchConfig(generations=2, population=9)


@pytest.fixture
def search():
    search = ScriptedSearch(CONFIG)
    search.start()
    search.play(2)
    return search


@pytest.fixture
def candidate(search):
    view = CandidateView()
    view.attach(search)
    view.show(search.run.evaluations[:2])
    return view


def test_a_candidate_tells_its_genes_clocks_and_circuit(candidate, search):
    first = search.run.evaluations[0]
    shown = text_of(candidate)
    assert f"Candidate #{first.number}" in shown
    assert first.architecture.ansatz.topology in shown
    (circuit,) = of_class(candidate, "hyb-circuit")
    assert eventually(lambda: f"q_{first.architecture.ansatz.n_qubits - 1}" in circuit.value)
    accuracy = of_class(candidate, "hyb-curve")[0].marks[0]
    assert accuracy.y.tolist() == [epoch["validation_accuracy"] for epoch in first.history]


def test_a_training_of_one_epoch_has_axes_and_both_series(search):
    one = replace(search.run.evaluations[0], history=search.run.evaluations[0].history[:1])
    view = CandidateView()
    view.attach(search)
    view.show([one])
    for figure in of_class(view, "hyb-curve"):
        across, up = figure.axes
        assert across.tick_values.tolist() == [1]
        assert across.tick_labels == {"1": "1"}
        assert len(up.tick_values) > 1
        for mark in figure.marks:
            assert (len(mark.x), len(mark.y)) == (1, 1)
            assert mark.scales["x"].min < 1 < mark.scales["x"].max
            assert mark.scales["y"].min < mark.y[0] < mark.scales["y"].max


def test_the_physical_circuit_is_drawn_on_request(candidate):
    (circuit,) = of_class(candidate, "hyb-circuit")
    (which,) = [w for w in everything(candidate) if getattr(w, "description", "") == "Circuit"]
    which.value = "Physical"
    assert eventually(lambda: "Ecr" in circuit.value and "q_0 -&gt;" in circuit.value, seconds=60)
    which.value = "Logical"
    assert eventually(lambda: "<pre>" in circuit.value and "Ecr" not in circuit.value, seconds=60)


def test_the_next_candidate_replaces_the_first(candidate, search):
    (which,) = of_class(candidate, "hyb-candidate")
    which.index = 1
    assert "Candidate #1" in text_of(candidate)
    assert "Candidate #0" not in text_of(candidate)


def test_cost_on_another_device_is_that_of_quantum_cost(candidate, search):
    (button,) = of_class(candidate, "hyb-recost")
    box = next(w for w in everything(candidate) if getattr(w, "description", "") == "Cost on")
    box.value = "fake_torino"
    button.click()
    cost = quantum_cost(search.run.evaluations[0].architecture.ansatz.to_circuit(), "fake_torino")
    title = re.search("<b>(.*?)</b>", cost._repr_html_())[1]
    assert eventually(lambda: title in text_of(candidate), seconds=60)
    box.value = "fake_torin"
    button.click()
    assert eventually(lambda: "Did you mean" in text_of(candidate))


def test_export_reports_a_run_that_is_not_stored(candidate):
    of_class(candidate, "hyb-export")[0].click()
    assert eventually(lambda: "hyb-error" in text_of(candidate))


def test_the_parts_of_the_front_sum_to_the_effective_time(search):
    view = AblationView()
    view.update(search.run.front)
    bars = next(mark for mark in view.children[0].marks)
    assert len(bars.x) == len(search.run.front)
    by_number = {e.number: sum(e.cost.values()) for e in search.run.front}
    assert bars.y.sum(axis=0) == pytest.approx([by_number[int(name[1:])] for name in bars.x])
    assert list(bars.y.sum(axis=0)) == sorted(bars.y.sum(axis=0))


def test_a_front_that_spans_decades_is_shown_in_shares(search):
    cheap, dear = (replace(search.run.front[0], number=n, cost=dict.fromkeys(PARTS, 10.0**-n)) for n in (9, 2))
    view = AblationView()
    view.update([replace(cheap, cost={**cheap.cost, "logical_time": 3e-9}), dear])
    (bars,) = view.children[0].marks
    assert bars.y.sum(axis=0) == pytest.approx([1, 1])
    assert bars.y[0] == pytest.approx([0.5, 0.25])


def test_failures_are_listed_with_escaped_reasons(search):
    panel = StatusPanel()
    panel.list_failures(search.run.evaluations)
    (failures,) = of_class(panel, "hyb-failures")
    assert "#5 " in failures.value
    assert "&lt;b&gt;vanishes" in failures.value
    assert "<b>vanishes" not in failures.value


def test_three_dimensions_by_plotly_hold_every_point(search):
    view = LandscapeView()
    view.update(search.run.evaluations, search.run.front, CONFIG.objectives)
    assert view.children == ()
    view.reveal()
    dominated, front = view.children[0].data
    assert len(front.x) == len(search.run.front)
    assert len(dominated.x) + len(front.x) == sum(e.status == "ok" for e in search.run.evaluations)


def test_without_plotly_there_is_a_picture(search, monkeypatch):
    monkeypatch.setattr(pages, "has_plotly", lambda: False)
    view = LandscapeView()
    view.update(search.run.evaluations, search.run.front, CONFIG.objectives)
    view.reveal()
    png = re.search("base64,([^']+)'", view.children[0].value)[1]
    assert base64.b64decode(png).startswith(b"\x89PNG")
    assert "hybhanas_jupyter[3d]" in view.children[0].value


def test_only_the_page_in_front_is_in_the_browser():
    first, second = HTML("first"), HTML("second")
    pages = Pages({"one": first, "two": second})
    assert [box.children for box in pages.children] == [(first,), ()]
    pages.selected_index = 1
    assert [box.children for box in pages.children] == [(), (second,)]


@pytest.fixture
def sent(monkeypatch):
    """What stands in every output of the page, by display id."""
    outputs = {}

    def show(data, raw, display_id, metadata=None):
        outputs[display_id] = data

    monkeypatch.setattr(pages, "display", show)
    monkeypatch.setattr(pages, "update_display", show)
    return outputs


@pytest.mark.parametrize("ended_before", [False, True])
def test_the_final_front_is_a_picture_and_a_table_of_its_own(search, sent, ended_before):
    output = FrontOutput()
    if ended_before:
        output.fill(search.run)
    output.place()
    if not ended_before:
        output.fill(search.run)
    assert eventually(lambda: len(sent) == 2 and "text/html" in list(sent.values())[1])
    picture, table = sent.values()
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert table["text/html"].count("<tr>") == 1 + len(search.run.front)


def test_the_next_search_empties_the_places_of_the_last(search, sent):
    output = FrontOutput()
    output.place()
    output.fill(search.run)
    assert eventually(lambda: all(len(data) == 2 for data in sent.values()))
    output.fill(ScriptedSearch(CONFIG).run)
    assert eventually(lambda: all(data == {"text/plain": ""} for data in sent.values()))


def test_the_front_is_told_while_the_search_runs(search):
    page = pages.front_page(search.run, replace(search.run, store="<runs>.db"))
    assert page.count("<tr>") == 1 + len(search.run.front)
    assert "&lt;runs&gt;.db" in page


@pytest.mark.parametrize(("value", "key"), [(60.0, "60"), (3e-5, "0.00003"), (3e-7, "3e-7"), (0.0, "0"), (0.1, "0.1")])
def test_tick_labels_have_the_keys_that_javascript_looks_up(value, key):
    made = axis(LinearScale(), "", {value: "here"})
    assert isinstance(made, Axis)
    assert made.tick_labels == {key: "here"}


def test_a_run_is_written_while_a_process_holds_its_lock(tmp_path):
    store = tmp_path / "runs.db"
    assert not is_written(store, "r")
    code = "from filelock import FileLock; "
    code += f"lock = FileLock('{store}.r.lock'); lock.acquire(); print('held', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        assert is_written(store, "r")
    finally:
        holder.kill()
        holder.communicate()
    assert not is_written(store, "r")


def test_at_most_a_thousand_points_are_drawn_and_the_front_is_among_them():
    search = ScriptedSearch(SearchConfig(generations=50, population=24))
    search.start()
    view = LiveView(search)
    search.play(50)
    points = of_class(view, "hyb-pareto")[0].marks[-1]
    assert len(points.x) == 1000
    assert np.isfinite(points.x).all()
    drawn = {name.splitlines()[0] for name in points.names}
    assert {f"#{e.number} {e.architecture.label}" for e in search.run.front} <= drawn
    assert len(evaluations(search.config)) == 1200
