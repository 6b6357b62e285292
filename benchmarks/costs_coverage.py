"""Which circuits of public libraries are costed: Qiskit's circuit library, PennyLane's templates, MQT Bench.

    python benchmarks/costs_coverage.py [seconds per circuit]

MQT Bench (`pip install mqt.bench`, only this benchmark uses it) is left out where it is not installed. Circuits have
3 to 10 qubits, PennyLane's 4; devices take turns.
"""

import signal
import sys
import time
import warnings

import numpy as np
import pennylane as qml
import qiskit.circuit.library as library
from qiskit import QuantumCircuit
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp, random_clifford, random_unitary
from recording import record, table

import hybhanas_jupyter as hyb

DEVICES = ("fake_kyiv", "fake_torino", "fake_algiers", "fake_brisbane", "fake_fez")
SIZES = (3, 4, 6, 8, 10)
EMPTY = {"circuits": 0, "costed": 0, "s": 0.0, "message": ""}
TEMPLATES = ("StronglyEntanglingLayers", "BasicEntanglerLayers", "SimplifiedTwoDesign", "RandomLayers")


def on(gate, inputs=1):
    """A circuit of one instruction, its first qubits in |1>."""
    circuit = QuantumCircuit(gate.num_qubits)
    for qubit in range(inputs):
        circuit.x(qubit)
    circuit.append(gate, range(gate.num_qubits))
    return circuit


