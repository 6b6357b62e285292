"""The form: what it reads is what it was given, and what is wrong is said at its field."""

import pytest

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.space import SearchSpace
from hybhanas_jupyter.notebook import configurator as module
from hybhanas_jupyter.notebook.configurator import configurator
from tests.notebook.scripted import ScriptedSearch


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setattr(module, "Search", ScriptedSearch)
    return configurator(SearchConfig.preset("quick"))


def field(panel, path):
    return next(field for field in panel.form.fields if field.path == path)


@pytest.mark.parametrize(
    "config",
    [
        SearchConfig(),
        SearchConfig.preset("quick", seed=3),
        SearchConfig(
            device="fake_torino",
            space=SearchSpace(
                qubits=(3, 5), depth=(2, 2), rotations=("RY", "RX-RZ"), entanglers=("CZ",), topologies=("star",)
            ),
            generations=2,
            population=4,
        ),
    ],
)
def test_the_form_gives_back_the_configuration(config):
    assert configurator(config).config == config


def test_what_the_user_sets_is_what_runs(panel):
    field(panel, "space.qubits").widget.value = (2, 3)
    field(panel, "space.topologies").widget.value = ("linear", "star")
    field(panel, "generations").widget.value = 2
    panel.start.click()
    assert panel.search.config.space.qubits == (2, 3)
    assert panel.search.config.space.topologies == ("linear", "star")
    assert panel.search.config.generations == 2
    assert panel.search.state == "running"


@pytest.mark.parametrize(
    ("path", "value", "bound"),
    [("generations", 0, "1"), ("shots", 10**7, "1000000"), ("space.topologies", (), "1 item")],
)
def test_a_wrong_value_is_marked_at_its_field(panel, path, value, bound):
    wrong = field(panel, path)
    good = wrong.widget.value
    wrong.widget.value = value
    assert bound in wrong.error.value
    assert [f.path for f in panel.form.fields if f.error.value] == [path]
    assert panel.start.disabled
    assert sum(title.startswith("⚠") for title in panel.form.titles) == 1
    wrong.widget.value = good
    assert not wrong.error.value
    assert not panel.start.disabled


def test_a_running_search_is_not_started_twice(panel):
    panel.start.click()
    first = panel.search
    panel.start.click()
    assert panel.search is first
