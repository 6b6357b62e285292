"""How many executions a primitive's PUBs are, as IBM's own client prepares them; nothing is built or sent.

Every number equals `shots x sum of item sizes` of the QuantumProgram that `executor_estimator.prepare` or
`executor_sampler.prepare` of the installed qiskit-ibm-runtime would build, found from shapes and options alone.
Source: docs/cost_model.md, "Workloads".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from functools import partial
from math import ceil, exp, log, prod
from typing import TYPE_CHECKING, Any

from hybhanas_jupyter.circuits.readers import is_circuit, to_circuit
from hybhanas_jupyter.errors import CircuitError, ConfigError, check_name, shown
from hybhanas_jupyter.hardware.devices import Device

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.primitives.containers.estimator_pub import EstimatorPub

PRIMITIVES = ("estimator", "sampler")
_TO_PAULI = str.maketrans("01+-rl", "ZZXXYY")
_NOT_COUNTED = ("environment", "simulator", "seed_estimator", "max_execution_time")  # without influence on executions
_PAULI_ERROR = 5 / 4  # average gate infidelity of a pair -> probability of any Pauli error


@dataclass(frozen=True)
class PubExecutions:
    """One PUB's executions: `configurations` (parameter set and basis) x randomizations x shots x noise factors.

    `parameter_sets` are those that its broadcasting runs; `groups` the bases of the parameter set that needs most.
    """

    parameter_sets: int
    configurations: int
    groups: int
    randomizations: int
    shots: int
    noise_factors: tuple[float, ...] = (1.0,)

    @property
    def executions(self) -> int:
        """Executions of all noise factors."""
        return len(self.noise_factors) * self.at_one_factor

    @property
    def at_one_factor(self) -> int:
        """Executions of the circuit at each of its noise factors."""
        return self.configurations * self.randomizations * self.shots


@dataclass(frozen=True)
class Executions:
    """What a primitive runs for its PUBs: `requested` shots a configuration, the PUBs, TREX's calibration circuit."""

    requested: int
    randomizations: int
    pubs: tuple[PubExecutions, ...]
    calibration: int = 0
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All executions."""
        return sum(pub.executions for pub in self.pubs) + self.calibration

    def causes(self) -> dict[str, int]:
        """Executions by cause, in the order in which they come about; they sum to `total`."""
        shots, plain = self.requested, [pub.configurations * self.requested for pub in self.pubs]
        twirled = [pub.configurations * self.randomizations * pub.shots for pub in self.pubs]
        once = [pub.at_one_factor for pub in self.pubs]
        circuits = sum(pub.parameter_sets for pub in self.pubs) * shots
        return {
            "circuits x shots": circuits,
            "observable groups": sum(plain) - circuits,
            "twirling, rounded up": sum(twirled) - sum(plain),
            "PEC": sum(once) - sum(twirled),
            "ZNE": sum(pub.executions for pub in self.pubs) - sum(once),
            "TREX": self.calibration,
        }


@dataclass(frozen=True)
class Request:
    """What a workload was asked for, read: PUBs and options are Qiskit's and IBM's own objects."""

    pubs: Sequence[Any]
    device: Device
    options: Any
    kind: str
    wish: float | None
    optimization_level: int
    seed: int


def kind_of(pubs: Sequence[Any], options: Any = None) -> str:
    """ "estimator" if the options are an Estimator's or a PUB holds observables, else "sampler"."""
    from qiskit.primitives.containers.estimator_pub import EstimatorPub
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    named = type(options).__name__.lower()
    for kind in PRIMITIVES:
        if kind in named:
            return kind
    if isinstance(options, Mapping) and options.keys() & {"default_precision", "resilience", "resilience_level"}:
        return "estimator"
    kinds = [
        isinstance(pub, EstimatorPub) or (not isinstance(pub, SamplerPub) and _holds_observables(pub)) for pub in pubs
    ]
    if len(set(kinds)) > 1:
        raise CircuitError("Some PUBs hold observables and some do not: a job is an Estimator's or a Sampler's.")
    return PRIMITIVES[0] if any(kinds) else PRIMITIVES[1]


def _holds_observables(pub: Any) -> bool:
    if not isinstance(pub, (tuple, list)) or len(pub) < 2:
        return False
    circuit, second = to_circuit(pub[0]), pub[1]
    while isinstance(second, (list, tuple)) and second:
        second = second[0]
    if isinstance(second, Mapping):  # of Paulis to coefficients, or of parameters to values
        names = {parameter.name for parameter in circuit.parameters}
        return all(isinstance(key, str) and key not in names for key in second) and bool(second)
    return isinstance(second, str) or hasattr(second, "num_qubits") or type(second).__name__ == "ObservablesArray"


