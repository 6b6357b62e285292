"""What an architecture costs on the device of a search: known before it is trained."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import ConfigError
from hybhanas_jupyter.nas.architecture import Architecture
from hybhanas_jupyter.nas.config import SearchConfig

if TYPE_CHECKING:
    from hybhanas_jupyter.hardware.devices import Device

# Qiskit 2.6 crashes the process if the thread that imported it first has ended, as a search's thread does.
_LASTING_THREAD = ThreadPoolExecutor(1, "hybhanas-import")


class Costs:
    """Maps an architecture to the cost fields of `Evaluation`; the same circuit is costed once.

    Times are those of a whole training run of `samples` x `epochs`, without early stop, so that they are known before
    training and do not depend on it. Raises `ConfigError` if the device is too small for the space.
    """

    def __init__(self, config: SearchConfig, data: Dataset, calibration: dict[str, Any] | None = None) -> None:
        """Cost on `config.device`, as it is now or, for a run that goes on, as its `calibration` was."""
        _LASTING_THREAD.submit(import_module, "qiskit").result()
        self.device = _device(config.device, calibration)
        self._config, self._samples = config, data.samples
        self._known: dict[str, dict[str, Any]] = {}
        largest = config.space.qubits[1]
        if largest > self.device.num_qubits:
            raise ConfigError(
                f"space.qubits goes up to {largest}, but {config.device} has {self.device.num_qubits}. "
                f"Lower it or choose another device (hyb.devices())."
            )

    def __call__(self, architecture: Architecture) -> dict[str, Any]:
        """Fields of `Evaluation`; raises `CircuitError` if the circuit cannot be costed."""
        key = Architecture((), architecture.ansatz).identity
        if key not in self._known:
            self._known[key] = self._cost(architecture)
        return self._known[key]

    def _cost(self, architecture: Architecture) -> dict[str, Any]:
        from hybhanas_jupyter.costs.training import training_cost

        config = self._config
        training = training_cost(
            architecture.ansatz,
            self.device,
            samples=self._samples,
            epochs=config.training.epochs,
            batch_size=config.training.batch_size,
            shots=config.shots,
            optimization_level=config.optimization_level,
            model=config.cost_model,
        )
        return {
            "quantum_time": training.quantum_time,
            "usage_time": training.usage_time,
            "success_probability": training.cost.success_probability,
            "two_qubit_gates": training.cost.physical.two_qubit,
            "cost": training.cost.to_dict(),
        }


def _device(name: str, calibration: dict[str, Any] | None) -> "Device":
    from hybhanas_jupyter.hardware.calibration import Calibration
    from hybhanas_jupyter.hardware.devices import Device, device

    if calibration is None:
        return device(name)
    return Device.from_calibration(Calibration.model_validate(calibration))
