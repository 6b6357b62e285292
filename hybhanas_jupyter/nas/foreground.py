"""A search in the foreground of a terminal or a cell: it blocks, with a tqdm bar, until the end or Ctrl-C."""

from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.data import Dataset, Source
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import Progress
from hybhanas_jupyter.nas.run import Run
from hybhanas_jupyter.nas.search import Search

if TYPE_CHECKING:
    from distributed import Client

    from hybhanas_jupyter.hardware.devices import Backend

_PATIENCE = 10.0  # seconds that an interrupted search gets to end cleanly


def search(
    config: SearchConfig | str | Path,
    *,
    store: str | Path = "runs.db",
    progress: bool = True,
    executor: "Executor | Client | None" = None,
    data: Dataset | Source | None = None,
    backend: "Backend | None" = None,
) -> Run:
    """Search and wait for the result, with a progress bar; its arguments are those of `Search`.

    An interrupt stops cleanly and is raised again; `Search.load(store).resume()` goes on.
    """
    running = Search(config, store=store, executor=executor, data=data, backend=backend)
    running.start()
    return follow(running, progress=progress)


def follow(search: Search, *, progress: bool = True) -> Run:
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


def _show(search: Search) -> None:
    from tqdm.auto import tqdm

    with tqdm(total=search.progress.total, unit="network", mininterval=1.0) as bar:
        while not search.ended(timeout=0.2):
            _update(bar, search.progress)
        _update(bar, search.progress)


def _update(bar: Any, now: Progress) -> None:
    bar.set_description(f"Generation {now.generation}/{now.generations}", refresh=False)
    bar.set_postfix_str(f"front {now.front_size}, hypervolume {now.hypervolume:.3f}, saved {now.saved}", refresh=False)
    bar.update(now.evaluated - bar.n)
