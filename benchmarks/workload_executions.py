"""Executions of random workloads against those that IBM's own client prepares, and what counting them takes.

The first time a circuit is transpiled for its seconds; then only counting is left.

python benchmarks/workload_executions.py [workloads]  # 1000 by default, about 2 minutes
"""

import sys
import warnings
from time import process_time

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import PauliLindbladMap, SparsePauliOp
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.executor_estimator.finalize_options import finalize_estimator_options
from qiskit_ibm_runtime.executor_estimator.prepare import prepare as prepare_estimator
from qiskit_ibm_runtime.executor_estimator.utils import estimator_options_to_boxing_options
from qiskit_ibm_runtime.executor_sampler.prepare import prepare as prepare_sampler
from qiskit_ibm_runtime.options_models.estimator import EstimatorOptions
from qiskit_ibm_runtime.options_models.sampler import SamplerOptions
from qiskit_mitigation import PEA, PEC, find_combined_unique_layers
from recording import record, table

import hybhanas_jupyter as hyb

BACKEND = "fake_torino"


def random_workload(seed):
    """(primitive, pubs, options, precision or shots of the run) of a primitive, sometimes refused."""
    random = np.random.default_rng(seed)
    primitive = "estimator" if random.random() < 0.7 else "sampler"
    options = estimator_options(random) if primitive == "estimator" else sampler_options(random)
    pub = estimator_pub if primitive == "estimator" else sampler_pub
    pubs = [pub(random) for _ in range(random.integers(1, 4))]
    if primitive == "estimator":
        learn(pubs, options, random)
    wishes = (None, 0.05, 0.02) if primitive == "estimator" else (None, 100, 5000)
    return primitive, pubs, options, wishes[random.choice(3, p=[0.6, 0.2, 0.2])]


def random_circuit(random):
    """A physical circuit of 1 to 5 qubits with up to 3 parameters."""
    n = int(random.integers(1, 6))
    circuit = QuantumCircuit(n)
    for i in range(random.integers(0, 4)):
        circuit.rz(Parameter(f"t{i}"), int(random.integers(n)))
    for _ in range(random.integers(0, 12)):
        name = random.choice(["sx", "x", "rz", "cx", "cz", "ecr"])
        if name == "rz":
            circuit.rz(random.random(), int(random.integers(n)))
        elif name in ("sx", "x"):
            getattr(circuit, name)(int(random.integers(n)))
        elif n > 1:
            getattr(circuit, name)(*map(int, random.choice(n, 2, replace=False)))
    return circuit


def shapes(random):
    """Two shapes that broadcast."""
    whole = tuple(int(size) for size in random.integers(1, 4, random.integers(0, 4)))
    return tuple(
        tuple(1 if random.random() < 0.4 else n for n in whole[random.integers(0, len(whole) + 1) :]) for _ in "12"
    )


def estimator_pub(random):
    circuit = random_circuit(random)
    own, parameters = shapes(random)
    letters = "IXYZ" if random.random() < 0.9 else "IXYZ01+-rl"
    terms = random.choice([1, 2, 8])
    observables = np.empty(own, dtype=object)
    for index in np.ndindex(own):
        labels = ["".join(random.choice(list(letters), circuit.num_qubits)) for _ in range(terms)]
        observables[index] = dict.fromkeys(labels, 1.0)
    observables = observables.tolist()
    if own == () and letters == "IXYZ" and random.random() < 0.5:
        observables = SparsePauliOp.from_list([(label, 1.0) for label in observables])
    values = [np.zeros((*parameters, circuit.num_parameters))] if circuit.num_parameters else []
    return (circuit, observables, *values)


def sampler_pub(random):
    circuit = random_circuit(random)
    circuit.measure_all()
    values = (np.zeros((*shapes(random)[0], circuit.num_parameters)),) if circuit.num_parameters else ()
    return (circuit, *values) if values or random.random() < 0.5 else circuit


def twirling(random):
    def count(*values):
        return values[random.integers(len(values))]

    return {
        **({"enable_gates": bool(random.integers(2))} if random.random() < 0.5 else {}),
        **({"enable_measure": bool(random.integers(2))} if random.random() < 0.5 else {}),
        "num_randomizations": count("auto", "auto", 7, 32),
        "shots_per_randomization": count("auto", "auto", 10, 100),
    }


