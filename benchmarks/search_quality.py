"""Quality of the search: hypervolume after 96 evaluations on a table of really trained architectures, against peers.

    python benchmarks/search_quality.py [seeds] [first seed]

Needs `optuna` and `pymoo`. Every algorithm sees the same table, space and objectives, population 12 and 96 evaluations.
The hypervolume is that of (accuracy, log10 of quantum time, quantum parameters), scaled to the table's ranges, as a
share of the hypervolume of the table's true front. `search_table.py` rebuilds the table.
"""

import csv
import gzip
import math
import random
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import Future

import moocore
import numpy as np
import optuna
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
from pymoo.core.problem import ElementwiseProblem
from pymoo.core.variable import Choice, Integer
from pymoo.optimize import minimize
from recording import record, table
from search_table import CONFIG, TABLE, key

from hybhanas_jupyter.nas.loop import Loop, Problem
from hybhanas_jupyter.nas.provenance import DataInfo
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.state import RunState
from hybhanas_jupyter.nas.tasks import Outcome

POPULATION, GENERATIONS = 12, 8
BUDGET = POPULATION * GENERATIONS
DATA = DataInfo("digits", 1437, (1, 8, 8), 10, "")
GENES = CONFIG.space.genes
Row = tuple[float, float, float]


def read_table() -> dict[str, Row]:
    """(1 - accuracy, quantum time in seconds, quantum parameters) by genome, all to be minimised."""
    with gzip.open(TABLE, "rt") as file:
        return {
            row["genome"]: (1 - float(row["accuracy"]), float(row["quantum_time"]), float(row["quantum_parameters"]))
            for row in csv.DictReader(file)
        }


TABLE_ROWS = read_table()


def scaled(rows: list[Row]) -> np.ndarray:
    points = np.array(rows, dtype=float)
    points[:, 1] = np.log10(points[:, 1])
    return points


ALL = scaled(list(TABLE_ROWS.values()))
LOW, HIGH = ALL.min(axis=0), ALL.max(axis=0)
BEST = moocore.hypervolume((ALL - LOW) / (HIGH - LOW), ref=1.0)


def quality(rows: list[Row]) -> float:
    assert len(rows) == BUDGET, len(rows)
    return float(moocore.hypervolume((scaled(rows) - LOW) / (HIGH - LOW), ref=1.0) / BEST)


def hybhanas(seed: int) -> list[Row]:
    config = CONFIG.replace(generations=GENERATIONS, population=POPULATION, seed=seed)

    def lookup(architecture: object) -> Row:
        return TABLE_ROWS[key(config.space.encode(architecture))]

    def costs(architecture: object) -> dict[str, float]:
        return {"quantum_time": lookup(architecture)[1]}

    def submit(task: object) -> "Future[Outcome]":
        future: Future[Outcome] = Future()
        accuracy = 1 - lookup(task.architecture)[0]
        future.set_result(Outcome("ok", accuracy=accuracy, history=({"validation_accuracy": accuracy},)))
        return future

    class Free:
        paused = False

        def check(self) -> None:
            pass

    state = RunState(Run("", config, (), (), 0))
    state.begin()
    Loop(state, Problem(DATA, costs, submit), Free()).go()
    return [lookup(evaluation.architecture) for evaluation in state.run.evaluations]


def random_search(seed: int) -> list[Row]:
    return random.Random(seed).sample(list(TABLE_ROWS.values()), BUDGET)


def with_optuna(sampler: optuna.samplers.BaseSampler) -> list[Row]:
    rows: list[Row] = []

    def objective(trial: optuna.Trial) -> Row:
        values = {
            gene.name: trial.suggest_int(gene.name, gene.values[0], gene.values[-1])
            if gene.ordered
            else gene.values[trial.suggest_categorical(gene.name, list(range(len(gene.values))))]
            for gene in GENES
        }
        rows.append(TABLE_ROWS[key(values)])
        return rows[-1]

    optuna.create_study(sampler=sampler, directions=["minimize"] * 3).optimize(objective, n_trials=BUDGET)
    return rows


def optuna_nsga2(seed: int) -> list[Row]:
    return with_optuna(optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed))


def optuna_tpe(seed: int) -> list[Row]:
    return with_optuna(optuna.samplers.TPESampler(seed=seed))


class TableProblem(ElementwiseProblem):
    def __init__(self) -> None:
        self.rows: list[Row] = []
        variables = {
            gene.name: Integer(bounds=(gene.values[0], gene.values[-1]))
            if gene.ordered
            else Choice(options=list(range(len(gene.values))))
            for gene in GENES
        }
        super().__init__(vars=variables, n_obj=3)

    def _evaluate(self, x: dict[str, int], out: dict[str, object], *_: object, **__: object) -> None:
        values = {gene.name: x[gene.name] if gene.ordered else gene.values[x[gene.name]] for gene in GENES}
        self.rows.append(TABLE_ROWS[key(values)])
        out["F"] = self.rows[-1]


def pymoo_nsga2(seed: int) -> list[Row]:
    duplicates = MixedVariableDuplicateElimination()
    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=MixedVariableSampling(),
        mating=MixedVariableMating(eliminate_duplicates=duplicates),
        eliminate_duplicates=duplicates,
    )
    problem = TableProblem()
    minimize(problem, algorithm, ("n_eval", BUDGET), seed=seed, verbose=False, copy_algorithm=False)
    return problem.rows[:BUDGET]


METHODS: dict[str, Callable[[int], list[Row]]] = {
    "hybhanas_jupyter": hybhanas,
    "random": random_search,
    "Optuna NSGA-II": optuna_nsga2,
    "pymoo NSGA-II": pymoo_nsga2,
    "Optuna TPE": optuna_tpe,
}


def interval(values: np.ndarray) -> float:
    """Half width of the 95 % confidence interval of the mean."""
    from scipy.stats import t

    return float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def main(seeds: int = 30, first: int = 0) -> None:
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = {name: np.array([quality(method(first + s)) for s in range(seeds)]) for name, method in METHODS.items()}
    ours = found["hybhanas_jupyter"]
    rows = [
        {
            "method": name,
            "mean": float(values.mean()),
            "ci95": interval(values),
            "ours - this": float((ours - values).mean()),
            "ci95 of it": interval(ours - values),
        }
        for name, values in found.items()
    ]
    print(table(rows))
    record(rows, table=len(TABLE_ROWS), **{"first seed": first, "seeds": seeds, "evaluations": BUDGET})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
