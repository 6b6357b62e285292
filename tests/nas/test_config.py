import pytest

from hybhanas_jupyter.errors import ConfigError, UnknownNameError
from hybhanas_jupyter.nas.config import PRESETS, SearchConfig, TrainingSettings
from hybhanas_jupyter.nas.search import Search
from hybhanas_jupyter.nas.space import SearchSpace, VariableCNN


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_file(name, tmp_path):
    config = SearchConfig.preset(name, seed=7)
    config.save(tmp_path / "search.json")
    assert SearchConfig.load(tmp_path / "search.json") == config
    assert config.seed == 7


def test_all_wrong_values_are_reported_at_once():
    with pytest.raises(ConfigError) as error:
        SearchConfig(
            generations=0,
            seed=-1,
            speed=3,
            objectives=("accuracy", "acuracy"),
            constraints={"tme": 1.0},
            training={"epochs": 0, "learning_rate": "fast"},
            space={"qubits": (2, 40)},
        )
    message = str(error.value)
    for path in ("generations", "seed", "speed", "objectives.1", "tme", "training.epochs", "training.learning_rate"):
        assert path in message
    assert "space.qubits.1 is 40" in message
    assert "Did you mean 'accuracy'?" in message
    assert "\n" not in message


def test_objectives_default_to_the_papers_for_each_mode():
    assert SearchConfig().objectives == ("accuracy", "quantum_time", "quantum_parameters")
    variable = SearchConfig(space=SearchSpace(cnn=VariableCNN()))
    assert variable.objectives == ("accuracy", "total_time", "parameters")


@pytest.mark.parametrize("objectives", [("accuracy",), ("accuracy", "accuracy"), ()])
def test_fewer_than_two_different_objectives_are_refused(objectives):
    with pytest.raises(ConfigError, match="objectives"):
        SearchConfig(objectives=objectives)


def test_a_config_cannot_be_changed_but_replaced():
    config = SearchConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3
    assert config.replace(seed=3).seed == 3
    with pytest.raises(ConfigError, match="population"):
        config.replace(population=1)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("[1]", "object"),
        ('{"version": 2}', "version"),
        ('{"space": 3}', "space"),
        ("[" * 100_000, "JSON"),
        ("1" * 5000, "JSON"),
        ('{"data": "' + "x" * 100_000 + '"', "JSON"),
        (b"\xff\xfe{", "utf-8"),
    ],
    ids=range(8),
)
def test_damaged_files_give_one_line(text, word, tmp_path):
    path = tmp_path / "search.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=word) as error:
        SearchConfig.load(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_a_missing_file_and_an_unknown_preset_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.json"):
        SearchConfig.load(tmp_path / "nothing.json")
    with pytest.raises(ConfigError, match="null byte"):
        SearchConfig.load("no\0thing.json")
    with pytest.raises(UnknownNameError, match="Did you mean 'quick'"):
        SearchConfig.preset("quik")


def test_infinite_numbers_are_refused():
    with pytest.raises(ConfigError, match="learning_rate"):
        TrainingSettings(learning_rate=float("inf"))
    with pytest.raises(ConfigError, match="finite"):
        SearchConfig(constraints={"quantum_time": float("nan")})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"generation": 3}, "generation is 3: no such setting. Did you mean 'generations'?"),
        ({"training": {"epoch": 3}}, "training.epoch is 3: no such setting. Did you mean 'epochs'?"),
        ({"data": "cifar"}, "Unknown data set 'cifar'. Allowed: breast_cancer, digits, iris, mnist, wine"),
        ({"constraints": {"accuracy": 90}}, "constraints.accuracy is 90.0: must be from 0 to 1"),
        ({"constraints": {"usage_time": 0}}, "constraints.usage_time is 0.0: must be above 0"),
        ({"workers": "many"}, "workers is 'many': must be a whole number from 0 to 256, \"dask\" or None"),
        ({"workers": 257}, "workers is 257: must be a whole number from 0 to 256"),
        (
            {"scheduler": "tcp://a:1", "workers": 2},
            "scheduler is 'tcp://a:1': is for workers='dask' only, workers is 2",
        ),
        ({"objectives": ("accuracy",)}, "objectives is ('accuracy',): needs 2 or more"),
        ({"generations": 2.7}, "generations is 2.7: must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_this_package(settings, words):
    with pytest.raises(ConfigError) as error:
        SearchConfig(**settings)
    assert words in str(error.value)
    assert not any(word in str(error.value) for word in ("constrained", "validation", "Input", "items"))


def test_an_object_as_backend_says_where_it_is_taken():
    with pytest.raises(ConfigError, match=r"backend is 3: must be a name .*; hyb.search\(config, backend=...\)"):
        SearchConfig(backend=3)


def test_cost_options_are_those_of_the_configuration():
    options = SearchConfig(shots=5, optimization_level=1, transpiler_seed=9, model="paper", seed=4).cost_options
    assert (options.shots, options.optimization_level, options.seed, options.model) == (5, 1, 9, "paper")


def test_a_search_takes_a_preset_by_name_and_a_file(tmp_path):
    config = SearchConfig.preset("quick", seed=5)
    config.save(tmp_path / "search.json")
    assert Search("quick").config == SearchConfig.preset("quick")
    assert Search(tmp_path / "search.json").config == config
    assert Search(config).config is config
    with pytest.raises(UnknownNameError, match="Did you mean 'quick'"):
        Search("quik")
    with pytest.raises(ConfigError, match=r"missing\.json"):
        Search("missing.json")
