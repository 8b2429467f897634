"""How a model came about: what its training run left, kept in the model's ``config.json``."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Provenance(BaseModel):
    """What a training run says of itself, as plain values; empty where it is not known.

    Parameters
    ----------
    weights
        How these weights were chosen among those of the run, in words.
    recipe
        The resolved recipe, every default spelled out; of paths only the last part.
    data
        Data set, classes, fingerprint, census, and items, patients and classes of every part.
    environment
        Versions, processor or GPU, precision and processes.
    epochs
        How many were trained.
    train_seconds
        How long that took, measuring left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str = ""
    recipe: dict[str, Any] = {}
    data: dict[str, Any] = {}
    environment: dict[str, Any] = {}
    epochs: Annotated[int, Field(ge=0)] = 0
    train_seconds: Annotated[float, Field(ge=0)] | None = None
