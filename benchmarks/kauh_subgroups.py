"""How the fold models fare by sex, age, site, filter and diagnosis, as ``resp score`` gives their answers.

Usage, after ``kauh_train_folds.py``::

    python benchmarks/kauh_subgroups.py --root KAUH --runs runs/ast

Every recording is judged by the models that have not learned from its patient, one a seed. Writes
``kauh_subgroups.md`` and ``.json`` beside this file.
"""

import argparse
from pathlib import Path

from kauh_methods import FOLDS, load_runs, publish

from resp.datasets import DataSettings, open_dataset
from resp.evaluate import Predictions
from resp.evaluate.subgroups import subgroup_table, subgroups

HERE = Path(__file__).parent


def main() -> None:
    """Pool what the folds predicted, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--runs", type=Path, required=True, help="what kauh_train_folds.py left")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=HERE / "kauh_subgroups", help="of the files, without suffix")
    given = parser.parse_args()
    found = Predictions.pool(load_runs(given.runs, given.seeds, "predictions_scorer.csv"))
    items = open_dataset(DataSettings(dataset="kauh", root=given.root)).items
    table = subgroup_table(
        subgroups(found, items, resamples=given.resamples),
        command=f"python benchmarks/kauh_subgroups.py --root KAUH --runs runs/{given.runs.name} --seeds {given.seeds}",
        data=f"KAUH, {FOLDS} patient-disjoint folds: {len(set(found.items.tolist()))} recordings of "
        f"{len(set(found.patients.tolist()))} patients, each judged as by `resp score`, by the models that have not "
        "learned from it",
        seeds=tuple(range(given.seeds)),
    )
    publish(given.out, "kauh_subgroups", table)


if __name__ == "__main__":
    main()
