"""The state of a run at a step: all that is needed to go on as if nothing had happened."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from resp.train.errors import TrainError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands; random numbers are computed from the place and need no state.

    Parameters
    ----------
    epoch, step
        The epoch in progress, from 1, and how many of its optimiser steps are done.
    learnt
        State dictionaries of all that learns, as the trainer gives them.
    history
        A row of metrics for each finished epoch.
    best
        Protocol → epoch chosen so far and its key.
    """

    epoch: int
    step: int
    learnt: dict[str, Any]
    history: list[dict[str, Any]]
    best: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the state; it replaces the old one in one move, so that there is always a whole one."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        writing = path.with_name(f".{path.name}.writing")
        with writing.open("wb") as file:
            torch.save({"format": FORMAT, **values}, file)
            file.flush()
            os.fsync(file.fileno())
        writing.replace(path)

    @classmethod
    def load(cls, path: Path) -> "RunState":
        """Read a state onto the CPU.

        Raises
        ------
        TrainError
            It cannot be read, or another version wrote it.
        """
        try:
            values = torch.load(path, map_location="cpu", weights_only=True)
            if values.pop("format") != FORMAT:
                raise ValueError("another format")
            return cls(**values)
        # Truncated and foreign files fail in many ways inside of the unpickler.
        except Exception as error:
            raise TrainError(
                f"{path}: not the state of a run of this version ({type(error).__name__}: {error}); "
                "delete the run folder and train anew"
            ) from error
