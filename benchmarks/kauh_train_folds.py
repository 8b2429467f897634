"""Train a recipe on every patient-disjoint fold of KAUH and let each model score its own test patients.

Usage::

    python benchmarks/kauh_train_folds.py --root KAUH --weights mn04_as_mAP_432.pt --out runs/kauh-folds

Seed s shuffles the folds and starts the training. Every fold leaves a run folder, from which a second call goes
on, with two predictions of its test part: ``predictions_honest.csv`` by overlapping windows, and
``predictions_scorer.csv`` by `resp.Scorer`, recording for recording, as a user gets them.
``benchmarks/kauh_cross_validation.py`` makes the table of them.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from kauh_methods import FOLDS

SEEDS = 3
RECIPE = Path(__file__).parents[1] / "configs" / "kauh" / "ast_conv_heart.yaml"


def run_fold(recipe: Path, root: Path, weights: Path, out: Path, seed: int, fold: int, settings: list[str]) -> Path:
    """Train one fold on one thread, score its test part, and return its run folder."""
    import torch

    from resp.train import load_recipe, train

    torch.set_num_threads(1)
    folder = out / f"seed{seed}-fold{fold}"
    own = [f"seed={seed}", f"data.seed={seed}", f"data.fold={fold}", f"data.folds={FOLDS}"]
    places = [f"data.root={root}", f"network.weights={weights}"]
    result = train(load_recipe(recipe, [*own, *places, *settings]), folder, resume=True)
    table = folder / "predictions_scorer.csv"
    if not table.is_file():
        score_test_part(result.model, folder / "predictions_honest.csv", root, table)
    return folder


def score_test_part(model: Path, items: Path, root: Path, out: Path) -> None:
    """Score the recordings of a table of predictions from their files, and write the same table.

    They are uncalibrated where the recipe keeps no validation part, as those over the pretrained trunk do.
    """
    from dataclasses import replace

    import numpy as np

    from resp import Scorer
    from resp.datasets import DataSettings, open_dataset
    from resp.evaluate import Predictions

    given = Predictions.load(items)
    paths = {item.name: item.path for item in open_dataset(DataSettings(dataset="kauh", root=root)).items}
    scorer = Scorer.load(model)
    logits = []
    for name in given.items:
        report = scorer.score_file(paths[str(name)])
        if report.summary is None:
            raise RuntimeError(f"{name}: {report.reason}")
        logits.append([report.summary.probabilities[label] for label in given.classes])
    replace(given, logits=np.log(np.maximum(logits, 1e-12))).save(out)


def main() -> None:
    """Train all folds of all seeds, some at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--weights", type=Path, required=True, help="what the network starts from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="A.B=VALUE")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        jobs = [
            pool.submit(run_fold, given.recipe, given.root, given.weights, given.out, seed, fold, given.settings)
            for seed in range(given.seeds)
            for fold in range(FOLDS)
        ]
        for job in jobs:
            print(job.result(), flush=True)


if __name__ == "__main__":
    main()
