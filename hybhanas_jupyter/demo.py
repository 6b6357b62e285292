"""`make demo`: a search on the digits against fake_kyiv; its front as table, PNG, HTML, `runs.db` (public entry)."""

from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.foreground import search

PNG, PAGE, STORE = "front.png", "front.html", "runs.db"


def main() -> None:
    """Search, print the front, write the files, and say where to go next."""
    config = SearchConfig.preset("quick")
    size = f"{config.generations} generations of {config.population}"
    print(f"Searching hybrid networks for {config.data} on {config.backend}: {size}.")
    run = search(config, store=STORE)
    print(f"\nPareto front of run {run.id}:\n{run}\n")
    run.figure().savefig(PNG)
    run.save_page(PAGE)
    print(f"Wrote {PNG}, {PAGE} and the run into {STORE}. Now open the notebook: make lab")


if __name__ == "__main__":
    main()
