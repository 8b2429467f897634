"""KAUH, patient-disjoint: what trained recipes reach, beside a plain baseline in the very same folds.

Usage::

    python benchmarks/kauh_train_folds.py --root KAUH --weights mn04_as_mAP_432.pt --recipe RECIPE --out runs/NAME
    python benchmarks/kauh_cross_validation.py --root KAUH --runs "linear, three speeds=runs/lin" …

Each ``--runs`` is a name and the folder that ``kauh_train_folds.py`` left. A recipe is measured by its windows, as
`resp.Scorer` gives it recording by recording, and with the three filters of a recording joined. The last one sums the
table up, on the card and wherever there is room for one row. Writes
``kauh_cross_validation.md`` and ``.json`` beside this file.
"""

import argparse
from pathlib import Path

import numpy as np
from kauh_methods import (
    FOLDS,
    SVM,
    as_table,
    filters_joined,
    fitted,
    load_runs,
    log_mel_statistics,
    measure,
    open_kauh,
    outer_splits,
    plain_machine,
    predictions,
    publish,
)

from resp.evaluate import Predictions

HERE = Path(__file__).parent
SCORER = "as resp score gives it"


def plain_baseline(root: Path, seeds: int) -> list[Predictions]:
    """Return what a support vector machine says of every outer test part."""
    dataset, samples = open_kauh(root)
    labels, features = np.array(dataset.labels), np.stack([log_mel_statistics(clip) for clip in samples])
    found = []
    for seed, fold, train, test in outer_splits(dataset, root, seeds):
        probabilities = fitted(plain_machine(), features[train], labels[train], features[test], len(dataset.classes))
        found.append(predictions(dataset, test, probabilities, f"svm-seed{seed}-fold{fold}"))
    return found


def main() -> None:
    """Measure all methods and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--runs", action="append", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "kauh_cross_validation", help="of the files, without suffix")
    given = parser.parse_args()
    methods = {SVM: plain_baseline(given.root, given.seeds)}
    runs = {name: Path(folder) for name, _, folder in (asked.rpartition("=") for asked in given.runs)}
    for name, folder in runs.items():
        scored = load_runs(folder, given.seeds, "predictions_scorer.csv")
        methods[f"{name}, windows"] = load_runs(folder, given.seeds, "predictions_honest.csv")
        methods[f"{name}, {SCORER}"] = scored
        methods[f"{name}, {SCORER}, three filters joined"] = filters_joined(scored)
    # Where the runs lie on this machine is nobody else's business.
    shown = [f'--runs "{name}=runs/{folder.name}"' for name, folder in runs.items()]
    patients = {str(patient) for part in methods[SVM] for patient in part.patients}
    items = {str(item) for part in methods[SVM] for item in part.items}
    table = as_table(
        measure(methods, SVM),
        title=f"KAUH, {FOLDS} patient-disjoint folds × {given.seeds} seed{'s' if given.seeds > 1 else ''}",
        command=" ".join([f"python benchmarks/kauh_cross_validation.py --root KAUH --seeds {given.seeds}", *shown]),
        data=f"KAUH, {len(items)} recordings of {len(patients)} patients; classes normal, crackle, wheeze, both",
        seeds=given.seeds,
        headline=f"{list(runs)[-1]}, {SCORER}",
        notes=[
            "mean over seeds (95 % interval; a patient is resampled with all its recordings, filters and seeds)",
            "the number of epochs is fixed; what was chosen with test parts in sight stands in benchmarks/README.md",
        ],
    )
    publish(given.out, "kauh_folds", table)


if __name__ == "__main__":
    main()
