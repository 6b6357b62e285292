"""The tables of measured figures, from the latest entries of the benchmarks.

python benchmarks/measured.py  # writes them into benchmarks/README.md
"""

from pathlib import Path

from recording import RESULTS, entries

from hybhanas_jupyter.formatting import seconds, significant

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- measured: python benchmarks/measured.py -->\n", "<!-- end -->\n"


def makespan(rows):
    largest = max(row["largest relative difference"] for row in rows)
    return f"makespan against Qiskit's scheduler, {len(rows)} devices", f"relative difference at most {largest:.1e}"


def reliability(rows):
    judged = [row for row in rows if row["set"] in ("new devices", "algorithms")]
    ours, usual = (next(row for row in judged if f"({name})" in row["estimate"]) for name in ("ours", "usual"))
    kind = "on devices not used to choose the formula"
    if rows[0].get("mode"):
        kind = "of Qiskit's library, families that nothing was fitted to"
    what = f"predicted success against Aer's noise, {ours['circuits']} circuits {kind}"
    return what, f"Spearman {ours['spearman']:.4f}, mean error {ours['mean']:.4f} (usual ESP: {usual['mean']:.3f})"


def coverage(rows):
    circuits, costed = (sum(row[name] for row in rows) for name in ("circuits", "costed"))
    raised = sum(row["message"].startswith(("raises", "hangs")) for row in rows)
    suites = ", ".join(dict.fromkeys(row["suite"] for row in rows))
    what = f"circuits that are costed: {circuits} of {len(rows)} families ({suites})"
    return what, f"{costed / circuits:.1%}; families with an exception or a hang: {raised}"


def classical(rows):
    error = {(row["model"], row["networks"], row["memory"]): row["mean_relative_error"] for row in rows}
    what = "predicted classical step time, CNNs not used for the fit"
    search, plain = error["calibrated", "search", "kept"], error["calibrated", "plain", "returned"]
    paper = error["paper", "search", "kept"]
    return what, f"mean error {search:.1%} in a search, {plain:.1%} in a plain process (the paper's form: {paper:.0%})"


def speed(rows):
    value = {row["what"]: row["value"] for row in rows}
    figure = f"{value['the rest / transpile']:.0%} on top; from the cache {seconds(value['cached cost'])}"
    return "what `hyb.quantum_cost` takes beside Qiskit's transpiling, 12 qubits x 15 layers", figure


def quantum_layer(rows):
    gains = [row["lightning / numba"] for row in rows]
    what = "quantum layer, forward and backward, against PennyLane's lightning.qubit adjoint, 4-12 qubits"
    return what, f"{min(gains):.0f} to {max(gains):.0f} times as fast"


def step(rows):
    linear, full, _ = (row["gain"] for row in rows)
    what = "training step of a hybrid network against the same on PennyLane, linear and full"
    return what, f"{linear:.0f} and {full:.0f} times as fast"


def paper_candidate(rows):
    ours, theirs = rows[0]["ours, s"], rows[0]["PennyLane, s"]
    return "training a candidate at the paper's scale (CPU time)", f"{seconds(ours)}; on PennyLane {seconds(theirs)}"


def start(rows):
    return "first use of the quantum layer: compiled once for a processor", seconds(rows[0]["seconds"])


def quality(rows):
    mean = {row["method"]: f"{row['mean']:.3f}" for row in rows}
    peers = ", ".join(f"{name} {value}" for name, value in mean.items() if name != "hybhanas_jupyter")
    return "hypervolume after 96 evaluations, share of the best possible", f"{mean['hybhanas_jupyter']}; {peers}"


def whole_search(rows):
    (row,) = rows
    return f"the paper's whole search, {row['mode']} CNN, {row['networks']} networks on MNIST", seconds(row["seconds"])


def scaling(rows):
    one, two = rows
    what = f"a search of {one['networks']} small networks by one process and by two"
    return what, f"{seconds(one['seconds'])} and {seconds(two['seconds'])}: efficiency {two['efficiency']:.0%}"


