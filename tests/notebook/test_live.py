"""The live view follows a search: what is written into the widgets, and what its buttons do."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from math import nan
from types import SimpleNamespace

import pytest
import torch
from ipywidgets import HTML
from ipywidgets.widgets.widget import _instances as instances

from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.models.hybrid import HybridNet
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.store import Store
from hybhanas_jupyter.notebook import common
from hybhanas_jupyter.notebook.live import view as view_module
from hybhanas_jupyter.notebook.live.candidate import genes_table
from hybhanas_jupyter.notebook.live.view import LiveView
from hybhanas_jupyter.notebook.search import Search
from tests.notebook.scripted import ScriptedSearch, evaluations
from tests.notebook.widget_tree import eventually, everything, of_class, text_of

CONFIG = SearchConfig(generations=3, population=6)


@pytest.fixture
def search():
    return ScriptedSearch(CONFIG)


def points(view):
    """Numbers of points in the views: dominated and front ones together."""
    return [len(figure.marks[-1].x) for figure in of_class(view, "hyb-pareto")]


def test_points_arrive_with_their_generation(search):
    view = LiveView(search)
    assert points(view) == []
    assert "Points appear here" in text_of(view)
    search.start()
    search.play()
    assert points(view) == [5, 5]  # the sixth failed
    assert "Points appear here" not in text_of(view)
    search.play()
    assert points(view) == [11, 11]
    (slider,) = of_class(view, "hyb-replay")
    assert (slider.value, slider.max) == (2, 2)


def test_all_views_keep_the_same_order_so_that_a_pick_means_the_same(search):
    view = LiveView(search)
    search.start()
    search.play(3)
    names = [list(figure.marks[-1].names) for figure in of_class(view, "hyb-pareto")]
    assert names[0] == names[1]
    known = [e for e in search.run.evaluations if e.status == "ok"]
    assert [name.splitlines()[0] for name in names[0]] == [f"#{e.number} {e.architecture.label}" for e in known]


def test_the_mouse_over_a_point_tells_its_values_with_units(search):
    view = LiveView(search)
    search.start()
    search.play()
    first = search.run.evaluations[0]
    assert of_class(view, "hyb-pareto")[0].marks[-1].names[0].splitlines() == [
        f"#0 {first.architecture.label}",
        f"Validation accuracy: {first.accuracy:.1%}",
        f"Quantum training time: {seconds(first.quantum_time)}",
        f"Quantum parameters: {first.quantum_parameters:,}",
        f"Provider usage time: {seconds(first.usage_time)}",
        "Generation 1",
    ]


def test_a_running_view_gives_signs_of_life_and_an_ended_one_none(search, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(view_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    panel = view_module.StatusPanel()
    panel.beat(True, search.run)
    first = panel._silence.value
    assert "hyb.Search.load" in first
    now[0] += view_module.HEARTBEAT
    panel.beat(True, search.run)
    assert panel._silence.value != first
    assert view_module.HEARTBEAT < view_module.SILENCE / 2
    panel.beat(False, search.run)
    assert panel._silence.value == ""


def test_replay_shows_an_earlier_generation_and_stays_there(search):
    view = LiveView(search)
    search.start()
    search.play(2)
    (slider,) = of_class(view, "hyb-replay")
    slider.value = 1
    assert points(view) == [5, 5]
    search.play()
    assert (slider.value, slider.max) == (1, 3)
    assert points(view) == [5, 5]


def test_buttons_command_the_search_and_show_its_state(search):
    view = LiveView(search)
    (status,) = of_class(view, "hyb-status")
    assert status.value.startswith("new")
    search.start()
    view.refresh()
    assert [button.disabled for button in view.buttons] == [False, True, False]
    view.pause.click()
    assert search.state == "paused"
    assert status.value.startswith("paused")
    assert [button.disabled for button in view.buttons] == [True, False, False]
    view.resume.click()
    assert search.state == "running"
    view.stop.click()
    assert search.state == "stopped"
    assert status.value.startswith("stopped")
    assert [button.disabled for button in view.buttons] == [True, False, True]


def test_several_views_of_one_search_stay_in_step(search):
    views = [LiveView(search), LiveView(search)]
    search.start()
    search.play()
    assert points(views[0]) == points(views[1])
    views[0].pause.click()
    assert eventually(lambda: views[1].resume.disabled is False)


def test_progress_is_followed_without_any_event(search):
    view = LiveView(search)
    search.start()
    (status,) = of_class(view, "hyb-status")
    assert eventually(lambda: status.value.startswith("running"))


@pytest.mark.parametrize(
    ("objectives", "told"), [(("accuracy", "total_time"), True), (("accuracy", "quantum_time"), False)]
)
def test_a_long_start_is_explained(objectives, told):
    search = ScriptedSearch(SearchConfig(objectives=objectives))
    view = LiveView(search)
    search.start()
    view.refresh()
    (status,) = of_class(view, "hyb-status")
    assert ("measures its speed for about 20 s, once" in status.value) == told


def test_another_search_takes_the_place(search):
    view = LiveView()
    view.attach(search)
    search.start()
    search.play()
    other = ScriptedSearch(CONFIG)
    view.attach(other)
    assert points(view) == []
    search.play()
    assert points(view) == []


def references():
    """Widgets that an open widget refers to though they are closed: a page that is reloaded cannot find them."""
    states = {name: json.dumps(widget.get_state(), default=str) for name, widget in list(instances.items())}
    return {ref for text in states.values() for ref in re.findall(r"IPY_MODEL_(\w+)", text)} - set(states)


def test_views_leave_no_widget_behind_and_refer_to_none_that_is_closed(search):
    view = LiveView(search)
    search.start()
    search.play()
    of_class(view, "hyb-axes")[0].value = ("usage_time",)
    before = len(instances)
    for _ in range(2):
        search.play()
        view._board.pick([2])
        view._board.pick([])
    assert len(instances) == before
    view.attach(ScriptedSearch(CONFIG))
    assert len(instances) < before
    assert references() == set()


def test_a_cell_that_runs_again_closes_what_it_showed_before(search, monkeypatch):
    parent = {"metadata": {"cellId": "a cell"}, "header": {"msg_id": "first"}}
    monkeypatch.setattr(common, "get_ipython", lambda: SimpleNamespace(get_parent=lambda: parent))
    monkeypatch.setattr(common, "_SHOWN", {})
    before = len(instances)
    views = [LiveView(search), LiveView(search), LiveView(search)]
    search.start()
    search.play()
    for view in views[:2]:
        common.close_former(view)
    assert [view.comm is not None for view in views] == [True, True, True]
    parent["metadata"] = {"cellId": "another cell"}
    common.close_former(views[1])
    parent.update(metadata={"cellId": "a cell"}, header={"msg_id": "second"})
    common.close_former(views[2])
    assert [view.comm is not None for view in views] == [False, True, True]  # the second is shown elsewhere, too
    search.play()
    assert points(views[2]) == [11, 11]
    for view in views[1:]:
        view.close()
    assert references() == set()
    assert len(instances) - before < 60


def test_a_run_of_another_process_is_followed(tmp_path):
    path = tmp_path / "runs.db"
    store = Store(path, write=True)
    run = store.add_run(CONFIG)
    first, second = evaluations(CONFIG)[:6], evaluations(CONFIG)[6:12]
    with store.locked(run):
        for evaluation in first:
            store.add_evaluation(run, evaluation, b"")
        view = LiveView(Search.load(path), path)
        (status,) = of_class(view, "hyb-status")
        assert points(view)[0] == 5
        assert eventually(lambda: status.value.startswith("running in another process"))
        assert view.resume.disabled
        for evaluation in second:
            store.add_evaluation(run, evaluation, b"")
        assert eventually(lambda: points(view) == [11, 11])
    assert eventually(lambda: status.value.startswith("stopped"))
    assert not view.resume.disabled


RUN_ELSEWHERE = """import sys
import hybhanas_jupyter as hyb
config = hyb.SearchConfig.preset("quick", generations=500, population=4, workers=0, training={"epochs": 1})
hyb.search(config, store=sys.argv[1], progress=False)"""


def test_a_search_that_a_process_of_its_own_runs_is_followed(tmp_path):
    path = tmp_path / "runs.db"
    process = subprocess.Popen([sys.executable, "-c", RUN_ELSEWHERE, path])
    try:
        assert eventually(path.exists, seconds=120)
        assert eventually(lambda: evaluated(path), seconds=120)
        view = Search.load(path).view()
        (status,) = of_class(view, "hyb-status")
        assert eventually(lambda: status.value.startswith("running in another process"), seconds=60)
        before = points(view)[0]
        assert eventually(lambda: points(view)[0] > before, seconds=60)
    finally:
        process.kill()
        process.wait()
    assert eventually(lambda: status.value.startswith("stopped"), seconds=60)


def evaluated(path):
    """How many candidates a store holds; 0 while it is being made."""
    try:
        return len(Search.load(path).run.evaluations)
    except StoreError:
        return 0


def test_every_point_can_be_picked_without_a_mouse(search):
    view = LiveView(search)
    search.start()
    search.play(2)
    (listed,) = of_class(view, "hyb-list")
    front = {e.number for e in search.run.front}
    labels = [label for label, _ in listed.options[1:]]
    assert [label.startswith("◆") for label in labels] == [True] * len(front) + [False] * (len(labels) - len(front))
    assert len(labels) == points(view)[0]
    for wanted in (search.run.front[0], next(e for e in search.run.evaluations if e.number not in front)):
        listed.value = next(row for label, row in listed.options if f"#{wanted.number} " in label)
        for figure in of_class(view, "hyb-pareto"):
            (row,) = figure.marks[-1].selected
            assert figure.marks[-1].names[row].startswith(f"#{wanted.number} {wanted.architecture.label}\n")
        assert f"Candidate #{wanted.number}" in " ".join(w.value for w in everything(view) if isinstance(w, HTML))


def test_the_list_of_points_follows_the_pick(search):
    view = LiveView(search)
    search.start()
    search.play()
    (listed,) = of_class(view, "hyb-list")
    points_of_first = of_class(view, "hyb-pareto")[0].marks[-1]
    points_of_first.selected = [3]
    assert "#3 " in listed.label
    search.play()
    assert "#3 " in listed.label
    assert list(points_of_first.selected) == [3]
    points_of_first.selected = [3, 4]
    assert listed.label == "pick a point"
    listed.value = 4
    listed.index = 0
    assert points_of_first.selected is None


def test_a_command_that_is_refused_says_why(search, monkeypatch):
    view = LiveView(search)
    search.start()
    view.pause.click()

    def refuse():
        raise StoreError("<b>being written</b> by another process.")

    monkeypatch.setattr(search, "resume", refuse)
    view.resume.click()
    assert "&lt;b&gt;being written" in of_class(view, "hyb-error")[0].value


def test_a_pick_is_dropped_when_its_candidate_is_no_longer_drawn(search):
    view = LiveView(search)
    search.start()
    search.play(2)
    first = of_class(view, "hyb-pareto")[0].marks[-1]
    first.selected = [8]
    (slider,) = of_class(view, "hyb-replay")
    slider.value = 1
    assert first.selected is None


def views(view):
    """What the horizontal axes of the views show."""
    return [figure.axes[0].label for figure in of_class(view, "hyb-pareto")]


@pytest.mark.parametrize(
    ("objectives", "labels"),
    [
        (("accuracy", "usage_time", "two_qubit_gates"), ["Provider usage time", "Two-qubit gates"]),
        (("success_probability", "accuracy"), ["Success probability"]),
        (("parameters", "total_time", "success_probability"), ["Parameters", "Total training time"]),
    ],
)
def test_the_axes_are_the_objectives(objectives, labels):
    search = ScriptedSearch(SearchConfig(generations=3, population=6, objectives=objectives))
    view = LiveView(search)
    search.start()
    search.play()
    assert views(view) == labels
    upright = "Validation accuracy" if "accuracy" in objectives else "Success probability"
    assert {figure.axes[1].label for figure in of_class(view, "hyb-pareto")} == {upright}


def test_any_other_measured_property_can_be_shown(search):
    view = LiveView(search)
    search.start()
    search.play(2)
    first = of_class(view, "hyb-pareto")[0].marks[-1]
    first.selected = [3]
    (more,) = of_class(view, "hyb-axes")
    more.value = ("usage_time",)
    assert views(view) == ["Quantum training time", "Quantum parameters", "Provider usage time"]
    assert points(view) == [11, 11, 11]
    assert of_class(view, "hyb-pareto")[2].marks[-1].selected.tolist() == [3]
    more.value = ()
    assert views(view) == ["Quantum training time", "Quantum parameters"]


def test_what_is_not_known_is_left_out_and_is_no_nan():
    search = ScriptedSearch(SearchConfig(generations=3, population=6))
    search._script = tuple(replace(evaluation, classical_time=nan) for evaluation in search._script)
    view = LiveView(search)
    search.start()
    search.play()
    (more,) = of_class(view, "hyb-axes")
    more.value = ("classical_time", "parameters")
    assert views(view) == ["Quantum training time", "Quantum parameters", "Parameters"]
    assert points(view) == [5, 5, 5]
    first = of_class(view, "hyb-pareto")[0].marks[-1]
    first.selected = [0]
    assert "nan" not in text_of(view)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The path of a store with a finished run of one generation."""
    path = tmp_path_factory.mktemp("stored") / "runs.db"
    started = Search(SearchConfig.preset("quick", generations=1, population=4, workers=0), store=path)
    started.start()
    started.result()
    return path


