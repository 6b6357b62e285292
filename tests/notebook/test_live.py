"""The live view follows a search: what is written into the widgets, and what its buttons do."""

import pytest

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.notebook.live import LiveView
from tests.notebook.scripted import ScriptedSearch
from tests.notebook.widget_tree import eventually, of_class

CONFIG = SearchConfig(generations=3, population=6)


@pytest.fixture
def search():
    return ScriptedSearch(CONFIG)


def points(view):
    """Numbers of points in the four views: dominated and front ones together."""
    return [len(figure.marks[-1].x) for figure in of_class(view, "hyb-pareto")]


def test_points_arrive_with_their_generation(search):
    view = LiveView(search)
    assert points(view) == [0, 0, 0, 0]
    search.start()
    search.play()
    assert points(view) == [5, 5, 5, 5]  # the sixth failed
    search.play()
    assert points(view) == [11, 11, 11, 11]
    (slider,) = of_class(view, "hyb-replay")
    assert (slider.value, slider.max) == (2, 2)


def test_all_views_keep_the_same_order_so_that_a_pick_means_the_same(search):
    view = LiveView(search)
    search.start()
    search.play(3)
    names = [list(figure.marks[-1].names) for figure in of_class(view, "hyb-pareto")]
    assert names[0] == names[1] == names[2] == names[3]
    assert names[0] == [e.architecture.label for e in search.run.evaluations if e.status == "ok"]


def test_replay_shows_an_earlier_generation_and_stays_there(search):
    view = LiveView(search)
    search.start()
    search.play(2)
    (slider,) = of_class(view, "hyb-replay")
    slider.value = 1
    assert points(view) == [5, 5, 5, 5]
    search.play()
    assert (slider.value, slider.max) == (1, 3)
    assert points(view) == [5, 5, 5, 5]


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


def test_another_search_takes_the_place(search):
    view = LiveView()
    view.attach(search)
    search.start()
    search.play()
    other = ScriptedSearch(CONFIG)
    view.attach(other)
    assert points(view) == [0, 0, 0, 0]
    search.play()
    assert points(view) == [0, 0, 0, 0]
