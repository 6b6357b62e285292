"""When a search is over: generations, budgets, plateau."""

from collections.abc import Sequence

from hybhanas_jupyter.nas.config import SearchConfig

_GROWTH = 1e-3  # relative; less than this in `plateau` generations together is none


def total_evaluations(config: SearchConfig) -> int:
    """How many evaluations the search may make."""
    planned = config.generations * config.population
    return planned if config.evaluation_budget is None else min(planned, config.evaluation_budget)


def ended(config: SearchConfig, hypervolumes: Sequence[float], evaluated: int) -> str:
    """Why no further generation follows; empty if one does."""
    if len(hypervolumes) >= config.generations:
        return "all generations done"
    if evaluated >= total_evaluations(config):
        return f"evaluation budget of {config.evaluation_budget} spent"
    if config.plateau is not None and len(hypervolumes) > config.plateau:
        before, now = hypervolumes[-1 - config.plateau], hypervolumes[-1]
        if now <= before * (1 + _GROWTH):
            return f"hypervolume did not grow in {config.plateau} generations"
    return ""
