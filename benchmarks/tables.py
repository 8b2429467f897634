"""What several scripts here share: the machine in words, numbers with their errors, cross-validations."""

import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from resp.evaluate.cells import percent
from resp.train.environment import processor

__all__ = [
    "NOT_RUN",
    "CrossValidation",
    "clips_per_second",
    "cross_validation",
    "machine",
    "mean_and_error",
    "percent",
    "processor",
]

NOT_RUN = "not run"


def machine(device: str = "cpu") -> str:
    """Return what this process runs on, such as ``AMD EPYC 7763, 2 cores, 1 thread; Python 3.11.7, torch 2.9.0``.

    Parameters
    ----------
    device
        Where it computes; of a CUDA device the name stands in front.
    """
    threads = torch.get_num_threads()
    on = f"{torch.cuda.get_device_name(device)}; " if device.startswith("cuda") else ""
    return (
        f"{on}{processor()}, {os.cpu_count()} cores, {threads} thread{'s' if threads > 1 else ''}; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def mean_and_error(values: Iterable[float], *, sign: bool = False) -> str:
    """Return mean ± standard error in percent; a dash for what is not defined.

    Parameters
    ----------
    values
        Independent shares, such as one a fold.
    sign
        Write a plus in front of a mean that is not negative: for differences.
    """
    given = np.array(list(values), dtype=float)
    mean = float(given.mean()) if given.size else math.nan
    error = float(given.std(ddof=1)) / math.sqrt(given.size) if given.size > 1 else math.nan
    plus = "+" if sign and mean >= 0 else ""
    return f"{plus}{percent(mean)} ± {percent(error)}"


def clips_per_second(turns: dict[str, Callable[[], Any]], repeats: int, batch: int) -> dict[str, float]:
    """Return clips per second of each, the median over turns that alternate; what fails is left out."""
    seconds: dict[str, list[float]] = {library: [] for library in turns}
    for repeat in range(repeats + 1):
        for library, turn in list(turns.items()):
            start = time.perf_counter()
            try:
                turn()
            except Exception as problem:  # a library that does not fit the versions here
                print(f"{library}: {type(problem).__name__}: {problem}")
                del turns[library], seconds[library]
                continue
            if repeat:
                seconds[library].append(time.perf_counter() - start)
    return {library: batch / statistics.median(times) for library, times in seconds.items()}


class CrossValidation(NamedTuple):
    """What `resp.train.cross_validate` left in a folder, by the honest protocol.

    Parameters
    ----------
    by_fold
        Fold → accuracy, the mean over seeds.
    low, high
        95 % interval of the pooled accuracy, over sources.
    of_folds
        How many folds the data have.
    seeds
        Of the runs.
    minutes
        That training took, all runs together.
    machines
        What the runs were on, each kind once.
    """

    by_fold: dict[int, float]
    low: float
    high: float
    of_folds: int
    seeds: tuple[int, ...]
    minutes: float
    machines: tuple[str, ...]


def cross_validation(folder: Path) -> CrossValidation | None:
    """Return what a cross-validation of clips of one class gave; None where none was finished."""
    if not (folder / "summary.json").is_file():
        return None
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    honest = summary["protocols"]["honest"]
    of_fold: dict[int, list[float]] = {}
    for run in honest["runs"]:
        of_fold.setdefault(run["fold"], []).append(run["accuracy"])
    seconds, machines = 0.0, []
    for run in honest["runs"]:
        member = folder / f"fold{run['fold']}-seed{run['seed']}"
        epochs = (member / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        seconds += sum(json.loads(epoch)["train_seconds"] for epoch in epochs)
        machines.append(_trained_on(json.loads((member / "environment.json").read_text(encoding="utf-8"))))
    interval = {name: math.nan if value is None else value for name, value in honest["pooled"]["accuracy"].items()}
    return CrossValidation(
        by_fold={fold: float(np.mean(accuracies)) for fold, accuracies in sorted(of_fold.items())},
        low=interval["low"],
        high=interval["high"],
        of_folds=summary["of_folds"],
        seeds=tuple(summary["seeds"]),
        minutes=seconds / 60,
        machines=tuple(dict.fromkeys(machines)),
    )


def _trained_on(environment: dict[str, Any]) -> str:
    """Return device, processor and threads of a run; earlier runs do not name the processor."""
    threads = f"{environment['threads']} of {environment['cpu_count']} cores"
    on = f"{environment.get('processor', environment['platform'])}, {threads}"
    return on if environment["device"] == "cpu" else f"{environment['device']} ({on})"
