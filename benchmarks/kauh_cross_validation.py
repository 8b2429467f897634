"""KAUH, patient-disjoint: what the shipped recipe reaches, beside plain baselines in the very same folds.

Usage::

    python benchmarks/kauh_train_folds.py --root KAUH --weights mn04_as_mAP_432.pt --out runs/kauh-folds
    python benchmarks/kauh_cross_validation.py --root KAUH --weights mn04_as_mAP_432.pt --runs runs/kauh-folds

Writes ``kauh_cross_validation.md`` and ``.json`` beside this file. Every number is the mean over seeds; a patient is
resampled with all its recordings, filters and seeds (2000 times, 95 % percentile interval).
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from resp.datasets import DataSettings, WaveformCache, open_dataset, split_dataset
from resp.evaluate import Predictions, icbhi_score, patient_bootstrap, two_class_score
from resp.evaluate.ranking import auroc

HERE = Path(__file__).parent
FOLDS = 5
RATE_HZ = 4000
FLOOR = 1e-12
MEASURES: dict[str, Callable[[Any], float]] = {
    "Sp": lambda rows: icbhi_score(rows[0], rows[1]).sp,
    "Se": lambda rows: icbhi_score(rows[0], rows[1]).se,
    "Score": lambda rows: icbhi_score(rows[0], rows[1]).score,
    "2-class Score": lambda rows: two_class_score(rows[0], rows[1]).score,
    "AUROC": lambda rows: float(auroc(rows[0] > 0, rows[2])),
}


def log_mel_statistics(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean and deviation over time of every log-mel band, and of its change from frame to frame."""
    from resp.features import FilterBankSettings, log_mel

    settings = FilterBankSettings(rate_hz=RATE_HZ, bins=40, frame_length_ms=32, frame_shift_ms=10, low_hz=50)
    bands = log_mel(samples.copy(), RATE_HZ, settings=settings).double().numpy()
    return np.concatenate([bands.mean(0), bands.std(0), np.diff(bands, axis=0).std(0)])