def ghz(n):
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for qubit in range(n - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


def grover(n):
    marked = QuantumCircuit(n)
    marked.mcp(np.pi, list(range(n - 1)), n - 1)
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    return circuit.compose(library.grover_operator(marked))


def symmetric(n):
    values = np.random.default_rng(n).integers(0, 4, (n, n))
    return values + values.T


def evolution(n):
    terms = [("ZZ", [i, i + 1], 1.0) for i in range(n - 1)] + [("X", [i], 0.5) for i in range(n)]
    return on(library.PauliEvolutionGate(SparsePauliOp.from_sparse_list(terms, n), 0.3))


QISKIT = {
    "GHZ": ghz,
    "QFT": lambda n: on(library.QFTGate(n)),
    "Grover": grover,
    "quantum volume": lambda n: library.quantum_volume(n, 3, seed=n),
    "IQP": lambda n: library.iqp(symmetric(n)),
    "random": lambda n: random_circuit(n, 8, max_operands=2, seed=n, measure=True),
    "random, dynamic": lambda n: random_circuit(n, 6, max_operands=2, seed=n, reset=True, conditional=True),
    "Clifford": lambda n: on(random_clifford(n, seed=n)),
    "unitary": lambda n: on(library.UnitaryGate(random_unitary(2 ** min(n, 4), seed=n))),
    "initialize": lambda n: on(library.Initialize(np.arange(1, 2**n + 1) / np.linalg.norm(np.arange(1, 2**n + 1))), 0),
    "permutation": lambda n: on(library.PermutationGate(list(range(n))[::-1])),
    "multi-controlled X": lambda n: on(library.MCXGate(n - 1), n - 1),
    "diagonal": lambda n: on(library.DiagonalGate(list(np.exp(1j * np.arange(2**n))))),
    "evolution": evolution,
    "efficient SU(2)": lambda n: library.efficient_su2(n, reps=1),
    "real amplitudes": lambda n: library.RealAmplitudes(n, reps=2),
    "two local": lambda n: library.TwoLocal(n, ["ry", "rz"], "crx", reps=1),
    "excitation preserving": lambda n: library.excitation_preserving(n, reps=1),
    "ZZ feature map": lambda n: library.zz_feature_map(n, reps=1),
    "Pauli feature map": lambda n: library.PauliFeatureMap(n, paulis=["Z", "XX"], reps=1),
    "QAOA": lambda n: library.qaoa_ansatz(SparsePauliOp(["I" * i + "ZZ" + "I" * (n - i - 2) for i in range(n - 1)])),
    "phase estimation": lambda n: library.phase_estimation(n - 1, on(library.PhaseGate(0.3))),
    "hidden linear function": lambda n: library.hidden_linear_function(symmetric(n) % 2),
    "graph state": lambda n: library.GraphStateGate(symmetric(n) % 2).definition,
    "piecewise rotations": lambda n: on(library.LinearPauliRotationsGate(n - 1)),
    "comparator": lambda n: on(library.IntegerComparatorGate(n // 2, 2)),
    "adder (CDKM)": lambda n: on(library.CDKMRippleCarryAdder(max(1, (n - 2) // 2), "full")),
    "adder (Draper)": lambda n: on(library.DraperQFTAdder(n // 2)),
    "adder (VBE)": lambda n: on(library.VBERippleCarryAdder(max(1, n // 4))),
    "multiplier (HRS)": lambda n: on(library.HRSCumulativeMultiplier(max(1, n // 5))),
    "multiplier (RGQFT)": lambda n: on(library.RGQFTMultiplier(max(1, n // 4))),
}


def template(operation, *arguments, wires=4, **settings):
    """A QNode that applies a PennyLane template, and its arguments."""

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def node(*angles):
        operation(*angles, wires=range(wires), **settings)
        return [qml.expval(qml.Z(wire)) for wire in range(wires)]

    return node, arguments


def shaped(name, wires=4, layers=2, **settings):
    kind = getattr(qml, name)
    if name == "RandomLayers":
        return template(kind, np.ones(kind.shape(n_layers=layers, n_rotations=3)), wires=wires, seed=1)
    shape = kind.shape(n_layers=layers, n_wires=wires)
    shapes = shape if isinstance(shape[0], tuple) else (shape,)
    return template(kind, *(np.ones(s) for s in shapes), wires=wires, **settings)


def fermionic():
    @qml.qnode(qml.device("default.qubit", wires=4))
    def node(angle):
        qml.FermionicDoubleExcitation(angle, wires1=[0, 1], wires2=[2, 3])
        return qml.expval(qml.Z(0))

    return node, (0.1,)


HF = np.array([1, 1, 0, 0])
PENNYLANE = {
    **{name: lambda name=name: shaped(name) for name in TEMPLATES},
    "AngleEmbedding": lambda: template(qml.AngleEmbedding, np.zeros(4)),
    "AmplitudeEmbedding": lambda: template(qml.AmplitudeEmbedding, np.ones(16), normalize=True),
    "BasisEmbedding": lambda: template(qml.BasisEmbedding, np.array([1, 0, 1, 1])),
    "IQPEmbedding": lambda: template(qml.IQPEmbedding, np.ones(4), n_repeats=2),
    "QAOAEmbedding": lambda: template(qml.QAOAEmbedding, np.ones(4), np.ones(qml.QAOAEmbedding.shape(2, 4))),
    "MottonenStatePreparation": lambda: template(qml.MottonenStatePreparation, np.ones(16) / 4),
    "QFT": lambda: template(qml.QFT),
    "GroverOperator": lambda: template(qml.GroverOperator),
    "ParticleConservingU1": lambda: template(
        qml.ParticleConservingU1, np.ones(qml.ParticleConservingU1.shape(2, 4)), init_state=HF
    ),
    "ParticleConservingU2": lambda: template(
        qml.ParticleConservingU2, np.ones(qml.ParticleConservingU2.shape(2, 4)), init_state=HF
    ),
    "GateFabric": lambda: template(qml.GateFabric, np.ones(qml.GateFabric.shape(2, 4)), init_state=HF, include_pi=True),
    "AllSinglesDoubles": lambda: template(
        qml.AllSinglesDoubles, np.ones(3), hf_state=HF, singles=[[0, 2], [1, 3]], doubles=[[0, 1, 2, 3]]
    ),
    "UCCSD": lambda: template(
        qml.UCCSD, np.ones(3), init_state=HF, s_wires=[[0, 1, 2], [1, 2, 3]], d_wires=[[[0, 1], [2, 3]]]
    ),
    "kUpCCGSD": lambda: template(
        qml.kUpCCGSD, np.ones(qml.kUpCCGSD.shape(k=1, n_wires=4, delta_sz=0)), k=1, delta_sz=0, init_state=HF
    ),
    "FermionicDoubleExcitation": fermionic,
    "Permute": lambda: template(qml.Permute, permutation=[3, 2, 1, 0]),
    "MPS": lambda: block_template(qml.MPS),
    "TTN": lambda: block_template(qml.TTN),
    "MERA": lambda: block_template(qml.MERA),
}


def block_template(kind):
    def block(weights, wires):
        qml.RY(weights[0], wires[0])
        qml.RY(weights[1], wires[1])
        qml.CNOT(wires)

    weights = np.ones((kind.get_n_blocks(range(4), 2), 2))
    settings = {"n_block_wires": 2, "block": block, "n_params_block": 2}
    return template(lambda w, wires, **rest: kind(wires, template_weights=w, **rest), weights, **settings)


def mqt_bench():
    """(family, circuit) of every benchmark and size that MQT Bench makes."""
    try:
        from mqt.bench import BenchmarkLevel, get_benchmark
        from mqt.bench.benchmarks import get_available_benchmark_names
    except ImportError:
        return
    for name in get_available_benchmark_names():
        for n in (*SIZES, 5, 7, 9, 13, 17, 18):
            try:
                yield name, get_benchmark(name, BenchmarkLevel.INDEP, n)
            except ValueError:  # a size that the family does not have
                continue
            if n not in SIZES:  # one circuit of a family that has no other size
                break


def cases():
    """(suite, family, circuit, arguments)."""
    for family, make in QISKIT.items():
        for n in SIZES:
            yield "Qiskit", family, make(n), ()
    for family, build in PENNYLANE.items():
        yield "PennyLane", family, *build()
    for family, circuit in mqt_bench():
        yield "MQT Bench", family, circuit, ()


def outcome(circuit, arguments, device, seconds):
    """ "" where the circuit is costed, else what was said instead."""

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        repr(hyb.quantum_cost(circuit, device, arguments=arguments))
    except hyb.HybHanasError as error:
        return f"refused: {error}"
    except TimeoutError:
        return f"hangs: more than {seconds} s"
    except Exception as error:  # what must not happen
        return f"raises {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return ""


def circuit_size(circuit):
    return f"{circuit.num_qubits} qubits:" if isinstance(circuit, QuantumCircuit) else ""


def main(seconds):
    warnings.simplefilter("ignore")
    rows = {}
    for number, (suite, family, circuit, arguments) in enumerate(cases()):
        row = rows.setdefault((suite, family), {"suite": suite, "family": family, **EMPTY})
        begin = time.process_time()
        said = outcome(circuit, arguments, DEVICES[number % len(DEVICES)], seconds)
        row["s"] += time.process_time() - begin
        row["circuits"] += 1
        row["costed"] += not said
        row["message"] = row["message"] or said[:100]
        if said:
            print(suite, family, circuit_size(circuit), said, flush=True)
    print(table(list(rows.values())))
    every, costed = (sum(row[name] for row in rows.values()) for name in ("circuits", "costed"))
    print(f"{costed} of {every} circuits of {len(rows)} families costed ({costed / every:.1%})")
    record(list(rows.values()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
