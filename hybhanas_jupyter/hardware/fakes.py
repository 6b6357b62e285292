"""Qiskit's fake backends: snapshots of real devices that need no account."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit.providers import BackendV2


@cache
def fake_classes() -> dict[str, Any]:
    """Their classes by name, not instances: making all of them takes a second, and some warn when made."""
    from qiskit_ibm_runtime import fake_provider
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    classes = [c for c in vars(fake_provider).values() if isinstance(c, type) and issubclass(c, FakeBackendV2)]
    return {vars(c)["backend_name"]: c for c in classes}


def fake_backend(name: str) -> "BackendV2":
    """The fake backend of this name."""
    return fake_classes()[name]()


def snapshot_files(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and properties as saved: reading them takes 5 ms, building the backend's target ten times that."""
    cls = fake_classes()[name]
    folder = Path(cls.dirname)
    configuration, properties = ((folder / file).read_text("utf-8") for file in (cls.conf_filename, cls.props_filename))
    return json.loads(configuration), json.loads(properties)
