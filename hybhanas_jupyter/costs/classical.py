"""Algorithm 1 and Eq. (1): what the classical part of a network costs, and the whole training run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.costs.options import MODELS, check_whole
from hybhanas_jupyter.costs.profile import MEMORY, DeviceProfile, Memory, device_profile
from hybhanas_jupyter.costs.training_cost import TrainingCost, training_cost
from hybhanas_jupyter.errors import ArchitectureError, check_name
from hybhanas_jupyter.formatting import Report, Reported, seconds

if TYPE_CHECKING:
    from torch import nn

    from hybhanas_jupyter.costs.work import Work
    from hybhanas_jupyter.hardware.devices import Backend


@dataclass(frozen=True, repr=False)
class ClassicalCost(Reported):
    """Training steps of the classical layers, in seconds; the quantum layers are left out (paper section 3.2)."""

    step_time: float
    steps: int
    work: "Work"
    input_shape: tuple[int, ...]
    model: str
    profile: DeviceProfile
    memory: Memory = "returned"

    @property
    def time(self) -> float:
        """Seconds of all steps."""
        return self.steps * self.step_time

    @property
    def flops(self) -> int:
        """Floating-point operations of one step, forward and backward."""
        return self.work.flops

    def to_dict(self) -> dict[str, Any]:
        """Times in seconds, counts, model and processor."""
        names = ("time", "step_time", "steps", "flops", "model", "memory")
        own = {name: getattr(self, name) for name in names}
        return {**own, "parameters": self.work.parameters, "processor": self.profile.processor}

    def _report(self) -> Report:
        return _classical_report(self)


@dataclass(frozen=True, repr=False)
class HybridCost(Reported):
    """Quantum and classical seconds of the same training run. Source: paper Eq. (1)."""

    quantum: TrainingCost
    classical: ClassicalCost

    @property
    def quantum_time(self) -> float:
        """Seconds of the paper's quantum clock: executions x effective time."""
        return self.quantum.quantum_time

    @property
    def classical_time(self) -> float:
        """Seconds of the classical layers' training steps."""
        return self.classical.time

    @property
    def total_time(self) -> float:
        """Eq. (1): quantum + classical."""
        return self.quantum_time + self.classical_time

    def to_dict(self) -> dict[str, Any]:
        """Both parts and their sum in seconds, and what they are made of."""
        times = {name: getattr(self, name) for name in ("quantum_time", "classical_time", "total_time")}
        return {**times, "quantum": self.quantum.to_dict(), "classical": self.classical.to_dict()}

    def _report(self) -> Report:
        return _hybrid_report(self)


def classical_cost(
    module: "nn.Module",
    input_shape: Sequence[int],
    *,
    steps: int = 1,
    model: str = "calibrated",
    profile: DeviceProfile | None = None,
    memory: Memory = "returned",
) -> ClassicalCost:
    """Seconds of `steps` training steps of a torch module on inputs of `input_shape` (batch, ...).

    - `model`: "paper" takes FLOPs over the throughput of a reference CNN; "calibrated" calls, FLOPs and bytes of every
      operation at the rates of a machine
    - `profile`: that machine's; by default this one's, see `device_profile`
    - `memory`: "returned" to the system after every step, as a plain process on Linux does; or "kept", as the processes
      of a search do, and any that has evaluated batches several times as large

    Quantum layers are left out: modules with an `ansatz` (QuantumLayer) or a `qnode` (PennyLane's TorchLayer).

    Raises `ArchitectureError` if the module takes no such input. Source: paper section 2.2 (Algorithm 1).
    """
    from hybhanas_jupyter.costs.work import step_work

    check_name("model", model, MODELS)
    check_name("memory", memory, MEMORY)
    check_whole("steps", steps, 1)
    work = step_work(module, input_shape)
    profile = profile or device_profile()
    step_time = profile.step_time(work, memory) if model != "paper" else work.flops / profile.throughput
    return ClassicalCost(step_time, steps, work, tuple(input_shape), model, profile, memory)


