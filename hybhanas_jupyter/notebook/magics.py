"""`%%qcost`, `%qcost`, `%qdevices` and `%hybhanas`: parse the line, call the public function, display the result."""

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.display import display
from traitlets import Int, Unicode

from hybhanas_jupyter.errors import CircuitError, HybHanasError, check_name
from hybhanas_jupyter.notebook.cells import CellResult, find_circuits, run_body
from hybhanas_jupyter.notebook.completion import register_completion
from hybhanas_jupyter.notebook.options import parse, with_options
from hybhanas_jupyter.notebook.report import CostRow, CostTable

if TYPE_CHECKING:
    import argparse

    from IPython.core.interactiveshell import InteractiveShell

    from hybhanas_jupyter.costs.quantum import QuantumCost
    from hybhanas_jupyter.hardware.devices import Device


@magics_class
class QCost(Magics):
    """The magics of hybhanas_jupyter; the traits are the defaults of their options."""

    backend = Unicode("fake_kyiv", help="Device of %%qcost without --backend.").tag(config=True)
    shots = Int(1000, min=1, help="Executions of each circuit.").tag(config=True)
    level = Int(2, min=0, max=3, help="Optimization level of the transpiler.").tag(config=True)
    seed = Int(0, min=0, help="Seed of the transpiler.").tag(config=True)

    @with_options
    @line_cell_magic
    @no_var_expand
    @needs_local_scope
    def qcost(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> object:
        """What a quantum circuit costs on a device: gate time, routing, reliability, effective time.

        Above a cell: run the cell as if the line were not there, then report on its circuits (Qiskit circuits,
        PennyLane QNodes, lists of them, or a cell of OpenQASM text).
        In a line: return the cost of EXPRESSION, which comes before the options.
        """
        __tracebackhide__ = True
        text = line.rstrip().removesuffix(";") if cell is None else line
        expression, text = ("", text) if cell is not None else _split(text)
        options = parse(self.qcost.parser, text)
        if options.help:
            print(self.qcost.__doc__)  # noqa: T201  help goes where a cell's output goes
            return None
        with _one_line():
            devices = self._devices(options)
        if cell is None:
            value = self._evaluate(expression, local_ns)
            with _one_line():
                cost = self._cost(options, devices, {expression: value})
            return None if options.quiet or line.endswith(";") else cost
        result = run_body(self.shell, line, cell)
        try:
            with _one_line():
                cost = self._cost(options, devices, self._choose(options, result))
        except UsageError:
            # Without this, the value of the user's last expression would be lost with the report.
            if not result.silent:
                self.shell.displayhook(result.value)
            raise
        if not options.quiet:
            display(cost)
        return None if result.silent else result.value

    @line_magic
    def qdevices(self, line: str) -> object:
        """The devices that can be costed, as a table: `%qdevices [PATTERN]`, for example `%qdevices fake_t*`."""
        from hybhanas_jupyter.hardware.devices import devices

        return devices(line.strip() or "*")

    @line_magic
    def hybhanas(self, line: str) -> object:
        """Open the configurator of the architecture search: `%hybhanas [search.json]`."""
        from hybhanas_jupyter.nas.config import SearchConfig
        from hybhanas_jupyter.notebook.configurator import configurator

        with _one_line():
            return configurator(SearchConfig.load(line.strip()) if line.strip() else None)

    def _devices(self, options: "argparse.Namespace") -> "list[Device]":
        from hybhanas_jupyter.hardware.devices import device

        return [device(name) for name in options.backend or [self.backend]]

    def _evaluate(self, expression: str, local_ns: Mapping[str, Any] | None) -> object:
        __tracebackhide__ = True
        if not expression:
            raise UsageError("No circuit given: write %qcost EXPRESSION [options], the expression first.")
        try:
            return eval(expression, self.shell.user_global_ns, local_ns)
        except (SyntaxError, NameError) as error:
            raise UsageError(f"{expression!r} cannot be evaluated: {error}.") from None

    def _choose(self, options: "argparse.Namespace", result: CellResult) -> dict[str, Any]:
        from hybhanas_jupyter.circuits.readers import is_circuit

        circuits = find_circuits(result, is_circuit)
        if options.circuit is not None:
            circuits |= {name: value for name, value in self.shell.user_ns.items() if name == options.circuit}
            return {options.circuit: circuits[check_name("circuit", options.circuit, circuits)]}
        if not circuits:
            raise CircuitError(
                "No circuit in this cell: neither a variable it binds or mentions nor its last expression is a Qiskit "
                "QuantumCircuit, a PennyLane QNode, a list of them or OpenQASM text."
            )
        return circuits

    def _cost(
        self, options: "argparse.Namespace", devices: "list[Device]", circuits: dict[str, Any]
    ) -> "QuantumCost | CostTable":
        from hybhanas_jupyter.costs.quantum import quantum_cost

        settings = {
            "shots": self.shots if options.shots is None else options.shots,
            "optimization_level": self.level if options.level is None else options.level,
            "seed": self.seed if options.seed is None else options.seed,
        }
        rows = [
            CostRow(name, device.name, quantum_cost(circuit, device, **settings))
            for name, circuit in circuits.items()
            for device in devices
        ]
        cost = rows[0].cost if len(rows) == 1 else CostTable(tuple(rows))
        if options.output:
            self.shell.user_ns[options.output] = cost
        return cost


def _split(line: str) -> tuple[str, str]:
    """The expression of a `%qcost` line and the options behind it, which start after a whole expression."""
    starts = (match.start() for match in re.finditer(r"(^|\s)(?=--?[A-Za-z])", line))
    start = next((start for start in starts if not line[:start].strip() or _is_expression(line[:start])), len(line))
    return line[:start].strip(), line[start:]


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn this package's errors into IPython's one-line UsageError."""
    try:
        yield
    except HybHanasError as error:
        raise UsageError(str(error)) from None


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
    ip.configurables.remove(magics)
    ip.input_transformers_cleanup.remove(_help_without_body)
    magics.remove_completion()