def frozen_embeddings(weights: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """Return what AudioSet knows of a recording: the feature of mn04, untouched."""
    import torch

    from resp.models import create
    from resp.models.mobilenet import load_mn04_weights

    network = create("mn04", classes=527, rate_hz=RATE_HZ).eval()
    load_mn04_weights(network, weights)

    def embed(samples: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.inference_mode():
            return network.run(torch.from_numpy(samples.copy())[None], stop="feature")[0].double().numpy()

    return embed


def baseline(
    features: NDArray[np.float64], root: Path, seeds: int, make: Callable[[], Any], name: str
) -> list[Predictions]:
    """Fit a plain classifier on every training part, and predict every test part."""
    found = []
    for seed in range(seeds):
        for fold in range(FOLDS):
            settings = DataSettings(dataset="kauh", root=root, fold=fold, folds=FOLDS, seed=seed, validation_share=0)
            dataset = open_dataset(settings)
            split = split_dataset(dataset, settings)
            train, test = list(split.train), list(split.test)
            model = make().fit(features[train], np.array(dataset.labels)[train])
            probabilities = np.full((len(test), len(dataset.classes)), FLOOR)
            probabilities[:, model.classes_] = np.maximum(model.predict_proba(features[test]), FLOOR)
            items = [dataset.items[index] for index in test]
            found.append(
                Predictions(
                    classes=dataset.classes,
                    items=np.array([item.name for item in items]),
                    patients=np.array([item.patient for item in items]),
                    devices=np.array([item.device for item in items]),
                    sites=np.array([item.site for item in items]),
                    truth=np.array(dataset.labels)[test],
                    logits=np.log(probabilities),
                    runs=np.full(len(items), f"{name}-seed{seed}"),
                )
            )
    return found


def by_seed(tables: list[Predictions]) -> dict[tuple[str, str], tuple[int, float, float, str]]:
    """Index predictions by item and seed: truth, prediction, probability of abnormal, patient."""
    rows = {}
    for table in tables:
        abnormal = 1 - table.probabilities[:, 0]
        for place, item in enumerate(table.items):
            key = (str(item), str(table.runs[place]).rsplit("seed", 1)[-1])  # type: ignore[index]
            rows[key] = (
                int(table.truth[place]),
                int(table.prediction[place]),
                float(abnormal[place]),
                str(table.patients[place]),
            )
    return rows


def measure(tables: dict[str, list[Predictions]], against: str) -> dict[str, Any]:
    """Return every measure of every method with its interval, and the paired difference of Scores."""
    indexed = {name: by_seed(parts) for name, parts in tables.items()}
    keys = sorted(next(iter(indexed.values())))
    if any(sorted(rows) != keys for rows in indexed.values()):
        raise RuntimeError("methods were not measured on the same recordings and seeds; train the folds anew")
    seeds = sorted({seed for _, seed in keys})
    seed_of = np.array([seeds.index(seed) for _, seed in keys])
    columns = {
        name: tuple(np.array([rows[key][place] for key in keys]) for place in range(3))
        for name, rows in indexed.items()
    }
    patients = np.array([indexed[against][key][3] for key in keys])

    def over_seeds(measure_one: Callable[[Any], float], seed: NDArray[Any], *rows: NDArray[Any]) -> float:
        return float(np.mean([measure_one([row[seed == s] for row in rows]) for s in range(len(seeds))]))

    result: dict[str, Any] = {}
    for name, rows in columns.items():
        result[name] = {
            label: patient_bootstrap(
                lambda *given, one=one: over_seeds(one, *given), patients, seed_of, *rows
            )._asdict()
            for label, one in MEASURES.items()
        }
        score = MEASURES["Score"]
        result[name][f"Score above {against}"] = patient_bootstrap(
            lambda seed, *both, one=score: over_seeds(one, seed, *both[:3]) - over_seeds(one, seed, *both[3:]),
            patients,
            seed_of,
            *rows,
            *columns[against],
        )._asdict()
    return result


def table(result: dict[str, Any]) -> str:
    """Return the results as a Markdown table."""
    labels = list(next(iter(result.values())))
    lines = ["| method | " + " | ".join(labels) + " |", "|---" * (len(labels) + 1) + "|"]
    for name, row in result.items():
        cells = [f"{row[label]['value']:.2f} ({row[label]['low']:.2f} to {row[label]['high']:.2f})" for label in labels]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure all methods and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--weights", type=Path, required=True, help="the published mn04_as checkpoint")
    parser.add_argument("--runs", type=Path, required=True, help="what kauh_train_folds.py left")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()

    dataset = open_dataset(DataSettings(dataset="kauh", root=given.root))
    waveforms = WaveformCache().open(dataset, RATE_HZ, 0, "peak")
    samples = [waveforms.clip(index) for index in range(len(dataset))]
    folders = [given.runs / f"seed{seed}-fold{fold}" for seed in range(given.seeds) for fold in range(FOLDS)]
    plain = np.stack([log_mel_statistics(clip) for clip in samples])
    embed = frozen_embeddings(given.weights)
    embedded = np.stack([embed(clip) for clip in samples])
    svm = "log-mel SVM"
    tables = {
        svm: baseline(
            plain,
            given.root,
            given.seeds,
            lambda: make_pipeline(
                StandardScaler(), SVC(C=10, class_weight="balanced", probability=True, random_state=0)
            ),
            "svm",
        ),
        "frozen mn04 + logistic regression": baseline(
            embedded,
            given.root,
            given.seeds,
            lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000)),
            "frozen",
        ),
        "compact AST, Patch-Mix CL, windows": [
            Predictions.load(folder / "predictions_honest.csv") for folder in folders
        ],
        "the same through resp.Scorer": [Predictions.load(folder / "predictions_scorer.csv") for folder in folders],
    }
    result = measure(tables, svm)
    head = (
        f"# KAUH, {FOLDS} patient-disjoint folds × {given.seeds} seeds\n\n"
        f"Written by `python benchmarks/kauh_cross_validation.py` (see its head for both commands). {len(dataset)} "
        f"recordings of {len(set(dataset.patients))} patients, classes {', '.join(dataset.classes)}; mean over seeds "
        "(95 % interval, patients resampled). The epoch is fixed; what was\n"
        "chosen with test parts in sight stands in README.md beside this file.\n\n"
    )
    (HERE / "kauh_cross_validation.md").write_text(head + table(result) + "\n", encoding="utf-8")
    (HERE / "kauh_cross_validation.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
