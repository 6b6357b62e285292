"""The forecast: what it says before a search, judged by searches whose time is known."""

import pytest

from hybhanas_jupyter.errors import ArchitectureError
from hybhanas_jupyter.formatting import seconds
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.space import FixedCNN, SearchSpace
from hybhanas_jupyter.notebook.form.forecast import Trial, forecast, generation_time, largest_circuit, wall_times

CONFIG = SearchConfig(generations=5, population=10, workers=2)


@pytest.mark.parametrize("workers", [0, 2])
def test_it_says_size_time_and_the_largest_corner(workers):
    space = SearchSpace(qubits=(2, 3), depth=(1, 2))
    told = forecast(SearchConfig.preset("quick", space=space, workers=workers))
    assert (told.evaluations, told.workers) == (50, workers)
    assert (told.corner.n_qubits, told.corner.depth, len(told.corner.rotations), len(told.corner.pairs)) == (3, 2, 3, 3)
    assert 0 < told.low < told.wall_time < told.high < 3600
    assert told.corner_time > 0
    assert told.corner_usage > 0
    assert f"{seconds(told.corner_usage)} of what a provider counts" in str(told)
    assert "50 evaluations" in str(told)


def test_the_largest_corner_is_the_circuit_with_the_most_gates():
    corner = largest_circuit(SearchSpace(qubits=(2, 5), topologies=("star", "full", "grid"), rotations=("RY", "RX-RZ")))
    assert (corner.n_qubits, corner.depth, corner.rotations, corner.topology) == (5, 15, ("RX", "RZ"), "full")


def test_a_space_without_any_network_says_so():
    cnn = FixedCNN(layers=(Convolution(4, kernel=5), Convolution(4, kernel=5), Convolution(4, kernel=5)))
    with pytest.raises(ArchitectureError, match=r"\(1, 8, 8\).*Lower kernels"):
        forecast(CONFIG.replace(space=SearchSpace(cnn=cnn)))


def test_equal_candidates_share_the_workers():
    low, likely, high = wall_times(CONFIG, Trial(3.0, (0.0,) * 8, ((2.0,) * 8,) * 2))
    assert likely == pytest.approx(3 + 5 * 10 * 2 / 2)
    assert low < likely < high


def test_a_small_space_and_a_budget_end_the_search_before():
    tried = Trial(0.0, (0.0,) * 8, ((1.0,) * 8,) * 2)
    assert wall_times(CONFIG.replace(evaluation_budget=20), tried)[1] == pytest.approx(10)


def test_costing_one_by_one_can_be_what_takes_longest():
    assert generation_time([(4.0, 1.0)] * 10, 8) == 41.0
    assert generation_time([(1.0, 3.0), (1.0, 9.0)], 2) == 10.0
    assert generation_time([(0.0, 3.0), (0.0, 9.0)], 0) == 12.0


def test_a_machine_that_changes_its_speed_widens_the_bounds():
    steady = wall_times(CONFIG, Trial(0.0, (0.0,) * 8, ((1.0,) * 8, (1.0,) * 8)))
    restless = wall_times(CONFIG, Trial(0.0, (0.0,) * 8, ((1.0,) * 8, (3.0,) * 8)))
    assert restless[0] < steady[0] < steady[2] < restless[2]
    assert restless[2] / restless[0] > 9
