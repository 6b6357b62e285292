"""How long costing takes: our share beside the transpiler's, the cache, and devices compared on two cores.

    python benchmarks/costs_speed.py

Figures: analysis <= 0.15 x transpile time; a cached cost < 2 ms; two cores >= 1.6 x one core (both need idle cores).
The whole of what is not transpiling also holds Qiskit's translation of the logical circuit. Two cores are timed without
the start of the processes and without the listing of the devices.
"""

import os
from time import perf_counter

from qiskit.transpiler import generate_preset_pass_manager
from recording import record

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs import quantum, reliability, timing
from hybhanas_jupyter.costs.comparison import compare
from hybhanas_jupyter.costs.compilation import compile_circuit
from hybhanas_jupyter.formatting import seconds, text_table


def timed(action):
    start = perf_counter()
    action()
    return perf_counter() - start


def transpiled(circuit, device, seed):
    return generate_preset_pass_manager(2, target=device.target, seed_transpiler=seed).run(circuit)


def analysis_share(repetitions=15):
    """Transpile time, what `quantum_cost` takes beyond it, the analysis alone, and a cached cost: best of each."""
    circuit, device = Ansatz(12, 15, topology="full").to_circuit(), hyb.device("fake_kyiv")
    hyb.quantum_cost(circuit, device)
    transpile, whole = [], []
    for seed in range(repetitions):
        transpile.append(timed(lambda seed=seed: transpiled(circuit, device, seed)))
        quantum._cost.cache_clear()
        whole.append(timed(lambda seed=seed: hyb.quantum_cost(circuit, device, seed=seed)))
    cached = [timed(lambda: hyb.quantum_cost(circuit, device, seed=repetitions - 1)) for _ in range(50)]
    return (
        min(transpile),
        min(whole) / min(transpile) - 1,
        timed_analysis(circuit, device) / min(transpile),
        min(cached),
    )


def timed_analysis(circuit, device, repetitions=7):
    """Schedule and reliability alone, once the physical and the logical circuit are there: best of `repetitions`."""
    compiled, calibration = compile_circuit(circuit, device, 2, 0), device.calibration

    def analyse():
        times = timing.calibrated_timing(compiled, calibration)
        reliability.calibrated(compiled, times.physical, calibration)

    return min(timed(analyse) for _ in range(repetitions))


def compared(workers, circuit):
    return timed(lambda: compare(circuit, workers=workers, progress=workers == 2))


def main():
    transpile, share, analysis, cached = analysis_share()
    circuit = Ansatz(6, 3, topology="full")
    hyb.devices()  # read once in a process, whoever comes first
    start = timed(
        lambda: compare(Ansatz(2, 1), ["fake_manila", "fake_lima", "fake_rome", "fake_vigo"], workers=2, progress=False)
    )
    both = compared(2, circuit)
    one = compared(1, circuit)
    figures = {
        "transpile, 12 qubits x 15 x full": transpile,
        "all but transpiling / transpile": share,
        "schedule and reliability / transpile": analysis,
        "cached cost": cached,
        "all devices, one core": one,
        "all devices, two cores": both,
        "one core / two cores": one / both,
        "start of the processes, once": start,
        "other work on the machine / core": os.getloadavg()[0] / os.cpu_count(),
    }
    record([{"what": name, "value": value} for name, value in figures.items()])
    rows = [[name, f"{value:.3f}" if "/" in name else seconds(value)] for name, value in figures.items()]
    print(text_table(["what", "figure"], rows))


if __name__ == "__main__":
    main()
