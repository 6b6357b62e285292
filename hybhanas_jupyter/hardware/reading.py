"""From a Qiskit backend to its calibration."""

from typing import Any

from hybhanas_jupyter.hardware.calibration import Calibration


def read_backend(backend: Any) -> Calibration:
    """The calibration of a `BackendV2`. Raises `DeviceError` if it has none."""
    properties = backend.properties() if hasattr(backend, "properties") else None
    return Calibration.from_target(
        backend.target,
        backend.name or type(backend).__name__,
        processor=processor_text(getattr(backend, "processor_type", None)),
        date=properties.last_update_date if properties else None,
        dt=backend.target.dt,
        rep_delay=getattr(backend, "default_rep_delay", None),
    )


def processor_text(facts: dict[str, Any] | None) -> str:
    """Family and revision, such as "Eagle 3"; empty where the provider names none."""
    return " ".join(str(facts[key]) for key in ("family", "revision") if facts.get(key)) if facts else ""
