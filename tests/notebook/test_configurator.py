"""The form: what it reads is what it was given, and what is wrong is said at its field."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ipywidgets import HTML, Text, ToggleButton
from ipywidgets.widgets.widget import _instances as instances

from hybhanas_jupyter.circuits.ansatz import ENTANGLERS, ROTATIONS, TOPOLOGIES
from hybhanas_jupyter.data import DATASETS
from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.hardware import account
from hybhanas_jupyter.models.convolution import ACTIVATIONS, POOLINGS, Convolution
from hybhanas_jupyter.nas.config import PRESETS, SearchConfig, TrainingSettings
from hybhanas_jupyter.nas.evaluation import OBJECTIVES
from hybhanas_jupyter.nas.space import FixedCNN, SearchSpace, VariableCNN
from hybhanas_jupyter.notebook import configurator as module
from hybhanas_jupyter.notebook.configurator import config_code, configurator
from hybhanas_jupyter.notebook.form.form import Form
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
            backend="fake_torino",
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
    field(panel, "generations").widget.value = "2"
    panel.start.click()
    assert panel.search.config.space.qubits == (2, 3)
    assert panel.search.config.space.topologies == ("linear", "star")
    assert panel.search.config.generations == 2
    assert panel.search.state == "running"


@pytest.mark.parametrize(
    ("path", "value", "bound"),
    [
        ("generations", "0", "must be at least 1"),
        ("generations", "2.7", "must be a whole number"),
        ("generations", "", "must be a whole number"),
        ("training.learning_rate", "0,02", "must be a number"),
        ("shots", "10000000", "must be at most 1000000"),
        ("space.topologies", (), "needs 1 or more"),
        ("objectives", ("accuracy",), "needs 2 or more"),
        ("space.rotations", (("RY", "RQ"),), "Unknown rotation"),
        ("constraints.accuracy", "90", "must be from 0 to 1"),
        ("constraints.usage_time", "-1", "must be above 0"),
        ("workers", "many", "must be a whole number from 0 to 256"),
        ("scheduler", "tcp://10.0.0.1:8786", "workers="),
    ],
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


CHOICE = ("space.rotations", "space.entanglers", "space.topologies", "objectives")
layers = st.lists(
    st.builds(
        Convolution,
        st.integers(1, 64),
        kernel=st.integers(1, 5),
        stride=st.integers(1, 3),
        padding=st.integers(0, 3),
        pooling=st.sampled_from(POOLINGS),
        activation=st.sampled_from(ACTIVATIONS),
        dropout=st.floats(0, 0.99),
    ),
    min_size=1,
    max_size=3,
)


def some(values, **sizes):
    """Distinct values in any order."""
    return st.lists(values, unique=True, **{"min_size": 1, "max_size": 4, **sizes}).map(tuple)


def span(low, high):
    return st.lists(st.integers(low, high), min_size=2, max_size=2).map(sorted).map(tuple)


def maybe(values):
    return st.none() | values


cnns = st.builds(FixedCNN, layers=layers.map(tuple)) | st.builds(
    VariableCNN,
    layers=span(1, 3),
    channels=some(st.integers(1, 512)),
    kernels=some(st.integers(1, 11)),
    strides=some(st.integers(1, 4)),
    activations=some(st.sampled_from(ACTIVATIONS)),
    pooling=some(st.sampled_from(POOLINGS)),
    dropout=some(st.floats(0, 0.99)),
)
spaces = st.builds(
    SearchSpace,
    qubits=span(2, 12),
    depth=span(1, 15),
    rotations=some(st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=5).map(tuple)),
    entanglers=some(st.sampled_from(ENTANGLERS)),
    topologies=some(st.sampled_from(TOPOLOGIES)),
    cnn=cnns,
)
limits = st.dictionaries(st.sampled_from(list(OBJECTIVES)), st.floats(0.001, 1), max_size=3)
times = st.floats(0.001, 1e9)
configs = st.builds(
    SearchConfig,
    data=st.sampled_from(DATASETS),
    per_class=maybe(st.integers(2, 10**6)),
    backend=st.text(min_size=1, max_size=12),
    shots=st.integers(1, 10**6),
    optimization_level=st.integers(0, 3),
    test_share=st.floats(0, 0.99),
    resilience_level=maybe(st.integers(0, 2)),
    transpiler_seed=st.integers(0, 2**32 - 1),
    model=st.sampled_from(["calibrated", "paper"]),
    space=spaces,
    objectives=some(st.sampled_from(list(OBJECTIVES)), min_size=2),
    constraints=limits,
    generations=st.integers(1, 10**4),
    population=st.integers(2, 10**4),
    training=st.builds(
        TrainingSettings,
        epochs=st.integers(1, 1000),
        batch_size=st.integers(1, 10**6),
        learning_rate=st.floats(1e-12, 10),
        early_stop_accuracy=st.floats(0, 1),
        early_stop_epochs=st.integers(1, 99),
        time_limit=times,
    ),
    plateau=maybe(st.integers(1, 99)),
    time_budget=maybe(times),
    evaluation_budget=maybe(st.integers(2, 10**9)),
    workers=st.none() | st.integers(0, 256),
    seed=st.integers(0, 2**63 - 1),
) | st.builds(SearchConfig, workers=st.just("dask"), scheduler=maybe(st.just("tcp://10.0.0.1:8786")))


@pytest.fixture(scope="module")
def form():
    return Form(SearchConfig())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(config=configs, path=st.sampled_from(CHOICE), which=st.integers(0, 999))
def test_whatever_a_configuration_holds_outlives_clicks(form, config, path, which):
    form.write(config)
    assert form.read() == config
    choice = next(field.widget for field in form.fields if field.path == path)
    up = [button for button in buttons(choice) if not button.value]
    if up:
        button = up[which % len(up)]
        button.value = True
        assert len(choice.value) == sum(button.value for button in buttons(choice))
        button.value = False
    assert form.read() == config
    down = [button for button in buttons(choice) if button.value]
    down[which % len(down)].value = False
    left = form.read()
    if left is not None:
        assert left.model_dump(exclude={"space", "objectives"}) == config.model_dump(exclude={"space", "objectives"})


def buttons(choice):
    return [widget for widget in everything(choice) if isinstance(widget, ToggleButton)]


def test_a_sequence_that_is_not_offered_can_be_typed(panel):
    (rotations,) = of_class(panel, "hyb-space-rotations")
    rotations.value = (("RZ",),)
    (box,) = [w for w in everything(rotations) if isinstance(w, Text)]
    box.value = "rz-ry-rz"
    assert panel.config.space.rotations == (("RZ",), ("RZ", "RY", "RZ"))
    assert [b.description for b in buttons(rotations) if b.value] == ["RZ", "RZ-RY-RZ"]
    assert box.value == ""


def test_a_running_search_is_not_started_twice(panel):
    panel.start.click()
    first = panel.search
    assert panel.start.disabled
    panel.start.click()
    assert panel.search is first
    assert "run scripted is under way" in of_class(panel, "hyb-summary")[0].value
    first.play(5)
    assert eventually(lambda: not panel.start.disabled)


def test_a_new_panel_shows_the_search_that_runs_and_starts_no_rival(tmp_path):
    config = SearchConfig.preset("quick", generations=500, population=4, workers=0, training={"epochs": 1})
    store = tmp_path / "runs.db"
    first = configurator(config, store=store)
    first.start.click()
    try:
        second = configurator(config, store=str(store))
        assert second.search is first.search
        assert second.start.disabled
        assert f"run {first.search.id} is under way" in of_class(second, "hyb-summary")[0].value
        assert configurator(config, store=tmp_path / "other.db").search is None
    finally:
        first.search.stop()
        assert first.search.ended(timeout=60)
    assert configurator(config, store=store).search is None
    assert eventually(lambda: not second.start.disabled)


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("fake_kyv", "Unknown device &#x27;fake_kyv&#x27;. Did you mean &#x27;fake_kyiv&#x27;?"),
        ("fake_manila", "fake_manila has 5 qubits, the space goes up to 6"),
    ],
)
def test_a_device_that_cannot_do_it_turns_start_off_and_says_why(panel, device, words):
    field(panel, "backend").widget.value = device
    (summary,) = of_class(panel, "hyb-summary")
    assert eventually(lambda: panel.start.disabled)
    assert f"Start is off: {words}" in summary.value
    panel.start.click()
    assert panel.search is None
    field(panel, "backend").widget.value = "fake_torino"
    assert eventually(lambda: not panel.start.disabled)
    assert "Start is off" not in summary.value


def test_the_pages_with_wrong_values_are_named(panel):
    field(panel, "generations").widget.value = "0"
    field(panel, "workers").widget.value = "many"
    assert "see the marked fields (NSGA-II, Workers)" in of_class(panel, "hyb-summary")[0].value


def test_what_stands_instead_of_the_widgets_says_what_to_do(panel):
    assert panel._repr_mimebundle_()["text/plain"].endswith("run this cell to open it.")


def test_saving_keeps_the_former_file(panel, tmp_path):
    (path,) = [w for w in everything(panel) if getattr(w, "description", "") == "File"]
    path.value = str(tmp_path / "search.json")
    of_class(panel, "hyb-save")[0].click()
    field(panel, "shots").widget.value = "77"
    of_class(panel, "hyb-save")[0].click()
    assert SearchConfig.load(tmp_path / "search.json").shots == 1000
    assert SearchConfig.load(tmp_path / "search-2.json").shots == 77
    assert path.value == str(tmp_path / "search-2.json")
    assert f"{tmp_path / 'search.json'} is kept" in of_class(panel, "hyb-message")[0].value


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


def test_a_closed_panel_leaves_no_widget_behind(monkeypatch):
    before = set(instances)
    monkeypatch.setattr(module, "Search", ScriptedSearch)
    panel = configurator(SearchConfig.preset("paper-variable"))
    opened = len(set(instances) - before)
    panel.close()
    assert opened > 500
    assert [instances[name] for name in set(instances) - before] == []


def test_search_json_both_ways(panel, tmp_path):
    (path,) = [w for w in everything(panel) if getattr(w, "description", "") == "File"]
    path.value = str(tmp_path / "search.json")
    field(panel, "shots").widget.value = "77"
    of_class(panel, "hyb-save")[0].click()
    field(panel, "shots").widget.value = "78"
    of_class(panel, "hyb-load")[0].click()
    assert SearchConfig.load(path.value) == panel.config
    assert panel.config.shots == 77
    path.value = "/no/such/folder/search.json"
    of_class(panel, "hyb-load")[0].click()
    assert "/no/such/folder" in of_class(panel, "hyb-message")[0].value


def test_no_text_of_a_user_becomes_markup(panel):
    field(panel, "backend").widget.value = "<img src=x>"
    (card,) = of_class(panel, "hyb-device-card")
    assert eventually(lambda: "&lt;img" in card.value)
    html = [w.value for w in everything(panel) if isinstance(w, HTML)]
    assert any("hyb-code" in text and "&lt;img" in text for text in html)
    assert not any("<img" in text for text in html)


def test_devices_of_the_account_are_suggested_when_asked_for(panel, monkeypatch):
    service = SimpleNamespace(backends=lambda: [SimpleNamespace(name="ibm_test"), SimpleNamespace(name="<ibm_b>")])
    monkeypatch.setattr(account, "_saved_service", lambda: service)
    choice = field(panel, "backend").widget
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
    choice = field(panel, "backend").widget
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
