"""Runs that belong together: folds and seeds of a recipe, or the rows of a plan."""

import json
import os
from pathlib import Path
from typing import Any

from resp.datasets import WaveformCache
from resp.evaluate import Predictions
from resp.train.errors import TrainError
from resp.train.folder import DATA
from resp.train.recipe import Recipe
from resp.train.run import RunResult, train
from resp.train.stopping import RunInterruptedError


def is_main_process() -> bool:
    """Return whether this is the process that writes: the first that torchrun started, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def run_member(recipe: Recipe, folder: Path, cache: WaveformCache | None, *, progress: bool) -> RunResult:
    """Begin a run of a series, take it up, or give its results again.

    Raises
    ------
    RunInterruptedError
        A signal stopped it; the message says that the same command goes on.
    RespError
        What `resp.train.train` raises.
    """
    try:
        return train(recipe, folder, resume=True, cache=cache, progress=progress)
    except RunInterruptedError as stopped:
        # It speaks of an option that commands with several runs neither have nor need.
        where = str(stopped).partition(";")[0]
        raise RunInterruptedError(f"{folder}: {where}; give the same command again to go on from there") from stopped


def run_fingerprint(folder: Path) -> str:
    """Return the fingerprint of the data that the run in a folder began with."""
    described: dict[str, Any] = json.loads((folder / DATA).read_text(encoding="utf-8"))
    return str(described["fingerprint"]["sha256"])


def check_same_fingerprints(fingerprints: dict[str, str]) -> None:
    """Refuse runs that began with other data than each other.

    Parameters
    ----------
    fingerprints
        Name of the run → that of its data, in the order of the runs.

    Raises
    ------
    TrainError
        They did.
    """
    if len(set(fingerprints.values())) > 1:
        first, *_, last = fingerprints
        raise TrainError(
            f"{last}: began with other data than {first} (their fingerprints differ); train anew in another folder"
        )


def run_predictions(result: RunResult, protocol: str) -> Predictions:
    """Return what a run's weights, chosen by a protocol, predicted of its test part."""
    return Predictions.load(result.folder / f"predictions_{protocol}.csv")