def hybrid_cost(
    net: "nn.Module",
    backend: "Backend",
    *,
    samples: int,
    epochs: int,
    batch_size: int = 32,
    input_shape: Sequence[int] | None = None,
    circuit: Any = None,
    shots: int = 1000,
    optimization_level: int = 2,
    seed: int = 0,
    model: str = "calibrated",
    data_parameters: Collection[str] = (),
    profile: DeviceProfile | None = None,
    memory: Memory = "returned",
) -> HybridCost:
    """Quantum plus classical seconds of training `net` on `samples` samples for `epochs` epochs.

    `circuit` and `input_shape` (of one sample) are those of `net` (its quantum layer's `ansatz`, its `input_shape`)
    unless given. See `training_cost` and `classical_cost` for the two parts. Source: paper Eq. (1).
    """
    quantum = training_cost(
        _circuit(net) if circuit is None else circuit,
        backend,
        samples=samples,
        epochs=epochs,
        shots=shots,
        batch_size=batch_size,
        optimization_level=optimization_level,
        seed=seed,
        model=model,
        data_parameters=data_parameters,
    )
    sample_shape = getattr(net, "input_shape", None) if input_shape is None else input_shape
    if sample_shape is None:
        raise ArchitectureError(f"{type(net).__name__} has no input_shape: give one sample's, such as (1, 28, 28).")
    steps = epochs * ceil(samples / batch_size)
    batch = (min(batch_size, samples), *sample_shape)
    classical = classical_cost(net, batch, steps=steps, model=model, profile=profile, memory=memory)
    return HybridCost(quantum, classical)


def _circuit(net: "nn.Module") -> Any:
    from hybhanas_jupyter.costs.work import quantum_modules

    ansaetze = [part.ansatz for part in quantum_modules(net).values() if hasattr(part, "ansatz")]
    if len(ansaetze) == 1:
        return ansaetze[0]
    raise ArchitectureError(f"{type(net).__name__} has {len(ansaetze)} layers with an ansatz, not one: give circuit=.")


def _classical_report(cost: ClassicalCost) -> Report:
    """Step and total time, FLOPs and parameters, and the work of every kind of layer."""
    shape = " x ".join(map(str, cost.input_shape))
    totals = [
        ["time", seconds(cost.time)],
        ["steps", f"{cost.steps:,}"],
        ["time of a step", seconds(cost.step_time)],
        ["FLOPs of a step", f"{cost.flops:,}"],
        ["classical parameters", f"{cost.work.parameters:,}"],
    ]
    operations = [
        [kind, f"{work.calls}", f"{work.flops:,}", f"{work.bytes:,}"] for kind, work in cost.work.operations.items()
    ]
    return Report(
        title=f"Classical cost of a training on batches of {shape}",
        tables=[
            (["classical part", "value"], totals),
            (["operations of a step", "calls", "FLOPs", "bytes"], operations),
        ],
        folded={"Provenance": [f"{cost.model} model", *_machine(cost)]},
    )


def _hybrid_report(cost: HybridCost) -> Report:
    """Eq. (1) as a table and a bar, then both parts."""
    rows = [
        ["quantum", seconds(cost.quantum_time)],
        ["classical", seconds(cost.classical_time)],
        ["= total", seconds(cost.total_time)],
        ["usage clock", seconds(cost.quantum.usage_time)],
    ]
    quantum, classical = cost.quantum._report(), _classical_report(cost.classical)
    return Report(
        title="Hybrid cost of a training run, Eq. (1)",
        bars={"": {"quantum": cost.quantum_time, "classical": cost.classical_time}},
        tables=[(["whole run", "time"], rows), *quantum.tables, *classical.tables],
        folded=quantum.folded,
    )


def _machine(cost: ClassicalCost) -> list[str]:
    profile, memory = cost.profile, cost.memory
    return [f"{profile.processor}, torch {profile.torch}", f"profile: {profile.condition}; step: memory {memory}"]