def coerce_pubs(pubs: Any, kind: str, wish: float | None) -> list[Any]:
    """The PUBs as Qiskit's own objects; `wish` is the run's precision or shots. Raises `CircuitError` in one line."""
    from qiskit.primitives.containers.estimator_pub import EstimatorPub
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    wanted = EstimatorPub if kind == "estimator" else SamplerPub

    def coerce(pub: Any) -> Any:
        return wanted.coerce(_with_circuit(pub), wish)

    return [_one_line(partial(coerce, pub), f"PUB {i}") for i, pub in enumerate(pubs)]


def as_list(pubs: Any) -> list[Any]:
    """The PUBs of a run as a list. Raises `CircuitError` for a single PUB or none."""
    single = is_circuit(pubs) or hasattr(pubs, "circuit") or (isinstance(pubs, tuple) and pubs and is_circuit(pubs[0]))
    if single and not (isinstance(pubs, tuple) and all(is_circuit(pub) for pub in pubs)):
        raise CircuitError("pubs is a single PUB: give a list of them, [pub].")
    try:
        listed = list(pubs)
    except TypeError:
        raise CircuitError(f"pubs is {shown(pubs)}: give a list of PUBs, such as [(circuit, observables)].") from None
    if not listed:
        raise CircuitError("No PUBs are given: a workload needs at least one, such as [(circuit, observables)].")
    return listed


def _with_circuit(pub: Any) -> Any:
    """The PUB with a Qiskit circuit, whatever kind of circuit it holds."""
    if isinstance(pub, (tuple, list)) and pub and is_circuit(pub[0]):
        return (to_circuit(pub[0]), *pub[1:])
    return to_circuit(pub) if is_circuit(pub) else pub


def read_options(options: Any, kind: str) -> Any:
    """IBM's own options model, of a primitive, its options object or a dict; what has no influence is left out.

    Raises `ConfigError` for an option that IBM's client does not know.
    """
    from qiskit_ibm_runtime.options_models.estimator import EstimatorOptions
    from qiskit_ibm_runtime.options_models.sampler import SamplerOptions

    model = EstimatorOptions if kind == "estimator" else SamplerOptions
    if not isinstance(options, Mapping) and hasattr(options, "options"):
        options = options.options  # a primitive itself
    if options is None or isinstance(options, model):
        return options or model()
    if isinstance(options, Mapping):
        given = dict(options)
    elif is_dataclass(options) and not isinstance(options, type) and kind in type(options).__name__.lower():
        given = _set_fields(asdict(options))  # of the primitives that run on IBM's server
    else:
        kinds = f"{model.__name__} or a dict"
        raise ConfigError(f"Options of type {type(options).__name__} are not understood: give {kinds}.")
    counted = {name: value for name, value in given.items() if name not in _NOT_COUNTED}
    return _one_line(lambda: model(**counted), "options", ConfigError)


def _set_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a user has set of the server's options, all levels."""
    set_ = {}
    for name, value in given.items():
        inner = _set_fields(value) if isinstance(value, Mapping) else value
        if not name.startswith("_") and type(inner).__name__ != "UnsetType" and inner not in ({}, None):
            set_[name] = inner
    return set_


def _one_line(make: Callable[[], Any], what: str, error: type[Exception] = CircuitError) -> Any:
    from pydantic import ValidationError

    try:
        return make()
    except ValidationError as wrong:
        first = wrong.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise error(f"{what}: {field}: {first['msg']}.") from None
    except (ValueError, TypeError, KeyError) as wrong:
        raise error(f"{what}: {' '.join(str(wrong).split())}") from None


def count_sampler(pubs: Sequence[Any], options: Any, shots: int | None) -> Executions:
    """Executions of a Sampler's job. Raises `CircuitError` for what IBM's client refuses."""
    from qiskit_ibm_runtime.executor.calculate_twirling_shots import calculate_twirling_shots
    from qiskit_ibm_runtime.executor_sampler.finalize_options import finalize_sampler_options
    from qiskit_ibm_runtime.executor_sampler.utils import extract_shots_from_pubs

    final = finalize_sampler_options(options)
    wished = _one_line(lambda: extract_shots_from_pubs(pubs, final.default_shots if shots is None else shots), "shots")
    twirling, randomizations, each = final.twirling, 1, wished
    if twirling.enable_gates or twirling.enable_measure:
        randomizations, each = calculate_twirling_shots(
            wished, twirling.num_randomizations, twirling.shots_per_randomization
        )
    sets = [prod(pub.parameter_values.shape) if pub.parameter_values.num_parameters else 1 for pub in pubs]
    return Executions(wished, randomizations, tuple(PubExecutions(n, n, 1, randomizations, each) for n in sets))


