"""Which genes matter for which objective. Stands alone for scikit-learn, which a run does not need otherwise.

Extra trees learn an objective from the genes of four fifths of the evaluations; of the others one gene at a time is
shuffled, and what the prediction loses by that, as share of the objective's variance, is the gene's importance.
Source: Breiman, Mach. Learn. 45 (2001) 5, section 10 (permutation importance).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybhanas_jupyter.errors import ConfigError, nothing_left_by_imports
from hybhanas_jupyter.formatting import Report, Reported
from hybhanas_jupyter.nas import analysis
from hybhanas_jupyter.nas.evaluation import OBJECTIVES, Evaluation, Goal
from hybhanas_jupyter.nas.space import SearchSpace

LEAST = 10  # evaluations
_FOLDS, _TREES, _SHUFFLES = 5, 50, 5


@dataclass(frozen=True, repr=False)
class Importance(Reported):
    """Of `evaluations` candidates: by objective the importance of every gene, and how much the genes explain at all.

    - `genes`: importance by objective and gene, about 0 for one that does not matter; a gene may matter more than 1, or
      genes may matter only together, so they do not add up to `explained`
    - `explained`: share of an objective's variance that is predicted of unseen candidates (R2); below 0.5 say little
    """

    evaluations: int
    genes: dict[str, dict[str, float]]
    explained: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for JSON."""
        return {"evaluations": self.evaluations, "genes": self.genes, "explained": self.explained}

    def _records(self) -> list[dict[str, Any]]:
        names = next(iter(self.genes.values()))
        return [{"gene": gene, **{name: values[gene] for name, values in self.genes.items()}} for gene in names]

    def _report(self) -> Report:
        objectives = [OBJECTIVES[name].label for name in self.genes]
        records = sorted(self._records(), key=lambda row: -max(value for key, value in row.items() if key != "gene"))
        rows = [[row["gene"], *(f"{row[name]:.2f}" for name in self.genes)] for row in records]
        rows.append(["= explained (R\u00b2)", *(f"{self.explained[name]:.2f}" for name in self.genes)])
        title = f"What matters: share of an objective's variance that hangs on a gene, {self.evaluations} evaluations"
        return Report(title, [(["Gene", *objectives], rows)])


def importance(evaluations: Sequence[Evaluation], space: SearchSpace, goal: Goal, seed: int = 0) -> Importance:
    """The importance of each gene of `space` for each objective, times on a logarithmic scale.

    Raises `ConfigError` for fewer than `LEAST` feasible evaluations.
    """
    known = analysis.feasible(evaluations, goal)
    if len(known) < LEAST:
        raise ConfigError(f"{len(known)} evaluations are feasible: to tell what matters takes at least {LEAST}.")
    varied = [gene for gene in space.genes if len(gene.values) > 1]
    genomes = [space.encode(evaluation.architecture) for evaluation in known]
    codes = np.array([[_code(gene.values, genome.get(gene.name)) for gene in varied] for genome in genomes], float)
    values = analysis.scaled_losses(known, goal)
    genes, explained = {}, {}
    for name, column in zip(goal.objectives, values.T, strict=True):
        shares, explained[name] = _importances(codes, column, seed)
        genes[name] = dict(zip((gene.name for gene in varied), shares.tolist(), strict=True))
    return Importance(len(known), genes, explained)


def _importances(codes: NDArray[np.float64], values: NDArray[np.float64], seed: int) -> tuple[NDArray[Any], float]:
    """What shuffling each column of `codes` costs, and how much is explained, as shares of the variance of `values`."""
    with nothing_left_by_imports():
        from sklearn.ensemble import ExtraTreesRegressor
        from sklearn.inspection import permutation_importance
        from sklearn.model_selection import KFold

    variance = values.var()
    if variance == 0:
        return np.zeros(codes.shape[1]), 0.0
    losses, unexplained = [], []
    for seen, unseen in KFold(_FOLDS, shuffle=True, random_state=seed).split(codes):
        trees = ExtraTreesRegressor(_TREES, random_state=seed).fit(codes[seen], values[seen])
        unexplained.append(np.mean((trees.predict(codes[unseen]) - values[unseen]) ** 2))
        shuffled = permutation_importance(
            trees,
            codes[unseen],
            values[unseen],
            scoring="neg_mean_squared_error",
            n_repeats=_SHUFFLES,
            random_state=seed,
        )
        losses.append(shuffled.importances_mean)
    return np.mean(losses, axis=0) / variance, float(1 - np.mean(unexplained) / variance)


def _code(values: Sequence[Any], value: Any) -> int:
    """The place of a value of a gene; -1 if the architecture does not have the gene."""
    return values.index(value) if value in values else -1
