"""Quality of the search: hypervolume after 96 evaluations on a table of really trained architectures, against peers.

    python benchmarks/search_quality.py [seeds] [first seed] [ours]

Needs `optuna` and `pymoo`; with "ours" only the package's two strategies run, and nothing is recorded. Every algorithm
sees the same table, space and objectives, population 12 and 96 evaluations. The hypervolume is that of (accuracy, log10
of quantum time, quantum parameters), scaled to the table's ranges, as a share of the hypervolume of the table's true
front. `search_table.py` rebuilds the table.
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


def read_success() -> dict[str, float]:
    """The success probability by genome: a cost that a search knows, though it is no objective here."""
    with gzip.open(TABLE, "rt") as file:
        return {row["genome"]: float(row["success_probability"]) for row in csv.DictReader(file)}


TABLE_ROWS, SUCCESS = read_table(), read_success()


def scaled(rows: list[Row]) -> np.ndarray:
    points = np.array(rows, dtype=float)
    points[:, 1] = np.log10(points[:, 1])
    return points


ALL = scaled(list(TABLE_ROWS.values()))
LOW, HIGH = ALL.min(axis=0), ALL.max(axis=0)
BEST = moocore.hypervolume((ALL - LOW) / (HIGH - LOW), ref=1.0)


def quality(rows: list[Row], evaluations: int = BUDGET) -> float:
    assert len(rows) == BUDGET, len(rows)
    return float(moocore.hypervolume((scaled(rows[:evaluations]) - LOW) / (HIGH - LOW), ref=1.0) / BEST)


def hybhanas(seed: int, strategy: str = "nsga2") -> list[Row]:
    config = CONFIG.replace(generations=GENERATIONS, population=POPULATION, seed=seed, strategy=strategy)

    def lookup(architecture: object) -> Row:
        return TABLE_ROWS[key(config.space.encode(architecture))]

    def costs(architecture: object) -> dict[str, float]:
        success = SUCCESS[key(config.space.encode(architecture))]
        return {"quantum_time": lookup(architecture)[1], "success_probability": success}

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


def surrogate(seed: int) -> list[Row]:
    return hybhanas(seed, "surrogate")


def random_search(seed: int) -> list[Row]:
    return random.Random(seed).sample(list(TABLE_ROWS.values()), BUDGET)


def with_optuna(sampler: object) -> list[Row]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
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
    from optuna.samplers import NSGAIISampler

    return with_optuna(NSGAIISampler(population_size=POPULATION, seed=seed))


def optuna_tpe(seed: int) -> list[Row]:
    from optuna.samplers import TPESampler

    return with_optuna(TPESampler(seed=seed))


def pymoo_nsga2(seed: int) -> list[Row]:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.core.variable import Choice, Integer
    from pymoo.optimize import minimize

    rows: list[Row] = []

    class TableProblem(ElementwiseProblem):
        def __init__(self) -> None:
            variables = {
                gene.name: Integer(bounds=(gene.values[0], gene.values[-1]))
                if gene.ordered
                else Choice(options=list(range(len(gene.values))))
                for gene in GENES
            }
            super().__init__(vars=variables, n_obj=3)

        def _evaluate(self, x: dict[str, int], out: dict[str, object], *_: object, **__: object) -> None:
            values = {gene.name: x[gene.name] if gene.ordered else gene.values[x[gene.name]] for gene in GENES}
            rows.append(TABLE_ROWS[key(values)])
            out["F"] = rows[-1]

    duplicates = MixedVariableDuplicateElimination()
    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=MixedVariableSampling(),
        mating=MixedVariableMating(eliminate_duplicates=duplicates),
        eliminate_duplicates=duplicates,
    )
    minimize(TableProblem(), algorithm, ("n_eval", BUDGET), seed=seed, verbose=False, copy_algorithm=False)
    return rows[:BUDGET]


METHODS: dict[str, Callable[[int], list[Row]]] = {
    "hybhanas_jupyter": hybhanas,
    "hybhanas_jupyter, surrogate": surrogate,
    "random": random_search,
    "Optuna NSGA-II": optuna_nsga2,
    "pymoo NSGA-II": pymoo_nsga2,
    "Optuna TPE": optuna_tpe,
}


def interval(values: np.ndarray) -> float:
    """Half width of the 95 % confidence interval of the mean."""
    from scipy.stats import t

    return float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def main(seeds: int = 30, first: int = 0, *, ours_only: bool = False) -> None:
    warnings.simplefilter("ignore")
    methods = {name: METHODS[name] for name in (list(METHODS)[:2] if ours_only else METHODS)}
    found = {name: [method(first + s) for s in range(seeds)] for name, method in methods.items()}
    shares = {name: np.array([quality(rows) for rows in runs]) for name, runs in found.items()}
    ours = shares["hybhanas_jupyter"]
    rows = [
        {
            "method": name,
            "mean": float(values.mean()),
            "ci95": interval(values),
            "ours - this": float((ours - values).mean()),
            "ci95 of it": interval(ours - values),
            **{f"at {n}": float(np.mean([quality(run, n) for run in found[name]])) for n in (36, 48, 60)},
        }
        for name, values in shares.items()
    ]
    print(table(rows))
    if not ours_only:
        record(rows, table=len(TABLE_ROWS), **{"first seed": first, "seeds": seeds, "evaluations": BUDGET})


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument != "ours"]
    main(*numbers, ours_only="ours" in sys.argv)
