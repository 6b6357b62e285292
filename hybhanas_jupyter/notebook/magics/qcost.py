"""`%%qcost`, `%qcost`, `%qdevices`, `%hybhanas`: parse, call the public function, display the result (public entry)."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from math import inf
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.display import display
from traitlets import Enum, Int, Unicode

from hybhanas_jupyter.errors import CircuitError, HybHanasError, check_name, need, shown
from hybhanas_jupyter.notebook.magics.cells import CellResult, evaluate, find_circuits, loop_note, run_body
from hybhanas_jupyter.notebook.magics.devices import device_details
from hybhanas_jupyter.notebook.magics.options import (
    MODELS,
    budget_line,
    parse,
    register_completion,
    split,
    with_options,
)
from hybhanas_jupyter.notebook.magics.table import BudgetError, CostTable, Settings, UsageTable, cost_table, usage_table

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from hybhanas_jupyter.costs.spending import Budget
    from hybhanas_jupyter.hardware.devices import Device


@magics_class
class QCost(Magics):
    """The magics of hybhanas_jupyter; the traits are the defaults of their options."""

    backend = Unicode("fake_kyiv", help="Device of %%qcost without --backend.").tag(config=True)
    shots = Int(1000, min=1, help="Executions of each circuit.").tag(config=True)
    level = Int(2, min=0, max=3, help="Optimization level of the transpiler.").tag(config=True)
    seed = Int(0, min=0, help="Seed of the transpiler.").tag(config=True)
    budget: "Budget | None" = None
    model = Enum(MODELS, "calibrated", help="Cost model.").tag(config=True)

    @with_options
    @line_cell_magic
    @no_var_expand
    @needs_local_scope
    def qcost(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> object:
        """What a quantum circuit costs on a device: gate time, routing, reliability, effective time.

        Above a cell: run the cell as if the line were not there, then report on its circuits (Qiskit circuits,
        PennyLane QNodes, lists of them, or a cell of OpenQASM text): first what the provider counts, then the cost.
        In a line: return the cost of EXPRESSION, which comes before the options.
        """
        __tracebackhide__ = True
        expression, text = split(line) if cell is None else ("", line)
        # Only the options are expanded, from the user's frame: $ and {} in code stay as they are.
        options = parse(self.qcost.parser, self.shell.var_expand(text, depth=2))
        if options.help:
            print(self.qcost.__doc__)  # noqa: T201  help goes where a cell's output goes
            return None
        with _one_line(options.fail_above):
            devices = self._devices(options)
        if cell is None:
            table = self._costs(options, devices, evaluate(self.shell, expression, local_ns))
            table.check_budget(options.fail_above)
            return None if options.quiet or line.endswith(";") else table.result
        result = run_body(self.shell, line, cell)
        table = self._costs(options, devices, result)
        if not options.quiet:
            note = loop_note(result, {row.circuit: row for row in table.rows})
            if note:
                print(note)  # noqa: T201  as above
            with _one_line():
                display(self._usage(options, devices, result, table))
            display(table.result)
        table.check_budget(options.fail_above)
        return None

    @line_magic
    def qdevices(self, line: str) -> object:
        """The devices that can be costed, as a table: `%qdevices [PATTERN]`, for example `%qdevices fake_t*`."""
        from hybhanas_jupyter.hardware.devices import devices

        pattern = line.strip() or "*"
        found = devices(pattern)
        if not found:
            raise UsageError(f"No device matches {shown(pattern)}: %qdevices alone lists all.")
        return device_details(found)

    @line_magic
    def qbudget(self, line: str) -> object:
        """A budget for all runs of this notebook: `%qbudget 10min [-b DEVICE]`, `%qbudget off`; alone: what was spent.

        Runs of samplers, estimators, backends and PennyLane's devices count, simulators as if on DEVICE (the default is
        that of `%config QCost.backend`). What would exceed the budget is refused before it is submitted.
        """
        from hybhanas_jupyter.costs.spending import close_budget, open_budget

        limit, name = budget_line(line)
        if limit is None and not name:
            if self.budget is None:
                raise UsageError("No budget is open: %qbudget 10min opens one.")
            self.budget.settle()
            return self.budget
        ended, self.budget = self.budget, None
        if ended is not None:
            close_budget(ended)
        if name == "off":
            return ended
        with _one_line():
            self.budget = open_budget(limit, backend=name or self.backend)
        return None

    @line_magic
    def hybhanas(self, line: str) -> object:
        """Open the configurator of the architecture search: `%hybhanas [search.json]`."""
        path = line.strip().strip("'\"")
        with _one_line():
            need("search", "%hybhanas")
            from hybhanas_jupyter.nas.config import SearchConfig
            from hybhanas_jupyter.notebook.configurator import configurator

            return configurator(SearchConfig.load(path) if path else None)

    def _devices(self, options: "Namespace") -> "list[Device]":
        from hybhanas_jupyter.hardware.devices import device

        return [device(name) for name in options.backend or [self.backend]]

    def _costs(self, options: "Namespace", devices: "list[Device]", result: CellResult) -> CostTable:
        """Cost the circuits of a cell or line, and keep the result where the options say."""
        with _one_line(options.fail_above):
            table = cost_table(self._choose(options, result), devices, self._settings(options), result.calls)
            if options.save:
                table.save(options.save)
        if options.output:
            self.shell.user_ns[options.output] = table.result
        return table

    def _settings(self, options: "Namespace") -> Settings:
        given = {field.name: getattr(options, field.name) for field in fields(Settings)}
        filled: dict[str, Any] = {k: getattr(self, k, None) if v is None else v for k, v in given.items()}
        return Settings(**filled)

    def _usage(self, options: "Namespace", devices: "list[Device]", result: CellResult, table: CostTable) -> UsageTable:
        return usage_table(table, self._choose(options, result), devices, self._settings(options), result.calls)

    def _choose(self, options: "Namespace", result: CellResult) -> dict[str, Any]:
        circuits = find_circuits(result)
        if options.circuit is not None:
            circuits |= {name: value for name, value in self.shell.user_ns.items() if name == options.circuit}
            return {options.circuit: circuits[check_name("circuit", options.circuit, circuits)]}
        if not circuits:
            raise CircuitError(
                "No circuit found: looked for a Qiskit QuantumCircuit, a PennyLane QNode, a list of them or OpenQASM "
                "text among the variables that are bound, the last expression and the names that are mentioned."
            )
        return circuits


@contextmanager
def _one_line(budget: float = inf) -> Iterator[None]:
    """Turn this package's errors and those of files into IPython's one-line UsageError.

    A budget that cannot be checked is a BudgetError: nbval overlooks UsageErrors.
    """
    try:
        yield
    except (HybHanasError, OSError) as error:
        raise (UsageError if budget == inf else BudgetError)(str(error)) from None


def _help_without_body(lines: list[str]) -> list[str]:
    """IPython refuses a cell magic without a body: `%%qcost --help` alone becomes `%qcost --help`."""
    text = "".join(lines).strip()
    return [text[1:] + "\n"] if re.fullmatch(r"%%qcost\s+(-h|--help)", text) else lines


def register(ip: "InteractiveShell") -> None:
    """Add the magics, their configuration and their completion to a shell; twice is once."""
    unregister(ip)
    magics = QCost(shell=ip)
    magics.remove_completion = register_completion(ip)
    ip.register_magics(magics)
    ip.input_transformers_cleanup.append(_help_without_body)


def unregister(ip: "InteractiveShell") -> None:
    """Remove every trace of `register`."""
    magics = ip.magics_manager.registry.pop("QCost", None)
    if magics is None:
        return
    for kind, names in magics.magics.items():
        for name in names:
            ip.magics_manager.magics[kind].pop(name, None)
    if magics.budget is not None:
        magics.qbudget("off")
    ip.configurables.remove(magics)
    ip.input_transformers_cleanup.remove(_help_without_body)
    magics.remove_completion()
