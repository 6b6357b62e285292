"""A running search in the terminal or under a cell: a tqdm bar, and Ctrl-C."""

from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.nas.results import Progress, Run

if TYPE_CHECKING:
    from hybhanas_jupyter.nas.run import Search

_PATIENCE = 10.0  # seconds that an interrupted search gets to end cleanly


def follow(search: "Search", *, progress: bool = True) -> Run:
    """Wait for a started search, with a bar on the calling thread, so that it lands in the right cell.

    An interrupt stops the search and is raised again.
    """
    try:
        if progress:
            _show(search)
        return search.result()
    except KeyboardInterrupt:
        search.stop()
        search.ended(timeout=_PATIENCE)
        raise


def _show(search: "Search") -> None:
    from tqdm.auto import tqdm

    with tqdm(total=search.progress.total, unit="network", mininterval=1.0) as bar:
        while not search.ended(timeout=0.2):
            _update(bar, search.progress)
        _update(bar, search.progress)


def _update(bar: Any, now: Progress) -> None:
    bar.set_description(f"Generation {now.generation}/{now.generations}", refresh=False)
    bar.set_postfix_str(f"front {now.front_size}, hypervolume {now.hypervolume:.3f}, saved {now.saved}", refresh=False)
    bar.update(now.evaluated - bar.n)
