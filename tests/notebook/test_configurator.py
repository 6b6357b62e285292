"""The form: what it reads is what it was given, and what is wrong is said at its field."""

from types import SimpleNamespace

import pytest
from ipywidgets import HTML

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.hardware import account
from hybhanas_jupyter.nas.config import PRESETS, SearchConfig
from hybhanas_jupyter.nas.space import SearchSpace, VariableCNN
from hybhanas_jupyter.notebook import configurator as module
from hybhanas_jupyter.notebook.configurator import config_code, configurator
from tests.notebook.scripted import ScriptedSearch
from tests.notebook.widget_tree import eventually, everything, of_class, text_of


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


def paths(model, prefix=""):
    """The dotted names of all leaves of a dumped configuration."""
    if not isinstance(model, dict) or prefix == "constraints":
        return {prefix}
    return set().union(*(paths(value, f"{prefix}.{name}".strip(".")) for name, value in model.items()))


@pytest.mark.parametrize("preset", ["paper-fixed", "paper-variable"])
def test_everything_in_the_configuration_can_be_set(panel, preset):
    fields = {field.path.split(".")[0] if "constraints" in field.path else field.path for field in panel.form.fields}
    assert paths(SearchConfig.preset(preset).model_dump()) - {"version"} <= fields


def test_presets_fill_the_form(panel):
    preset = of_class(panel, "hyb-preset")[0]
    for name in ("paper-variable", "paper-fixed", "quick"):
        preset.value = name
        assert panel.config == SearchConfig.preset(name)


def test_the_other_kind_of_cnn_starts_from_its_defaults(panel):
    field(panel, "space.cnn.mode").widget.value = "variable"
    assert panel.config.space.cnn == VariableCNN()


def test_constraints_are_only_those_given(panel):
    field(panel, "constraints.success_probability").widget.value = "0.5"
    assert panel.config.constraints == {"success_probability": 0.5}
    field(panel, "constraints.success_probability").widget.value = "half"
    assert "half" in field(panel, "constraints.success_probability").error.value
    assert panel.config is None


def test_the_code_makes_the_same_configuration():
    for config in (*map(SearchConfig.preset, PRESETS), SearchConfig(objectives=("accuracy", "usage_time"), workers=2)):
        names = {}
        exec(config_code(config).rsplit("\n", 1)[0], names)
        assert names["config"] == config


def test_search_json_both_ways(panel, tmp_path):
    (path,) = [w for w in everything(panel) if getattr(w, "description", "") == "File"]
    path.value = str(tmp_path / "search.json")
    field(panel, "shots").widget.value = 77
    of_class(panel, "hyb-save")[0].click()
    field(panel, "shots").widget.value = 78
    of_class(panel, "hyb-load")[0].click()
    assert SearchConfig.load(path.value) == panel.config
    assert panel.config.shots == 77
    path.value = "/no/such/folder/search.json"
    of_class(panel, "hyb-load")[0].click()
    assert "/no/such/folder" in of_class(panel, "hyb-message")[0].value


def test_no_text_of_a_user_becomes_markup(panel):
    field(panel, "device").widget.value = "<img src=x>"
    (card,) = of_class(panel, "hyb-device-card")
    assert eventually(lambda: "&lt;img" in card.value)
    html = [w.value for w in everything(panel) if isinstance(w, HTML)]
    assert any("hyb-code" in text and "&lt;img" in text for text in html)
    assert not any("<img" in text for text in html)


def test_devices_of_the_account_are_suggested_when_asked_for(panel, monkeypatch):
    service = SimpleNamespace(backends=lambda: [SimpleNamespace(name="ibm_test"), SimpleNamespace(name="<ibm_b>")])
    monkeypatch.setattr(account, "_saved_service", lambda: service)
    choice = field(panel, "device").widget
    (box,) = [w for w in everything(choice) if getattr(w, "description", "") == "Device"]
    (button,) = of_class(choice, "hyb-account")
    assert eventually(lambda: "fake_kyiv" in box.options)
    assert "ibm_test" not in box.options
    button.click()
    assert eventually(lambda: not button.disabled)
    assert {"ibm_test", "fake_kyiv"} <= set(box.options)
    assert any(
        "2 of your account: &lt;ibm_b&gt;, ibm_test" in w.value for w in everything(choice) if isinstance(w, HTML)
    )


def test_without_an_account_the_form_says_so_in_one_line(panel, monkeypatch):
    def refuse():
        raise ValueError("bad token secret-token")

    monkeypatch.setattr(account, "_saved_service", refuse)
    choice = field(panel, "device").widget
    (button,) = of_class(choice, "hyb-account")
    button.click()
    assert eventually(lambda: not button.disabled)
    assert "needs an IBM Quantum account" in text_of(choice)
    assert "secret-token" not in text_of(choice)


def test_a_search_that_cannot_start_says_why(panel, monkeypatch):
    def refuse(self):
        raise StoreError("Run store '/none/runs.db': no such folder.")

    monkeypatch.setattr(ScriptedSearch, "start", refuse)
    panel.start.click()
    assert panel.search is None
    assert "no such folder" in of_class(panel, "hyb-summary")[0].value
