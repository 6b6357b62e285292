"""`hybhanas`: searches and costs for machines without a notebook. Parses, calls the public functions, prints."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hybhanas_jupyter import __version__
from hybhanas_jupyter.errors import CircuitError, HybHanasError, need
from hybhanas_jupyter.files import read_text
from hybhanas_jupyter.nas.config import PRESETS, SearchConfig

_INTERRUPTED = 130  # the shell's code for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for an error in one line on stderr, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        if options.run not in (_cost, _devices):
            need("search", "This command")
        sys.stdout.write(f"{options.run(options)}\n")
    except HybHanasError as error:
        sys.stderr.write(f"hybhanas: {error}\n")
        return 1
    except KeyboardInterrupt:
        store = getattr(options, "store", None)
        sys.stderr.write(f"Stopped. Go on with: hybhanas resume --store {store}\n" if store else "Stopped.\n")
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("hybhanas", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    search = commands.add_parser("search", help="search hybrid networks and print the front")
    search.add_argument("config", help=f"a file of SearchConfig.save, or a preset: {', '.join(PRESETS)}")
    search.set_defaults(run=_search)

    resume = commands.add_parser("resume", help="go on with a stopped, killed or finished search")
    resume.add_argument("--generations", type=int, default=0, metavar="N", help="so many more than configured")
    resume.set_defaults(run=_resume)

    front = commands.add_parser("front", help="print the front of a stored run")
    front.set_defaults(run=_front)
    runs = commands.add_parser("runs", help="list the runs of a store")
    runs.set_defaults(run=_runs)
    for command in (search, resume, front, runs):
        command.add_argument("--store", default="runs.db", metavar="PATH", help="run store (default: runs.db)")
    for command in (resume, front):
        command.add_argument("--run", dest="id", metavar="ID", help="run (default: the latest)")

    cost = commands.add_parser("cost", help="print what one shot of a circuit costs")
    cost.add_argument("circuit", type=Path, help="OpenQASM 2 or 3")
    cost.add_argument("-b", "--backend", default="fake_kyiv", metavar="NAME")
    cost.add_argument("--shots", type=int, default=1000, metavar="N")
    cost.add_argument("--level", type=int, default=2, metavar="0-3", help="optimization level of the transpiler")
    cost.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the transpiler")
    cost.add_argument("--model", default="calibrated", metavar="NAME", help="calibrated, hardware or paper")
    cost.set_defaults(run=_cost)

    devices = commands.add_parser("devices", help="list devices")
    devices.add_argument("pattern", nargs="?", default="*", help='such as "fake_t*"')
    devices.set_defaults(run=_devices)
    return parser


def _search(options: argparse.Namespace) -> object:
    from hybhanas_jupyter.nas.foreground import search

    known = options.config in PRESETS
    return search(
        SearchConfig.preset(options.config) if known else SearchConfig.load(options.config), store=options.store
    )


def _resume(options: argparse.Namespace) -> object:
    from hybhanas_jupyter.nas.foreground import follow
    from hybhanas_jupyter.nas.search import Search

    search = Search.load(options.store, options.id)
    search.resume(options.generations)
    return follow(search)


def _front(options: argparse.Namespace) -> object:
    from hybhanas_jupyter.nas.search import Search

    return Search.load(options.store, options.id).run


def _runs(options: argparse.Namespace) -> object:
    from hybhanas_jupyter.nas.runs import runs

    return runs(options.store)


def _cost(options: argparse.Namespace) -> object:
    from hybhanas_jupyter.costs.quantum import quantum_cost

    return quantum_cost(
        read_text(options.circuit, "circuit", CircuitError),
        options.backend,
        shots=options.shots,
        optimization_level=options.level,
        seed=options.seed,
        model=options.model,
    )


def _devices(options: argparse.Namespace) -> object:
    from hybhanas_jupyter.hardware.devices import devices

    return devices(options.pattern)


if __name__ == "__main__":
    sys.exit(main())