def latency(rows):
    times = {row["what"]: sorted(row["milliseconds"])[len(row["milliseconds"]) // 2] for row in rows}
    handler, cell = times["stop to handler"], times["other cell"]
    figure = f"Stop reaches its handler in {significant(handler, 2)} ms; another cell takes {significant(cell, 2)} ms"
    return "JupyterLab while a search trains", figure


def forecast(rows):
    held = sum(row["inside"] for row in rows)
    return "the form's forecast of a search's time", f"{held} of {len(rows)} searches ended between its bounds"


def magics(rows):
    cell, load = (row["ms"] for row in rows)
    return "what `%%qcost` adds to a cell, and `%load_ext` to a kernel", f"{cell:.1f} ms and {load:.0f} ms"


def memory(rows):
    return "the whole quickstart as on Binder (grants 2 GB)", f"at most {rows[0]['total, MB'] / 1e3:.2f} GB"


def vendors(rows):
    judged = [row for row in rows if row["of its own circuit"] is not None]
    error = max(abs(row["of its own circuit"] - row["maker's noise model"]) for row in judged)
    makers = sorted({row["maker"] for row in rows})
    what = f"devices that are not IBM's: {len(rows)} targets of {', '.join(makers)}"
    return (
        what,
        f"all costed, every number's source shown; GHZ-3 on IQM's Adonis within {error:.3f} of IQM's noise model",
    )


def workload(rows):
    equal, all_, mean = (sum(row[name] for row in rows) for name in ("equal", "workloads", "transpiled before, mean"))
    what = f"executions of {all_:,} random workloads against the programs that IBM's own client prepares"
    return what, f"{equal:,} equal; counted in {mean / len(rows):.1f} ms on average"


def hardware_success(rows):
    kernels, mirrors = (next(r for r in rows if r["benchmark"] == n) for n in ("QML Kernel", "Mirror Circuits"))
    usual = next(r for r in rows if r["benchmark"] == "QML Kernel" and r["estimate"] == "usual ESP")
    own = next(r for r in rows if r["estimate"] == "hardware, 8 own runs")
    what = (
        f"share of right results, {kernels['runs']} QML kernels and {mirrors['runs']} mirror circuits, device left out"
    )
    figures = [f"mean error {kernels['mean error']:.3f} and {mirrors['mean error']:.3f}"]
    figures.append(f"usual ESP {usual['mean error']:.3f} on kernels")
    figures.append(f"with 8 own runs {own['mean error']:.3f}")
    figures.append(f"90 % intervals hold {kernels['coverage']:.0%} and {mirrors['coverage']:.0%}")
    return what, "; ".join(figures)


def hardware_usage(rows):
    jobs = ", ".join(f"{row['clock']} ({row['jobs']:.0f})" for row in rows)
    near = ", ".join(f"{row['within 20 %']:.0%}" for row in rows)
    return (
        f"seconds of jobs within 20 %: {jobs}",
        f"{near} (IBM's published form: {rows[0]['published within 20 %']:.0%} of IBM's)",
    )


def observables(rows):
    few, many = (row for row in rows if row["family"] == "all" and row["estimate"].startswith("bound"))
    mean = {row["estimate"]: row["mean"] for row in rows if row["family"] == "all" and row["qubits"] == few["qubits"]}
    others = ", ".join(f"{name} {mean[name]:.3f}" for name in ("ideal", "usual ESP x ideal"))
    what = (
        f"predicted Z and ZZ under noise against Aer, {few['values']} values on {few['qubits']} qubits, bound circuits"
    )
    ours = f"mean error {few['mean']:.0e}, on {many['qubits']} qubits {many['mean']:.0e}"
    averaged = mean["symbolic (ours)"], mean["mean field (ours, of large circuits)"]
    return what, f"{ours} ({others}); symbolic angles {averaged[0]:.3f}, mean field {averaged[1]:.3f}"


def torture(rows):
    main, workers, starts, *inputs = (row["tries"] for row in rows)
    what = f"kill -9 of searches ({main}) and of workers ({workers}), first starts at once ({starts}), "
    what += f"damaged or wrong inputs ({sum(inputs):,} of {len(inputs)} kinds)"
    wrong = sum(row["wrong"] for row in rows)
    slowest = max(row["slowest_s"] or 0 for row in rows)
    return what, f"{wrong} differences, failures or internal errors; slowest input {seconds(slowest)}"


# Judge -> script -> its row, in the order of the tables.
TABLES = {
    "Against Qiskit and Aer": {
        "costs_makespan": makespan,
        "costs_reliability": reliability,
        "costs_coverage": coverage,
        "observables_accuracy": observables,
    },
    "Against IBM's client": {
        "workload_executions": workload,
    },
    "Against other makers' models": {
        "costs_vendors": vendors,
    },
    "Against real devices": {
        "hardware_success": hardware_success,
        "hardware_usage": hardware_usage,
    },
    "Against the stopwatch": {
        "costs_classical": classical,
        "notebook_forecast": forecast,
    },
    "Against other libraries": {
        "costs_speed": speed,
        "training_quantum_layer": quantum_layer,
        "training_step": step,
        "training_paper": paper_candidate,
        "search_quality": quality,
    },
    "Against kills and damage": {
        "torture": torture,
    },
    "How long, how much": {
        "training_start": start,
        "paper_scale": whole_search,
        "search_scaling": scaling,
        "notebook_latency": latency,
        "magics_overhead": magics,
        "binder_memory": memory,
    },
}


def latest(script):
    """The latest entry by mode; None for a script without modes."""
    return {entry["rows"][0].get("mode"): entry for entry in entries(script)}


def table(scripts):
    """One table as Markdown."""
    lines = ["| what | figure | load | command |", "|---|---|---|---|"]
    for script, figure in scripts.items():
        for mode, entry in latest(script).items():
            load = entry["machine"]["load"]
            command = " ".join(filter(None, ["python", f"benchmarks/{script}.py", mode]))
            cells = [*figure(entry["rows"]), "" if load is None else f"{load:.1f}", f"`{command}`"]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machines():
    """The processors of all rows."""
    found = (entry["machine"] for scripts in TABLES.values() for script in scripts for entry in latest(script).values())
    return sorted({f"{machine['cores']} cores of {machine['cpu']}" for machine in found if machine["cores"]})


def section():
    """All tables, between their marks."""
    parts = [f"### {judge}\n\n{table(scripts)}\n" for judge, scripts in TABLES.items()]
    return f"{BEGIN}On {', '.join(machines())}.\n\n" + "\n".join(parts) + END


def readme(text):
    """A README with the section brought up to date."""
    before, rest = text.split(BEGIN)
    return before + section() + rest.split(END, 1)[1]


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{README} shows the latest entries of {RESULTS}.")
