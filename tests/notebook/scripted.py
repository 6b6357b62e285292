"""A search that plays made-up evaluations, so that the widgets can be judged without training."""

import random
import threading

from hybhanas_jupyter.nas.analysis import hypervolumes
from hybhanas_jupyter.nas.config import SearchConfig
from hybhanas_jupyter.nas.control import Generation, Progress
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.run import Run


def evaluations(config: SearchConfig, seed: int = 0) -> tuple[Evaluation, ...]:
    """As many candidates as `config` asks for, every 17th failed; later generations are better."""
    rng = random.Random(seed)
    numbers = range(config.generations * config.population)
    return tuple(_evaluation(number, 1 + number // config.population, config, rng) for number in numbers)


def _evaluation(number: int, generation: int, config: SearchConfig, rng: random.Random) -> Evaluation:
    architecture = config.space.sample(rng)
    if number % 17 == 5:
        return Evaluation(number, generation, architecture, "failed", reason="ArchitectureError: <b>vanishes</b>")
    weights = architecture.ansatz.num_weights
    shot = weights * 1e-6 * rng.uniform(0.5, 5)
    accuracy = min(0.98, max(0.1, rng.gauss(0.4 + 0.04 * generation, 0.1)))
    parameters = rng.randrange(400, 9000)
    return Evaluation(
        number,
        generation,
        architecture,
        "ok",
        accuracy=accuracy,
        quantum_time=shot * 3e6,
        classical_time=parameters * rng.uniform(0.001, 0.003),
        usage_time=shot * 2e7,
        parameters=parameters,
        quantum_parameters=weights,
        success_probability=rng.uniform(0.1, 1),
        two_qubit_gates=weights,
        cost={
            "logical_time": shot * 0.3,
            "routing_time": shot * 0.2,
            "gate_error_penalty": shot * 0.4,
            "decoherence_penalty": shot * 0.1,
        },
        history=tuple(
            {
                "train_loss": 2 / e,
                "validation_loss": 2.2 / e,
                "validation_accuracy": accuracy * (1 - 0.5**e),
                "seconds": 0.2,
            }
            for e in range(1, config.training.epochs + 1)
        ),
        seconds=2.0,
    )


class ScriptedSearch:
    """The face of `nas.search.Search`; `play` finishes generations one by one, on the thread of the caller."""

    def __init__(self, config: SearchConfig, store: object = None) -> None:
        self.config = config
        self.state = "new"
        self.done = 0
        self._script = evaluations(config)
        self._runs: dict[int, Run] = {}
        self._listeners: dict[str, list] = {"generation": [], "finish": []}
        self._going = threading.Event()

    def start(self) -> None:
        self.resume()

    @property
    def id(self) -> str:
        return "scripted"

    @property
    def backend(self) -> str:
        return self.config.backend

    def ended(self, timeout: float = 0.0) -> bool:
        return self.state in ("stopped", "finished", "failed")

    def resume(self) -> None:
        self.state = "running"
        self._going.set()

    def pause(self) -> None:
        self.state = "paused"
        self._going.clear()

    def stop(self) -> None:
        self.state = "stopped"
        self._going.set()

    def on_generation(self, callback) -> None:
        self._listeners["generation"].append(callback)

    def on_finish(self, callback) -> None:
        self._listeners["finish"].append(callback)

    def play(self, generations: int = 1) -> None:
        """Finish so many generations, or fewer if the search ends."""
        for _ in range(generations):
            self._going.wait()
            if self.state != "running":
                break
            self.done += 1
            run = self.run
            event = Generation(self.done, run.evaluations, run.front, run.hypervolumes[-1])
            for callback in self._listeners["generation"]:
                callback(event)
            if self.done == self.config.generations:
                self.state = "finished"
                for callback in self._listeners["finish"]:
                    callback(run)

    @property
    def run(self) -> Run:
        if self.done not in self._runs:
            self._runs[self.done] = self._after(self.done)
        return self._runs[self.done]

    def _after(self, generations: int) -> Run:
        shown = self._script[: generations * self.config.population]
        groups = [[e for e in shown if e.generation == g] for g in range(1, generations + 1)]
        return Run(
            id="scripted",
            config=self.config,
            evaluations=shown,
            hypervolumes=hypervolumes(groups, self.config.goal),
            repeated=3,
        )

    @property
    def progress(self) -> Progress:
        run = self.run
        return Progress(
            state=self.state,
            generation=self.done,
            generations=self.config.generations,
            evaluated=len(run.evaluations),
            total=len(self._script),
            front_size=len(run.front),
            hypervolume=run.hypervolumes[-1] if run.hypervolumes else 0.0,
            elapsed=2.0 * self.done,
            remaining=2.0 * (self.config.generations - self.done),
            saved=3,
            failed=sum(e.status == "failed" for e in run.evaluations),
            utilisation=0.9,
        )