def test_what_a_surrogate_predicted_stands_below_what_was_found():
    predicted = replace(evaluations(SearchConfig())[1], accuracy=0.9, predicted={"accuracy": (0.88, 0.03)})
    assert re.search(
        r"Validation accuracy</td><td[^>]*>90.0%.*as predicted</td><td[^>]*>88.0% \u00b1 3.0%", genes_table(predicted)
    )
    assert "as predicted" not in genes_table(replace(predicted, predicted={}))


def test_a_stored_run_shows_itself(stored):
    search = Search.load(stored)
    evaluated = [e for e in search.run.evaluations if e.status == "ok"]
    assert points(search.view())[0] == len(evaluated) == 4


def test_an_exported_candidate_is_as_accurate_as_the_view_says(stored, tmp_path):
    search = Search.load(stored)
    view, folder = search.view(), tmp_path / "exported"
    candidate = search.run.front[0]
    (listed,) = of_class(view, "hyb-list")
    listed.value = next(row for label, row in listed.options if f"#{candidate.number} " in label)
    (box,) = [w for w in everything(view) if getattr(w, "description", "") == "Folder"]
    box.value = str(folder)
    of_class(view, "hyb-export")[0].click()
    assert eventually(lambda: f"Written: {folder}" in text_of(view))
    of_class(view, "hyb-export")[0].click()
    assert eventually(lambda: f"Written: {folder}-2" in text_of(view))
    net, data = HybridNet.load(folder).eval(), load_dataset("digits")
    with torch.no_grad():
        guesses = net(torch.from_numpy(data.x_validation)).argmax(dim=1).numpy()
    assert (guesses == data.y_validation).mean() == pytest.approx(candidate.accuracy)
