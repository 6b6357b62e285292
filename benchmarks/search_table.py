"""Rebuild the table of the search-quality benchmark: every architecture of a space, really trained and costed.

    python benchmarks/search_table.py          # writes benchmarks/results/search_table.csv.gz, minutes on 2 cores

Continues where it was interrupted. `search_quality.py` lets search algorithms loose on the table.
"""

import csv
import gzip
import io
import itertools
from pathlib import Path

from tqdm import tqdm

from hybhanas_jupyter.data import load_dataset
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.nas.architecture import Architecture, parameter_count
from hybhanas_jupyter.nas.config import SearchConfig, TrainingSettings
from hybhanas_jupyter.nas.costing import Costs
from hybhanas_jupyter.nas.executors import open_executor
from hybhanas_jupyter.nas.provenance import DataInfo, RunProvenance
from hybhanas_jupyter.nas.space import FixedCNN, SearchSpace
from hybhanas_jupyter.nas.tasks import Task

TABLE = Path(__file__).parent / "results" / "search_table.csv.gz"
PARTIAL = TABLE.with_suffix("").with_suffix(".partial.csv")
CONFIG = SearchConfig(
    space=SearchSpace(
        qubits=(2, 5),
        depth=(1, 8),
        rotations=("RX", "RY", "RZ-RY", "RY-RZ", "RX-RY", "RX-RY-RZ"),
        cnn=FixedCNN(layers=(Convolution(4, stride=2),)),
    ),
    training=TrainingSettings(epochs=6),
)
FIELDS = ("genome", "accuracy", "quantum_time", "quantum_parameters", "parameters", "success_probability")


def architectures() -> dict[str, Architecture]:
    """All architectures of the space by genome; architectures that are the same circuit are all listed."""
    genes = CONFIG.space.genes
    genomes = itertools.product(*(gene.values for gene in genes))
    named = ({gene.name: value for gene, value in zip(genes, values, strict=True)} for values in genomes)
    return {key(genome): CONFIG.space.decode(genome) for genome in named}


def key(genome: dict[str, object]) -> str:
    return " ".join("-".join(value) if isinstance(value, tuple) else str(value) for value in genome.values())


def main() -> None:
    data = load_dataset(CONFIG.data, per_class=CONFIG.per_class)
    accuracies = train(data)
    costs = Costs(CONFIG, RunProvenance.now(CONFIG, DataInfo.of(data)))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS, lineterminator="\n")
    writer.writeheader()
    for genome, architecture in tqdm(architectures().items(), "Costs"):
        known = costs(architecture)
        writer.writerow(
            {
                "genome": genome,
                "accuracy": accuracies[architecture.trained_as.identity],
                "quantum_time": known["quantum_time"],
                "quantum_parameters": architecture.ansatz.num_weights,
                "parameters": parameter_count(architecture, data.input_shape, data.n_classes),
                "success_probability": known["success_probability"],
            }
        )
    TABLE.write_bytes(gzip.compress(buffer.getvalue().encode(), mtime=0))
    PARTIAL.unlink()


def train(data: object) -> dict[str, float]:
    """Validation accuracy by the identity of what is trained; kept in a file as they come in."""
    done = dict(line.rsplit("\t", 1) for line in PARTIAL.read_text().splitlines()) if PARTIAL.exists() else {}
    todo = {a.trained_as.identity: a.trained_as for a in architectures().values()}
    settings = CONFIG.training.model_dump()
    limit = settings.pop("time_limit")
    with open_executor(CONFIG, data, None, lambda: False) as submit, PARTIAL.open("a") as log:
        futures = {name: submit(Task(a, settings, limit, 0)) for name, a in todo.items() if name not in done}
        for name, future in tqdm(futures.items(), "Training"):
            done[name] = str(future.result().accuracy)
            log.write(f"{name}\t{done[name]}\n")
            log.flush()
    return {name: float(value) for name, value in done.items()}


if __name__ == "__main__":
    main()
