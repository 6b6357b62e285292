"""`hybhanas`: searches and costs for machines without a notebook (public entry). Parses, calls, prints."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hybhanas_jupyter import __version__
from hybhanas_jupyter.errors import CircuitError, HybHanasError, StoreError, need
from hybhanas_jupyter.files import read_text

if TYPE_CHECKING:
    from hybhanas_jupyter.formatting import Reported
    from hybhanas_jupyter.nas.run import Run

_INTERRUPTED = 130  # the shell's code for Ctrl-C
_BROKEN_PIPE = 141  # and for a reader that has gone, such as head
_DESCRIPTION = """What quantum circuits cost on a device, and searches for hybrid networks.

exit codes: 0 done, 1 an error (one line on stderr), 2 a wrong command line, 130 after Ctrl-C, 141 if the reader of the
output has gone"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, see `_DESCRIPTION`."""
    options = _parser().parse_args(arguments)
    try:
        if options.run not in (_cost, _usage, _prices, _devices):
            need("search", "This command")
        _print(options.run(options), options.format)
    except HybHanasError as error:
        sys.stderr.write(f"hybhanas: {error}\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        return _BROKEN_PIPE
    except OSError as error:
        sys.stderr.write(f"hybhanas: the output cannot be written: {error.strerror}\n")
        return 1
    except KeyboardInterrupt:
        store = getattr(options, "store", None)
        sys.stderr.write(f"Stopped. Go on with: hybhanas resume --store {store}\n" if store else "Stopped.\n")
        return _INTERRUPTED
    return 0


def _print(result: "Reported | str", form: str) -> None:
    """Print a result in the wanted form; a terminal that lacks a character shows "?"."""
    if isinstance(result, str) or form == "text":
        text = str(result)
    else:
        text = result.to_json() if form == "json" else result.to_csv().removesuffix("\n")
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(f"{text}\n".encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "hybhanas", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_costs(commands)
    _add_runs(commands)
    return parser


def _add_costs(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    cost = commands.add_parser("cost", help="what one shot of a circuit costs, on one device or several")
    cost.add_argument("circuit", type=Path, help="file of OpenQASM 2 or 3")
    cost.add_argument("-b", "--backend", action="append", metavar="NAME", help="device (fake_kyiv); again to compare")
    cost.add_argument("--shots", type=int, default=1000, metavar="N", help="executions of the circuit (1000)")
    cost.add_argument("--level", type=int, default=2, metavar="0-3", help="optimization level of the transpiler (2)")
    cost.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the transpiler (0)")
    cost.add_argument("--model", default="calibrated", metavar="NAME", help="calibrated (default), hardware or paper")
    _finish(cost, _cost)

    usage = commands.add_parser("usage", help="what an Estimator's or Sampler's job of a circuit will use of a device")
    usage.add_argument("circuit", type=Path, help="file of OpenQASM 2 or 3")
    usage.add_argument("-b", "--backend", default="fake_kyiv", metavar="NAME", help="device (fake_kyiv)")
    usage.add_argument("-o", "--observable", action="append", metavar="PAULIS", help="an Estimator's; again for more")
    usage.add_argument("--precision", type=float, metavar="P", help="an Estimator's (1/64)")
    usage.add_argument("--resilience", type=int, default=1, metavar="0-2", help="an Estimator's level (1)")
    usage.add_argument("--shots", type=int, metavar="N", help="a Sampler's (4096)")
    usage.add_argument("--mode", default="job", metavar="NAME", help="job (default), batch or session")
    usage.add_argument("--iterations", type=int, default=1, metavar="N", help="submissions, one after the other (1)")
    usage.add_argument("--price", metavar="NAME", help="adds the money; see `hybhanas prices`")
    _finish(usage, _usage)

    prices = commands.add_parser("prices", help="the prices that are known, with their days and sources")
    prices.add_argument("device", nargs="?", help="only those of this device")
    _finish(prices, _prices)

    devices = commands.add_parser("devices", help="the devices that need no account")
    devices.add_argument("pattern", nargs="?", default="*", help='such as "fake_t*"')
    _finish(devices, _devices)


def _add_runs(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    search = commands.add_parser("search", help="search hybrid networks and print the front")
    search.add_argument("config", help="a file of SearchConfig.save, or the name of a preset, such as quick")
    _finish(search, _search)

    resume = commands.add_parser("resume", help="go on with a stopped, killed or finished search")
    resume.add_argument("--generations", type=int, default=0, metavar="N", help="so many more than configured")
    _finish(resume, _resume)

    front = commands.add_parser("front", help="the front of a stored run")
    _finish(front, _run)

    runs = commands.add_parser("runs", help="the runs of a store")
    runs.add_argument("--check", action="store_true", help="read every row and network; 1 if something is damaged")
    _finish(runs, _runs)

    verify = commands.add_parser("verify", help="the front's networks under the device's noise, by Aer")
    verify.add_argument("--samples", type=int, default=100, metavar="N", help="validation images (100)")
    verify.add_argument("--shots", type=int, default=1000, metavar="N", help="executions of each circuit (1000)")
    _finish(verify, _verify)

    export = commands.add_parser("export", help="write a network: weights, circuit, costs")
    export.add_argument("folder", type=Path, help="where to write it")
    export.add_argument("--candidate", type=int, metavar="NUMBER", help="which one (default: the knee)")
    _finish(export, _export)

    report = commands.add_parser("report", help="write the front as a page of HTML that needs nothing else")
    report.add_argument("page", type=Path, help="such as run.html")
    _finish(report, _page)

    for command in (search, resume, front, runs, verify, export, report):
        command.add_argument("--store", default="runs.db", metavar="PATH", help="run store (runs.db)")
        if command not in (search, runs):
            command.add_argument("--run", dest="id", metavar="ID", help="run (default: the latest)")


def _finish(command: argparse.ArgumentParser, run: object) -> None:
    forms = command.add_mutually_exclusive_group()
    for form in ("json", "csv"):
        forms.add_argument(f"--{form}", dest="format", action="store_const", const=form, help=f"print {form.upper()}")
    command.set_defaults(run=run, format="text")


def _cost(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.costs.comparison import compare
    from hybhanas_jupyter.costs.quantum import quantum_cost

    circuit = read_text(options.circuit, "circuit", CircuitError)
    settings = {"shots": options.shots, "seed": options.seed, "model": options.model}
    backends = options.backend or ["fake_kyiv"]
    if len(backends) > 1:
        return compare(circuit, backends, (options.level,), progress=False, **settings)
    return quantum_cost(circuit, backends[0], optimization_level=options.level, **settings)


def _usage(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.circuits.readers import to_circuit
    from hybhanas_jupyter.costs.workload import workload

    circuit = to_circuit(read_text(options.circuit, "circuit", CircuitError))
    values = [[0.0] * circuit.num_parameters] if circuit.num_parameters else []
    shared = {"mode": options.mode, "iterations": options.iterations, "price": options.price}
    if not options.observable:
        return workload([(circuit, *values)], options.backend, primitive="sampler", shots=options.shots, **shared)
    pub = (circuit, [[paulis] for paulis in options.observable], *values)
    level = {"resilience_level": options.resilience}
    return workload([pub], options.backend, level, primitive="estimator", precision=options.precision, **shared)


def _prices(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.costs.prices import prices

    return prices().of(options.device) if options.device else prices()


def _devices(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.hardware.devices import devices

    return devices(options.pattern)


def _search(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.nas.config import PRESETS, SearchConfig
    from hybhanas_jupyter.nas.foreground import search

    known = options.config in PRESETS
    return search(
        SearchConfig.preset(options.config) if known else SearchConfig.load(options.config), store=options.store
    )


def _resume(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.nas.foreground import follow
    from hybhanas_jupyter.nas.search import Search

    search = Search.load(options.store, options.id)
    search.resume(options.generations)
    return follow(search)


def _run(options: argparse.Namespace) -> "Run":
    from hybhanas_jupyter.nas.search import Search

    return Search.load(options.store, options.id).run


def _runs(options: argparse.Namespace) -> "Reported":
    from hybhanas_jupyter.nas.runs import runs

    found = runs(options.store, check=options.check)
    if options.check and found.damage:
        _print(found, options.format)
        raise StoreError(f"{options.store!r} has damage, {len(found.damage)} in all. Restore a copy, or search again.")
    return found


def _verify(options: argparse.Namespace) -> "Reported":
    return _run(options).verify(samples=options.samples, shots=options.shots)


def _export(options: argparse.Namespace) -> str:
    run = _run(options)
    candidate = run.knee if options.candidate is None else options.candidate
    if candidate is None:
        raise HybHanasError(f"Run {run.id} has no front, so no knee: name a candidate by --candidate.")
    return f"Written to {run.export(candidate, options.folder)}."


def _page(options: argparse.Namespace) -> str:
    _run(options).save_page(options.page)
    return f"Written to {options.page}."


if __name__ == "__main__":
    sys.exit(main())
