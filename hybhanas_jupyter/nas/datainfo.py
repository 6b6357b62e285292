"""What a run keeps of its data set: enough to build networks and to know the data again."""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.errors import DataError


@dataclass(frozen=True)
class DataInfo:
    """`samples` training images of `input_shape` (channels, height, width); `sha256` of all images and labels."""

    name: str
    samples: int
    input_shape: tuple[int, int, int]
    n_classes: int
    sha256: str

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """The summary of `data`."""
        digest = hashlib.sha256()
        for array in (data.x_train, data.y_train, data.x_validation, data.y_validation):
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(array.tobytes())
        return cls(data.name, data.samples, data.input_shape, data.n_classes, digest.hexdigest())

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From what JSON made of `dataclasses.asdict`."""
        return cls(**{**values, "input_shape": tuple(values["input_shape"])})

    def check(self, data: "DataInfo") -> None:
        """Raise `DataError` if `data` describes another data set."""
        if data != self:
            raise DataError(
                f"The run was made on other data ({self.name!r}, {self.samples} training images). Give the same: "
                "data=(X, y)."
            )
