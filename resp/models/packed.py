"""Arrays of numbers as one line of JSON, where a list of every number would bury the rest of a file."""

from base64 import b64decode, b64encode
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

_TYPE = np.dtype("<f4")


class PackedArray(BaseModel):
    """An array of finite float32 numbers; equal ones compare equal, as plain values do.

    Parameters
    ----------
    shape
        Of the array.
    float32
        Its numbers in row-major order, little-endian, in base64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: tuple[Annotated[int, Field(ge=1)], ...]
    float32: str

    @model_validator(mode="after")
    def _holds_what_it_says(self) -> "PackedArray":
        try:
            size = len(b64decode(self.float32, validate=True))
        except ValueError as error:
            raise ValueError(f"float32 is no base64 ({error})") from error
        wanted = int(np.prod(self.shape)) * _TYPE.itemsize
        if size != wanted:
            raise ValueError(f"float32 holds {size} bytes; an array of shape {list(self.shape)} has {wanted}")
        if not np.isfinite(self.array()).all():
            raise ValueError("float32 holds numbers that are not finite")
        return self

    @classmethod
    def pack(cls, array: ArrayLike) -> "PackedArray":
        """Return an array's packed form; a `ValueError` (of pydantic) where it is empty or not finite."""
        numbers = np.ascontiguousarray(array, dtype=_TYPE)
        return cls(shape=numbers.shape, float32=b64encode(numbers.tobytes()).decode("ascii"))

    def array(self) -> NDArray[np.float64]:
        """Return the array, as float64 so that sums over it keep their digits."""
        return np.frombuffer(b64decode(self.float32), dtype=_TYPE).reshape(self.shape).astype(np.float64)
