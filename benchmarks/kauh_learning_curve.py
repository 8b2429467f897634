"""KAUH: what more patients would bring, in its own folds and on another data set.

Usage::

    python benchmarks/kauh_learning_curve.py --root KAUH --icbhi ICBHI --weights mn04_as_mAP_432.pt

The candidate that ``kauh_search.py`` chose most often learns from some of the training patients of every outer fold,
drawn several times, and is judged by the fold's test part and by ICBHI's annotated cycles, which choose nothing. Writes
``kauh_learning_curve.md`` and ``.json`` beside this file.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from kauh_methods import open_icbhi, open_kauh, outer_splits, publish
from kauh_search import COPIES, Candidate, columns, hear, predict
from sklearn.exceptions import ConvergenceWarning

from resp.evaluate import icbhi_score
from resp.evaluate.ranking import auroc
from resp.models.results import ResultTable

HERE = Path(__file__).parent
CANDIDATE = Candidate((1, 2, 4), "block_15", augmented=True, strength=1e-3)
PATIENTS = (15, 30, 45, 60, 73)
DRAWS = 3
# Of fewer classes no four can be told apart.
FEWEST_CLASSES = 3


def main() -> None:
    """Learn from more and more patients, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--icbhi", type=Path, required=True, help="folder of ICBHI, whole or in part")
    parser.add_argument("--weights", type=Path, required=True, help="the published mn04_as checkpoint")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "kauh_learning_curve", help="of the files, without suffix")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)

    dataset, samples = open_kauh(given.root)
    labels, patients = np.array(dataset.labels), np.array(dataset.patients)
    heard = hear(samples, given.weights, COPIES)
    cycles, sounds = open_icbhi(given.icbhi)
    there = columns(hear(sounds, given.weights, 0).clean, CANDIDATE)
    here, abnormal = columns(heard.clean, CANDIDATE), np.array(cycles.labels) > 0

    rows = []
    for count in PATIENTS:
        found = []
        for seed, fold, train, test in outer_splits(dataset, given.root, given.seeds):
            keys = np.unique(patients[train])
            for draw in range(DRAWS):
                rng = np.random.default_rng((seed, fold, draw, count))
                kept = set(rng.permutation(keys)[:count])
                part = [index for index in train if patients[index] in kept]
                if len(set(labels[part])) < FEWEST_CLASSES:
                    continue
                asked = np.concatenate([here[test], there])
                probabilities = predict(heard, labels, part, asked, CANDIDATE)
                own, other = probabilities[: len(test)], probabilities[len(test) :]
                found.append(
                    (
                        icbhi_score(labels[test], own.argmax(1)).score,
                        float(auroc(labels[test] > 0, 1 - own[:, 0])),
                        float(auroc(abnormal, 1 - other[:, 0])),
                    )
                )
        mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
        rows.append((count, *(f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True)), len(found)))
    table = ResultTable(
        title="Score and AUROC against the number of training patients",
        command=f"python benchmarks/kauh_learning_curve.py --root KAUH --icbhi ICBHI --weights {given.weights.name}",
        data=f"{CANDIDATE}; outer folds of kauh_search, {DRAWS} draws of patients each; ICBHI, {len(cycles)} cycles of "
        f"{len(set(cycles.patients))} patients",
        seeds=tuple(range(given.seeds)),
        columns=("training patients", "Score", "AUROC", "AUROC on ICBHI", "fits"),
        rows=tuple(rows),
        notes=(
            "Mean ± standard error over fits, which share patients. All fits of a row are asked of the same few "
            "patients of ICBHI: of that column the course can be read, hardly the height.",
        ),
    )
    publish(given.out, "kauh_learning_curve", table)


if __name__ == "__main__":
    main()
