"""What the recipe is worth on a device, and on a data set, that it has not learned from.

Usage::

    python benchmarks/kauh_left_out.py --root KAUH --icbhi ICBHI --weights mn04_as_mAP_432.pt --out runs/left-out

- Leave one device out: of each of KAUH's filters and each of five folds a model learns from the other two filters of
  the other folds' patients, and is tested on that filter of the fold's patients. Beside it stand the models of
  ``--runs`` (``kauh_train_folds.py``), which learned from all three filters, on the very same recordings.
- Leave one data set out: a model of all of KAUH judges the breath cycles of ICBHI that are at hand, a model of these
  judges KAUH.

A second call goes on where the first stopped. Writes ``kauh_left_out.md`` and ``.json`` beside this file; of another
recipe than the one that ships the files are named after it too (``kauh_left_out_mn04_linear.md``).
"""

import argparse
import shlex
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from kauh_methods import BY_WINDOWS, FOLDS, publish

from resp.evaluate import Predictions, evaluate_model
from resp.evaluate.resampled import resample_numbers
from resp.models.results import Interval, ResultTable

HERE = Path(__file__).parent
RECIPE = HERE.parent / "configs" / "kauh" / "ast_conv_heart.yaml"
FILTERS = ("bell", "diaphragm", "extended")
COLUMNS = ("Sp", "Se", "Score", "AUROC")


def run(recipe: Path, settings: list[str], folder: Path) -> Path:
    """Train on one thread, unless that is done, and return the run folder."""
    import torch

    from resp.train import load_recipe, train

    torch.set_num_threads(1)
    train(load_recipe(recipe, settings), folder, resume=True)
    return folder


def plan(given: argparse.Namespace) -> dict[str, list[str]]:
    """Return the settings of every run by its name."""
    common = [f"network.weights={given.weights}", f"seed={given.seed}", f"data.seed={given.seed}", *given.settings]
    kauh, icbhi = [f"data.root={given.root}"], ["data.dataset=icbhi", f"data.root={given.icbhi}"]
    runs = {
        f"without-{name}-fold{fold}": [
            *kauh,
            "data.split=leave_device_out",
            f"data.held_out={name}",
            f"data.fold={fold}",
            f"data.folds={FOLDS}",
        ]
        for name in FILTERS
        for fold in range(FOLDS)
    }
    runs |= {"all-kauh": [*kauh, "data.split=all"], "all-icbhi": [*icbhi, "data.split=all"]}
    # What is set by hand comes last, and wins.
    return {name: [*own, *common] for name, own in runs.items()}


def row(title: str, predictions: Predictions, resamples: int) -> tuple[Any, ...]:
    found = resample_numbers(predictions, resamples=resamples).intervals()
    counts = (len(set(predictions.patients.tolist())), len(set(predictions.items.tolist())))
    cells = [Interval(value=found[one].value, low=found[one].low, high=found[one].high) for one in COLUMNS]
    return (title, *counts, *cells)


def held_out_filters(given: argparse.Namespace) -> list[tuple[Any, ...]]:
    rows = []
    for name in FILTERS:
        folders = [given.out / f"without-{name}-fold{fold}" for fold in range(FOLDS)]
        tested = Predictions.pool([Predictions.load(one / "predictions_honest.csv") for one in folders])
        rows.append(row(f"KAUH's {name} filter, never learned from", tested, given.resamples))
        if given.runs is None:
            continue
        parts = sorted(given.runs.glob(f"*seed{given.seed}*/predictions_honest.csv"))
        if not parts:
            raise SystemExit(f"{given.runs}: no predictions_honest.csv of seed {given.seed} found")
        usual = Predictions.pool([Predictions.load(part) for part in parts])
        usual = usual.keep(np.isin(usual.items, tested.items))
        rows.append(row(f"the same recordings, {name} learned from too", usual, given.resamples))
    return rows


def held_out_data(given: argparse.Namespace) -> list[tuple[Any, ...]]:
    from resp.datasets import DataSettings

    rows = []
    for learned, tested, root, what in (
        ("kauh", "icbhi", given.icbhi, "ICBHI's cycles"),
        ("icbhi", "kauh", given.root, "KAUH's recordings"),
    ):
        data = DataSettings(dataset=tested, root=root)
        found = evaluate_model(given.out / f"all-{learned}", data, part="all", resamples=10).predictions
        rows.append(row(f"{what}, learned from {learned.upper()} alone", found, given.resamples))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--icbhi", type=Path, required=True, help="folder of ICBHI's recordings, or of some of them")
    parser.add_argument("--weights", type=Path, required=True, help="what the network starts from")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--runs", type=Path, help="runs of the same recipe in plain folds of the same seed")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--tables", type=Path, default=HERE, help="where the table goes")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="A.B=VALUE")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        jobs = [pool.submit(run, given.recipe, own, given.out / name) for name, own in plan(given).items()]
        for job in jobs:
            print(job.result(), flush=True)
    told = ["--root", "KAUH", "--icbhi", "ICBHI", "--weights", given.weights.name, "--out", f"runs/{given.out.name}"]
    told += ["--runs", f"runs/{given.runs.name}"] if given.runs else []
    told += ["--recipe", given.recipe.name] if given.recipe != RECIPE else []
    told += ["--seed", str(given.seed)] if given.seed else []
    told += [part for one in given.settings for part in ("--set", one)]
    table = ResultTable(
        title="One device, and one data set, left out",
        command=shlex.join(["python", "benchmarks/kauh_left_out.py", *told]),
        data=f"KAUH in {FOLDS} patient-disjoint folds, and the cycles of the ICBHI recordings that are at hand",
        seeds=(given.seed,),
        columns=("tested on", "patients", "items", *COLUMNS),
        rows=(*held_out_filters(given), *held_out_data(given)),
        notes=(
            "Intervals are 95 % intervals over patients. No patient is on both sides anywhere. Sp, Se and Score are of "
            "four classes, AUROC is of normal against abnormal.",
            "Of ICBHI only a few recordings are at hand: its rows rest on few patients, as learners and as tests.",
            "Every row is of networks that were trained for it, none of them the one that ships.",
            BY_WINDOWS,
        ),
    )
    name = "kauh_left_out" if given.recipe == RECIPE else f"kauh_left_out_{given.recipe.stem}"
    publish(given.tables / name, "left_out", table)


if __name__ == "__main__":
    main()
