"""What an architecture costs on the device of a search: known before it is trained."""

from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.provenance import RunProvenance

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from hybhanas_jupyter.costs.prices import Price
    from hybhanas_jupyter.costs.training_cost import TrainingCost
    from hybhanas_jupyter.costs.workload import Workload


class Costs:
    """Maps an architecture to the cost fields of `Evaluation`; the same circuit or CNN is costed once.

    Times are those of a whole training run of samples x epochs, without early stop, so that they are known before
    training and do not depend on it. Raises `ConfigError` if the device is too small for the space or the price
    another's.
    """

    def __init__(self, config: SearchConfig, provenance: RunProvenance) -> None:
        self._config, self._provenance = config, provenance
        self._quantum, self._classical = cache(self._quantum_costs), cache(self._classical_time)
        device, largest = provenance.device, config.space.qubits[1]
        if largest > device.n_qubits:
            raise ConfigError(
                f"space.qubits goes up to {largest}, but {device.name} has {device.n_qubits}. "
                f"Lower it or choose another device (hyb.devices())."
            )

        self._price = _price(config, device.name)

    def __call__(self, architecture: Architecture) -> dict[str, Any]:
        """Fields of `Evaluation`; raises `CircuitError` if the circuit cannot be costed."""
        costs = dict(self._quantum(architecture.ansatz))
        if self._provenance.profile is not None:
            costs["classical_time"] = self._classical(architecture.convolutions, architecture.ansatz.n_qubits)
        return costs

    def _quantum_costs(self, ansatz: Ansatz) -> dict[str, Any]:
        from hybhanas_jupyter.circuits.readers import to_circuit
        from hybhanas_jupyter.costs.expectation import expectation_cost_of
        from hybhanas_jupyter.costs.training_cost import training_cost_of

        config, circuit, device = self._config, to_circuit(ansatz), self._provenance.device
        options = config.cost_options
        expectation = expectation_cost_of(circuit, device, options, exact=False)
        training = training_cost_of(
            circuit,
            device,
            options,
            samples=self._provenance.data.samples,
            epochs=config.training.epochs,
            batch_size=config.training.batch_size,
        )
        shot = {name: value for name, value in training.cost.to_dict().items() if not isinstance(value, list)}
        load = self._workload(circuit, training)
        money = {} if load is None or load.money is None else {"price": load.money.amount}
        return {
            "quantum_time": training.quantum_time,
            "usage_time": training.usage_time if load is None else load.usage_time,
            "success_probability": training.cost.success_probability,
            "two_qubit_gates": training.cost.physical.two_qubit,
            "cost": {**shot, "expectation_time": expectation.expectation_time, **money},
        }

    def _workload(self, circuit: "QuantumCircuit", training: "TrainingCost") -> "Workload | None":
        """The jobs of the training as an Estimator's of Z on every qubit; None unless the configuration asks."""
        config = self._config
        if config.resilience_level is None and self._price is None:
            return None
        import numpy as np

        from hybhanas_jupyter.costs.workload import workload

        n = circuit.num_qubits
        readout = [["I" * (n - 1 - qubit) + "Z" + "I" * qubit] for qubit in range(n)]
        sets = np.zeros((ceil(training.circuits / training.jobs), circuit.num_parameters))
        return workload(
            [(circuit, readout, sets)],
            self._provenance.device,
            {"resilience_level": config.resilience_level or 0, "default_shots": config.shots},
            iterations=training.jobs,
            price=self._price,
            optimization_level=config.optimization_level,
            seed=config.transpiler_seed,
        )

    def _classical_time(self, convolutions: tuple[Convolution, ...], n_qubits: int) -> float:
        from hybhanas_jupyter.costs.classical import classical_cost
        from hybhanas_jupyter.models.hybrid import HybridNet

        data, training = self._provenance.data, self._config.training
        net = HybridNet(data.input_shape, data.n_classes, convolutions, Ansatz(n_qubits, 1))
        batch = min(training.batch_size, data.samples)
        cost = classical_cost(
            net,
            (batch, *data.input_shape),
            steps=training.epochs * ceil(data.samples / training.batch_size),
            model=self._config.model,
            profile=self._provenance.profile,
            memory="kept",
        )
        return cost.time


def _price(config: SearchConfig, device: str) -> "Price | None":
    """The configured price, or the first of the device where an objective or a constraint needs one."""
    from hybhanas_jupyter.costs.prices import price_of, prices

    if config.price is not None:
        return price_of(config.price, device)
    if "price" not in (*config.objectives, *config.constraints):
        return None
    known = prices().of(device)
    if not known:
        raise ConfigError(f"No price of {device} is known: see hyb.prices().")
    return known[0]
