"""A search in the terminal or under a cell, as a tqdm bar."""

from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.nas.results import Progress

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.run import Search


def show(search: "Search") -> None:
    """Show the progress until the search ends; on the calling thread, so that it lands in the right cell."""
    from tqdm.auto import tqdm

    with tqdm(total=search.progress.total, unit="network", mininterval=1.0) as bar:
        while not search.ended(timeout=0.2):
            _update(bar, search.progress)
        _update(bar, search.progress)


def _update(bar: Any, now: Progress) -> None:
    bar.set_description(f"Generation {now.generation}/{now.generations}", refresh=False)
    bar.set_postfix_str(f"front {now.front_size}, hypervolume {now.hypervolume:.3f}, saved {now.saved}", refresh=False)
    bar.update(now.evaluated - bar.n)