def count_estimator(
    pubs: "Sequence[EstimatorPub]", options: Any, precision: float | None, pair_errors: Sequence[float] | None = None
) -> Executions:
    """Executions of an Estimator's job. Raises `CircuitError` for what IBM's client refuses.

    PEC takes its overhead from `options.resilience.layer_noise_model`; without one it is assumed from `pair_errors`,
    the summed errors of the two-qubit gates of each PUB's physical circuit.
    """
    from qiskit_ibm_runtime.executor.calculate_twirling_shots import calculate_twirling_shots
    from qiskit_ibm_runtime.executor_estimator.finalize_options import finalize_estimator_options
    from qiskit_ibm_runtime.executor_estimator.pec import calculate_pec_twirling_shots
    from qiskit_ibm_runtime.executor_estimator.trex import resolve_trex_num_randomizations

    final = finalize_estimator_options(options)
    _check_estimator(pubs, final)
    twirling, resilience = final.twirling, final.resilience
    shots = _one_line(lambda: _estimator_shots(pubs, final, precision), "precision")
    split = calculate_pec_twirling_shots if resilience.pec_mitigation else calculate_twirling_shots
    randomizations, each = 1, shots
    if resilience.pec_mitigation or twirling.enable_gates or twirling.enable_measure:
        randomizations, each = split(shots, twirling.num_randomizations, twirling.shots_per_randomization)
    counted, notes = [], []
    for i, pub in enumerate(pubs):
        sets, configurations, groups = _configurations(pub)
        of_pub = randomizations
        if resilience.pec_mitigation:
            of_pub, note = _pec_randomizations(pub, final, randomizations, each, pair_errors[i] if pair_errors else 0.0)
            notes += [f"PUB {i}: {note}"]
        counted.append(PubExecutions(sets, configurations, groups, of_pub, each, _noise_factors(resilience)))
    calibration = 0
    if resilience.measure_mitigation:
        calibration = each * resolve_trex_num_randomizations(resilience.measure_noise_learning, randomizations)
    return Executions(shots, randomizations, tuple(counted), calibration, tuple(notes))


def _estimator_shots(pubs: "Sequence[EstimatorPub]", final: Any, precision: float | None) -> int:
    from qiskit_ibm_runtime.executor_estimator.utils import resolve_precision

    resolved = resolve_precision(list(pubs), precision)
    if resolved is None and final.default_shots is not None:
        return int(final.default_shots)
    return ceil(1.0 / (final.default_precision if resolved is None else resolved) ** 2)


def _noise_factors(resilience: Any) -> tuple[float, ...]:
    from qiskit_ibm_runtime.executor_estimator.utils import resolve_noise_factors

    return tuple(map(float, resolve_noise_factors(resilience.zne)[0])) if resilience.zne_mitigation else (1.0,)


def _check_estimator(pubs: "Sequence[EstimatorPub]", final: Any) -> None:
    from qiskit_ibm_runtime.executor_estimator.utils import has_projection_operators, validate_noise_factors

    resilience = final.resilience
    if resilience.pec_mitigation and resilience.zne_mitigation:
        raise CircuitError("PEC and ZNE exclude each other: set resilience.zne_mitigation or pec_mitigation to False.")
    if resilience.zne_mitigation:
        models = resilience.zne.extrapolator
        models = [models] if isinstance(models, str) else list(models)
        _one_line(lambda: validate_noise_factors(_noise_factors(resilience), models), "resilience.zne")
    if resilience.measure_mitigation and any(has_projection_operators(pub) for pub in pubs):
        raise CircuitError("Measurement mitigation needs Pauli observables: decompose the projectors 0, 1, +, -, r, l.")


