"""What the store keeps of a finished run beside its results: trained weights, device and data."""

from typing import TYPE_CHECKING

from hybhanas_jupyter.errors import StoreError
from hybhanas_jupyter.nas.evaluation import Evaluation
from hybhanas_jupyter.nas.provenance import Provenance
from hybhanas_jupyter.nas.store import Store

if TYPE_CHECKING:
    from hybhanas_jupyter.models.hybrid import HybridNet
    from hybhanas_jupyter.nas.results import Run


def network(run: "Run", evaluation: Evaluation) -> "HybridNet":
    """The trained network of `evaluation`; raises `StoreError` if it was not trained or is not in the store."""
    import torch
    from safetensors.torch import load

    from hybhanas_jupyter.models.hybrid import HybridNet

    state = load(_weights(run, evaluation))
    assert run.data is not None
    architecture = evaluation.architecture
    net = HybridNet(run.data.input_shape, run.data.n_classes, architecture.convolutions, architecture.ansatz)
    angles = torch.zeros_like(net.quantum.weights)
    kept = state["quantum.weights"]
    angles[:, : kept.shape[1]] = kept  # what is missing are rotations that act on nothing: see trained_as
    net.load_state_dict({**state, "quantum.weights": angles})
    return net


def provenance(run: "Run") -> Provenance:
    """The data, device and profile with which the run was made."""
    store = Store(run.store)
    try:
        return Provenance.from_dict(store.provenance(run.id))
    finally:
        store.close()


def _weights(run: "Run", evaluation: Evaluation) -> bytes:
    if evaluation.status != "ok":
        raise StoreError(f"Candidate {evaluation.number} has no weights: it is {evaluation.status}.")
    number = evaluation.number if evaluation.shared_with is None else evaluation.shared_with
    store = Store(run.store)
    try:
        return store.weights(run.id, number)
    finally:
        store.close()