def sampler_options(random):
    return {"default_shots": int(random.integers(1, 9000)), "twirling": twirling(random)}


def estimator_options(random):
    amplifiers = ["gate_folding", "gate_folding_front", "gate_folding_back", "pea"]
    resilience = {
        "zne": {"amplifier": str(random.choice(amplifiers)), "noise_factors": [1, 1.5, 3, 4][: random.integers(2, 5)]}
    }
    if random.random() < 0.2:
        resilience = {
            "pec_mitigation": True,
            "zne_mitigation": random.random() < 0.1,
            "pec": {"max_overhead": random.choice([None, 2.0, 100.0])},
        }
        resilience["pec"]["noise_gain"] = "auto" if random.random() < 0.5 else float(random.random())
    if random.random() < 0.3:
        resilience["measure_mitigation"] = bool(random.integers(2))
        resilience["measure_noise_learning"] = {"num_randomizations": int(random.integers(1, 50))}
    size = (
        {"default_shots": int(random.integers(1, 5000))}
        if random.random() < 0.5
        else {"default_precision": float(random.uniform(0.01, 0.2))}
    )
    return {"resilience_level": int(random.integers(3)), "twirling": twirling(random), "resilience": resilience, **size}


def learn(pubs, options, random):
    """Give the options a noise model of the PUBs' layers where IBM's client asks for one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        final = finalize_estimator_options(EstimatorOptions(**options))
    resilience = final.resilience
    pea = resilience.zne_mitigation and resilience.zne.amplifier == "pea"
    if not (resilience.pec_mitigation or pea):
        return
    boxing = estimator_options_to_boxing_options(
        final.twirling, bool(resilience.measure_mitigation), True, add_tags=True
    )
    tasks = [PEC() if resilience.pec_mitigation else PEA() for _ in pubs]
    layers = find_combined_unique_layers(
        circuits=[pub[0] for pub in pubs], mitigation_types=tasks, custom_boxing_options=boxing, box_types="gates"
    )
    options["resilience"]["layer_noise_model"] = [(layer, noise(len(layer.qubits), random)) for layer in layers]


def noise(n, random):
    paulis = ["X" + "I" * (n - 1), "I" * (n - 1) + "Z"]
    return PauliLindbladMap.from_list([(pauli, float(random.uniform(0, 0.1))) for pauli in dict.fromkeys(paulis)])


def of_client(primitive, pubs, options, wish):
    """Executions of the QuantumProgram that IBM's client builds; None where it refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if primitive == "estimator":
                program, _ = prepare_estimator(pubs, EstimatorOptions(**options), wish)
            else:
                program, _ = prepare_sampler(pubs, SamplerOptions(**options), wish)
    except (IBMInputValueError, ValueError):
        return None
    return program.shots * sum(item.size() for item in program.items)


def ours(primitive, pubs, options, wish):
    """Executions as the package counts them, None where it refuses, and the processor's seconds for it."""
    named = {"precision" if primitive == "estimator" else "shots": wish}
    start = process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            executions = hyb.workload(pubs, BACKEND, options, primitive=primitive, **named).executions
    except hyb.HybHanasError:
        executions = None
    return executions, process_time() - start


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    ours(*random_workload(0))  # imports, and the device
    rows = []
    for seed in range(count):
        workload = random_workload(seed)
        _, first = ours(*workload)
        executions, again = ours(*workload)
        rows.append((workload[0], executions, of_client(*workload), first, again))
    result = [
        summary(primitive, [row for row in rows if row[0] == primitive]) for primitive in ("estimator", "sampler")
    ]
    print(table(result))
    record(result, workloads=count)


def summary(primitive, rows):
    return {
        "primitive": primitive,
        "workloads": len(rows),
        "refused by both": sum(ours is None and client is None for _, ours, client, *_ in rows),
        "equal": sum(ours == client for _, ours, client, *_ in rows),
        "CPU ms, mean": 1e3 * float(np.mean([row[3] for row in rows])),
        "most": 1e3 * max(row[3] for row in rows),
        "transpiled before, mean": 1e3 * float(np.mean([row[4] for row in rows])),
        "then most": 1e3 * max(row[4] for row in rows),
    }


if __name__ == "__main__":
    main()
