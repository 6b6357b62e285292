"""How long costing takes: our share beside the transpiler's, the cache, and devices compared on two cores.

    python benchmarks/costs_speed.py

Figures: the rest <= 0.15 x transpile time; a cached cost < 2 ms; two cores >= 1.6 x one core (both need idle cores).
The rest is all that a new circuit's cost takes but the physical transpile of the same call: Qiskit's compilation of the
logical circuit at the same level is in it. Devices are compared with snapshots kept on disk, without the start of the
processes.
"""

import os
from statistics import median
from time import perf_counter
from unittest.mock import patch

from recording import record

import hybhanas_jupyter as hyb
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.costs import compilation, quantum
from hybhanas_jupyter.costs.comparison import compare
from hybhanas_jupyter.formatting import seconds, text_table


def timed(action):
    start = perf_counter()
    action()
    return perf_counter() - start


def shares(repetitions=15):
    """Seconds of the physical transpile and of all the rest, in each of `repetitions` calls of `quantum_cost`."""
    circuit, device = Ansatz(12, 15, topology="full").to_circuit(), hyb.device("fake_kyiv")
    transpile, spent, rows = compilation._transpile, [], []

    def watched(*arguments):
        start = perf_counter()
        physical = transpile(*arguments)
        spent.append(perf_counter() - start)
        return physical

    with patch.object(compilation, "_transpile", watched):
        for seed in range(repetitions + 1):
            quantum._cost.cache_clear()
            whole = timed(lambda seed=seed: hyb.quantum_cost(circuit, device, seed=seed))
            rows.append((spent[-1], whole - spent[-1]))
    cached = [timed(lambda: hyb.quantum_cost(circuit, device, seed=repetitions)) for _ in range(50)]
    return rows[1:], median(cached)


def compared(workers, circuit):
    return timed(lambda: compare(circuit, workers=workers, progress=workers == 2))


def main():
    rows, cached = shares()
    circuit = Ansatz(6, 3, topology="full")
    hyb.devices()  # read once in a process, whoever comes first
    start = timed(
        lambda: compare(Ansatz(2, 1), ["fake_manila", "fake_lima", "fake_rome", "fake_vigo"], workers=2, progress=False)
    )
    both = compared(2, circuit)
    one = compared(1, circuit)
    figures = {
        "transpile, 12 qubits x 15 x full": median(transpile for transpile, _ in rows),
        "all the rest of the cost": median(rest for _, rest in rows),
        "the rest / transpile": median(rest / transpile for transpile, rest in rows),
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