def _configurations(pub: "EstimatorPub") -> tuple[int, int, int]:
    """Parameter sets, pairs of one and a basis, and the most bases of one set.

    A parameter set is measured in the bases of all observables that broadcasting puts beside it. Sets that differ only
    along axes on which the observables have length 1 share them: each different selection is grouped once.
    """
    import numpy as np

    own, parameters = pub.observables.shape, pub.parameter_values.shape
    n = max(1, len(np.broadcast_shapes(own, parameters)))
    own, parameters = (1,) * (n - len(own)) + own, (1,) * (n - len(parameters)) + parameters
    terms = _terms(pub).reshape(own)
    shared = [a if a > 1 and b > 1 else 1 for a, b in zip(own, parameters, strict=True)]
    repeats = prod(b for a, b in zip(own, parameters, strict=True) if a == 1)
    groups = []
    for index in np.ndindex(*shared):
        chosen = tuple(slice(i, i + 1) if s > 1 else slice(None) for i, s in zip(index, shared, strict=True))
        groups.append(_bases(dict.fromkeys(term for labels in terms[chosen].ravel() for term in labels)))
    return prod(parameters), repeats * sum(groups), max(groups, default=0)


def _terms(pub: "EstimatorPub") -> "NDArray[Any]":
    """The measured Paulis of every observable, in the client's order, which the grouping depends on."""
    import numpy as np
    from qiskit.primitives.containers.observables_array import ObservablesArray

    flat = ObservablesArray(pub.observables).ravel()
    terms = np.empty(flat.size, dtype=object)
    for i in range(flat.size):
        terms[i] = tuple(label.translate(_TO_PAULI) for label, _ in flat[i].items())
    return terms


def _bases(labels: Mapping[str, None]) -> int:
    """Groups of qubit-wise commuting Paulis, by the greedy colouring that the client uses."""
    from qiskit.quantum_info import PauliList

    return len(labels) if len(labels) < 2 else len(PauliList(list(labels)).group_commuting(qubit_wise=True))


def _pec_randomizations(pub: "EstimatorPub", final: Any, base: int, each: int, error: float) -> tuple[int, str]:
    from qiskit_ibm_runtime.executor_estimator.pec import resolve_pec_max_overhead

    pec, limit = final.resilience.pec, resolve_pec_max_overhead(final.resilience.pec.max_overhead, base, each)
    if final.resilience.layer_noise_model is None:
        gamma = partial(_assumed_gamma, 2 * _PAULI_ERROR * error)
        note = "PEC has no learned noise model: its overhead is assumed from the calibrated two-qubit errors"
    else:
        gamma, note = (
            partial(_learned_gamma, *_noise_layers(pub, final)),
            "PEC's overhead is that of the learned noise model",
        )
    overhead = gamma(1 - _noise_gain(pec.noise_gain, gamma(1), limit)) ** 2
    randomizations = ceil(min(base * limit, base * overhead))
    return randomizations, f"{note} (x {randomizations / base:.3g})"


def _noise_gain(gain: float | str, gamma: float, limit: float) -> float:
    if not isinstance(gain, str):
        return float(gain)
    return 1.0 if gamma == 1 else min(1.0, max(0.0, 1 - log(limit) / log(gamma**2)))


def _assumed_gamma(exponent: float, factor: float) -> float:
    return exp(min(exponent * factor, 300.0))  # its square is still finite


def _learned_gamma(boxed: "QuantumCircuit", maps: Mapping[str, Any], factor: float) -> float:
    from qiskit_mitigation import PEC

    gamma: float = _one_line(lambda: PEC.calculate_gamma(boxed, maps, factor), "resilience.layer_noise_model")
    return gamma


def _noise_layers(pub: "EstimatorPub", final: Any) -> "tuple[QuantumCircuit, dict[str, Any]]":
    """The circuit in layers as the client boxes it, and the learned noise of the layers by their names."""
    from qiskit_ibm_runtime.executor_estimator.utils import estimator_options_to_boxing_options
    from qiskit_mitigation import PEC
    from samplomatic.annotations import InjectNoise
    from samplomatic.utils import get_annotation

    maps = {
        annotation.ref: noise
        for box, noise in final.resilience.layer_noise_model
        if (annotation := get_annotation(box.operation, InjectNoise)) is not None
    }
    boxing = estimator_options_to_boxing_options(final.twirling, bool(final.resilience.measure_mitigation), True)
    return PEC._box_circuit(pub.circuit, boxing), maps


def check_kind(kind: str) -> str:
    """`kind` if it is a primitive's; raises `UnknownNameError` otherwise."""
    return check_name("primitive", kind, PRIMITIVES)
