"""Whether training waits for its input: the share of a step spent waiting for a batch, made ahead and not.

Usage: ``python benchmarks/input_pipeline.py RECIPE [--set a.b=value …] [--steps 50] [--epochs 4] [--ahead 4]
[--out FILE]``. The recipe is trained in short epochs of so many steps at most, alternately with batches that are
made when a step begins and with batches made ahead (``training.ahead``): none, ahead, ahead, none. The first epoch
of each run, in which libraries warm up, is left out. Both ways learn the same. On CUDA a step that is queued is
over for the processor before the device is done, so what is waited for need not be lost.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from tables import machine

from resp.datasets.batches import batch_count
from resp.train import Recipe, load_recipe, train
from resp.train.data import open_parts


class Epoch(NamedTuple):
    """What an epoch took."""

    step_ms: float
    waiting_share: float


def shortened(path: str, settings: Sequence[str], steps: int, epochs: int) -> Recipe:
    """Return a recipe with epochs of at most so many steps, measured as briefly as may be."""
    training = load_recipe(path, settings).training
    items = -(-steps * training.batch_size * training.accumulate // training.repeats)
    changes = (f"max_items={items}", f"training.epochs={epochs}", "evaluation.resamples=1")
    return load_recipe(path, [*settings, *changes])


def steps_of(recipe: Recipe) -> int:
    training = recipe.training
    clips = len(open_parts(recipe).split.train) * training.repeats
    batches = batch_count(clips, training.batch_size, drop_last=training.drop_last)
    return batch_count(batches, training.accumulate)


def measure(recipe: Recipe, ahead: int, steps: int) -> list[Epoch]:
    """Train with so many batches ahead; all epochs but the first."""
    training = recipe.training.model_copy(update={"ahead": ahead})
    with TemporaryDirectory() as folder:
        run = train(recipe.model_copy(update={"training": training}), Path(folder) / "run", progress=True)
        rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Epoch(1000 * row["train_seconds"] / steps, row["waiting_share"]) for row in rows[1:]]


def line(name: str, epochs: list[Epoch]) -> str:
    step_ms, share = zip(*epochs, strict=True)
    return (
        f"| {name} | {median(step_ms):.2f} ({min(step_ms):.2f} to {max(step_ms):.2f}) "
        f"| {median(share):.2%} ({min(share):.2%} to {max(share):.2%}) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="a.b=value")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--ahead", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    if arguments.epochs < 2 or arguments.ahead < 1:
        parser.error("expected at least 2 epochs (the first one is left out) and 1 batch ahead")
    recipe = shortened(arguments.recipe, arguments.settings, arguments.steps, arguments.epochs)
    steps = steps_of(recipe)
    measured: dict[int, list[Epoch]] = {0: [], arguments.ahead: []}
    for ahead in (0, arguments.ahead, arguments.ahead, 0):
        measured[ahead] += measure(recipe, ahead, steps)
    cuda = torch.cuda.is_available() and recipe.training.device != "cpu"
    # Where the data lie is this machine's own affair.
    settings = [setting for setting in arguments.settings if not setting.startswith("data.root=")]
    command = " ".join([arguments.recipe, *(f"--set {setting}" for setting in settings)])
    lines = [
        "# Whether training waits for its input",
        "",
        f"Written by `python benchmarks/input_pipeline.py {command}`: {recipe.network.name} on {recipe.data.dataset},",
        f"batches of {recipe.training.batch_size} clips of {recipe.clip.window_s:g} s, {steps} steps an epoch;",
        f"{machine('cuda' if cuda else 'cpu')}. Median over {len(measured[0])} epochs (least to most).",
        "",
        "| batches | ms a step | share of it spent waiting for a batch |",
        "|---|---|---|",
        line("made when a step begins", measured[0]),
        line(f"made {arguments.ahead} ahead", measured[arguments.ahead]),
    ]
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
