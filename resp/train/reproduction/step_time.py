"""How long a plan takes: a few steps of each method, measured on the device that is here."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import torch

from resp.datasets import WaveformCache
from resp.train.data import open_parts, open_training_data
from resp.train.environment import create_accelerator, describe_environment
from resp.train.errors import TrainError
from resp.train.loop import Trainer
from resp.train.predicting import predict_part
from resp.train.recipe import Recipe
from resp.train.reproduction.plan import Changes, Plan, PlanRow
from resp.train.seeds import Purpose, derived_seed, own_randomness
from resp.train.starting import build_network, build_objective


@dataclass(frozen=True, slots=True)
class StepTime:
    """What was measured of a method: seconds of a step of so many clips (median), and of predicting a clip."""

    method: str
    step_s: float
    clips: int
    predicted_clip_s: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long the runs of a plan take on the whole data set, on the device where their steps were measured.

    Parameters
    ----------
    device
        What the steps ran on, with precision and threads.
    steps
        How many were measured of each method, behind a first one that is not counted.
    times
        One a method.
    run_s
        Name of a row → seconds of one of its runs.
    seeds
        Runs of a row.
    """

    device: str
    steps: int
    times: tuple[StepTime, ...]
    run_s: dict[str, float]
    seeds: int

    @property
    def total_s(self) -> float:
        """Seconds of all runs, one after another."""
        return self.seeds * sum(self.run_s.values())

    def text(self) -> str:
        """Return what was measured and what follows from it."""
        lines = [f"measured on {self.device}, {self.steps} steps of each method:"]
        lines += [
            f"  {one.method}: {one.step_s:.3g} s a step of {one.clips} clips, "
            f"{one.predicted_clip_s:.3g} s to predict a clip"
            for one in self.times
        ]
        runs = self.seeds * len(self.run_s)
        longest = max(self.run_s.values())
        return "\n".join(
            [
                *lines,
                f"the whole data set on this device: {runs} runs of up to {_duration(longest)} each, "
                f"{_duration(self.total_s)} in all; decoding and the loading of weights not counted",
            ]
        )


def estimate_time(
    plan: Plan,
    rows: Sequence[PlanRow],
    changes: Changes,
    *,
    seeds: int,
    steps: int,
    cache: WaveformCache | None = None,
    told: Callable[[str], None] | None = None,
) -> Estimate:
    """Measure a few steps of each method and say how long all runs would take here.

    Nothing is scaled to another device: who wants to know of a GPU measures on it.

    Parameters
    ----------
    plan, rows
        Which runs.
    changes
        Where the data are, and what is changed of the recipes. Random weights are measured; their time is the same.
    seeds
        Runs of a row.
    steps
        How many are measured; one more goes before them.
    cache
        Where decoded waveforms are kept.
    told
        Is given a line before each method, as steps of large batches take minutes on a CPU.

    Raises
    ------
    RespError
        Data or settings with which nothing can be trained.
    """
    if steps < 1:
        raise TrainError(f"{steps} steps; expected at least one to measure")
    measured: dict[str, StepTime] = {}
    run_s: dict[str, float] = {}
    device = ""
    for row in rows:
        recipe = changes.recipe(row)
        if row.method not in measured:
            if told:
                batch = recipe.training.batch_size * recipe.training.accumulate
                told(f"measuring {steps + 1} steps of {row.method}, {batch} clips each …")
            measured[row.method], device = _measure(row.method, recipe, steps, cache or WaveformCache())
        run_s[row.name] = _run_seconds(plan, recipe, measured[row.method])
    return Estimate(device, steps, tuple(measured.values()), run_s, seeds)


def _measure(method: str, recipe: Recipe, steps: int, cache: WaveformCache) -> tuple[StepTime, str]:
    training = recipe.training
    clips = training.batch_size * training.accumulate
    few = recipe.model_copy(
        update={
            "max_items": training.batch_size,
            # However few items there are, they make enough batches.
            "training": training.model_copy(update={"repeats": (steps + 1) * clips, "balanced": False}),
            "network": recipe.network.model_copy(update={"weights": None}),
        }
    )
    accelerator = create_accelerator(few.training)
    with own_randomness(accelerator.device):
        torch.manual_seed(derived_seed(few.seed, Purpose.WEIGHTS))
        parts = open_parts(few)
        network = build_network(few, parts.dataset.classes)
        data = open_training_data(parts, few, cache, network.rate_hz)
        trainer = Trainer(few, data, build_objective(few, parts, network), accelerator)
        ends: list[float] = []

        def after_step(done: int) -> None:
            if accelerator.device.type == "cuda":
                torch.cuda.synchronize(accelerator.device)
            ends.append(time.perf_counter())
            if done > steps:
                raise _EnoughError

        with suppress(_EnoughError):
            trainer.run_epoch(1, 0, after_step)
        step_s = statistics.median(after - before for before, after in pairwise(ends))
        items = (parts.split.test or parts.split.train)[: recipe.evaluation.batch_size]
        for _ in range(2):  # the first makes the device ready
            began = time.perf_counter()
            predict_part(trainer.network, data, items, few.clip, accelerator, batch_size=recipe.evaluation.batch_size)
            predicted_s = time.perf_counter() - began
    environment = describe_environment(accelerator, few.seed)
    precision = "float32" if environment["precision"] == "no" else environment["precision"]
    device = environment["device"]
    if device == "cpu":
        device = f"the CPU ({environment['processor']}, {environment['threads']} thread(s))"
    return StepTime(method, step_s, clips, predicted_s / len(items)), f"{device}, {precision}"


def _run_seconds(plan: Plan, recipe: Recipe, measured: StepTime) -> float:
    most = recipe.max_items or math.inf
    share = recipe.data.validation_share
    train = min(plan.train_items * (1 - share), most) * recipe.training.repeats
    test = min(plan.test_items, most)
    each_epoch = test if "literature" in recipe.evaluation.protocols else min(plan.train_items * share, most)
    steps = train / measured.clips
    predicted = each_epoch * recipe.training.epochs + test * len(recipe.evaluation.protocols)
    return recipe.training.epochs * steps * measured.step_s + predicted * measured.predicted_clip_s


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


class _EnoughError(Exception):
    """Enough steps were measured."""
