"""A real search, as small as it can be: real costs, real training, digits."""

from hybhanas_jupyter.nas.config import SearchConfig, TrainingSettings
from hybhanas_jupyter.nas.space import SearchSpace


def config(**changes):
    values = {
        "per_class": 10,
        "space": SearchSpace(qubits=(2, 4), depth=(1, 3)),
        "generations": 4,
        "population": 4,
        "training": TrainingSettings(epochs=2),
        "workers": 0,
        "seed": 1,
    }
    return SearchConfig(**{**values, **changes})
