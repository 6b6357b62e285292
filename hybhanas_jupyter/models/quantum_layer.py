"""A parametrised quantum circuit as an ordinary torch module."""

from collections.abc import Callable, Sequence
from math import tau
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import ArchitectureError, DataError, check_name
from hybhanas_jupyter.models import statevector

if TYPE_CHECKING:
    from pennylane import QNode
    from qiskit import QuantumCircuit

DTYPES = (torch.float32, torch.float64)
ENGINES = ("auto", "numba", "torch")
MAX_QUBITS = 20


class ReadNoise(nn.Module):
    """What a device makes of exact expectation values: an affine map of every qubit, and the noise of shots.

    - `damping`, `offset`: of every qubit, as in `DeviceReading`
    - `shots`: their noise is normal, of variance (1 - mean^2) / shots, drawn by `seed`; no gradient goes through it
    """

    def __init__(self, damping: Sequence[float], offset: Sequence[float], shots: int, *, seed: int = 0) -> None:
        super().__init__()
        # Not part of a state: what is trained runs anywhere.
        self.register_buffer("damping", torch.tensor(damping, dtype=torch.float64), persistent=False)
        self.register_buffer("offset", torch.tensor(offset, dtype=torch.float64), persistent=False)
        self.shots = shots
        self._generator = torch.Generator().manual_seed(seed)

    def forward(self, values: Tensor) -> Tensor:
        """Values as they are read for exact ones, (batch, n_qubits)."""
        mean = values * self.get_buffer("damping").to(values) + self.get_buffer("offset").to(values)
        spread = ((1 - mean.detach() ** 2).clamp(min=0) / self.shots).sqrt()
        drawn = torch.randn(values.shape, generator=self._generator, dtype=torch.float64, device="cpu").to(values)
        return mean + spread * drawn


class QuantumLayer(nn.Module):
    """Angle embedding, `depth` layers of rotations and entanglers, <Z> of every qubit; simulated exactly.

    `weights` are the trainable angles, (depth, len(rotations), n_qubits) radians, uniform in [0, 2 pi) by `seed`.
    Calling it maps x (batch, n_qubits) radians, embedded by RX, to <Z> (batch, n_qubits). With a `noise` (`ReadNoise`)
    it gives in training what a device would; evaluation stays exact.
    `engine`: "numba" (x86-64 with AVX2 or AVX-512), "torch" (any device), or "auto" for the faster one that fits.
    Raises `UnknownNameError` or `ArchitectureError` for genes or an engine that cannot be. Source: paper section 3.1.2.
    """

    def __init__(
        self,
        n_qubits: int,
        depth: int,
        rotations: tuple[str, ...] = ("RY",),
        entangler: str = "CNOT",
        topology: str = "linear",
        *,
        dtype: torch.dtype = torch.float32,
        engine: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.ansatz = Ansatz(n_qubits, depth, rotations, entangler, topology)
        if n_qubits > MAX_QUBITS:
            raise ArchitectureError(f"n_qubits is {n_qubits}: a state vector is simulated up to {MAX_QUBITS} qubits.")
        if dtype not in DTYPES:
            raise ArchitectureError(f"dtype is {dtype}: the quantum layer computes in torch.float32 or torch.float64.")
        if check_name("engine", engine, ENGINES) == "numba" and not _kernel_fits():
            raise ArchitectureError("Engine 'numba' needs an x86-64 processor with AVX2. Use engine='torch'.")
        self._engine = engine
        self.noise: ReadNoise | None = None
        self.weights = nn.Parameter(torch.empty(depth, len(self.ansatz.rotations), n_qubits, dtype=dtype, device="cpu"))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw every angle uniformly from [0, 2 pi)."""
        nn.init.uniform_(self.weights, 0, tau, generator=generator)

    @property
    def engine(self) -> str:
        """What computes the layer where its weights are now: "numba" or "torch"."""
        if self._engine == "auto":
            return "numba" if self.weights.device.type == "cpu" and _kernel_fits() else "torch"
        return self._engine

    def prepare(self, notify: Callable[[str], None] | None = None) -> None:
        """Load what the layer runs on, or compile it the first time on a machine; else the first call does so.

        `notify` gets the message before compiling; by default it goes to the standard error stream.
        """
        if self.engine == "numba":
            from hybhanas_jupyter.models.kernels.engine import load_kernel, report

            load_kernel(str(self.weights.dtype).removeprefix("torch."), notify or report)

    def forward(self, x: Tensor) -> Tensor:
        """<Z> of every qubit, (batch, n_qubits), for x (batch, n_qubits) in radians."""
        if x.ndim != 2 or x.shape[1] != self.ansatz.n_qubits:
            raise DataError(f"Input of shape {tuple(x.shape)}: the layer takes (batch, {self.ansatz.n_qubits}) angles.")
        values = self._expectations(x.to(self.weights.dtype))
        return values if self.noise is None or not self.training else self.noise(values)

    def _expectations(self, x: Tensor) -> Tensor:
        if self.engine == "torch":
            return statevector.expectations(self.ansatz, x, self.weights)
        if self.weights.device.type != "cpu":
            raise ArchitectureError(
                f"Engine 'numba' runs on the CPU, not on {self.weights.device}. Use engine='torch'."
            )
        from hybhanas_jupyter.models.kernels import engine

        return engine.expectations(self.ansatz, x, self.weights)

    def to_circuit(self) -> "QuantumCircuit":
        """The circuit as Qiskit sees it: the inputs are the parameters x, the weights are the layer's."""
        circuit = self.ansatz.to_circuit()
        weights = self.weights.detach().double().flatten().tolist()
        trained = [p for p in circuit.parameters if p.vector.name == "w"]
        return circuit.assign_parameters({p: weights[p.index] for p in trained})

    def to_qnode(self) -> "QNode":
        """A PennyLane QNode f(x, weights=the layer's) -> list of <Z>."""
        from pennylane import QNode

        ansatz: Any = self.ansatz.to_qnode()
        own_weights = self.weights.detach().double().numpy(force=True)

        def trained(x: Any, weights: Any = own_weights) -> Any:
            return ansatz.func(x, weights)

        return QNode(trained, ansatz.device)

    def extra_repr(self) -> str:
        """The genes and the engine, for torch's repr."""
        a = self.ansatz
        return f"{a.n_qubits}, {a.depth}, {a.rotations}, {a.entangler!r}, {a.topology!r}, engine={self.engine!r}"


def _kernel_fits() -> bool:
    """Whether this CPU is one that the numba kernel is known to be right and fast on."""
    from hybhanas_jupyter.models.kernels.lanes import vector_bytes

    return vector_bytes() > 0
