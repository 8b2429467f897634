"""What the KAUH scripts here share: the folds, plain methods over fixed features, and measures over seeds."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from resp.datasets import DataSet, DataSettings, WaveformCache, open_dataset, split_dataset
from resp.evaluate import Predictions, icbhi_score, patient_bootstrap, two_class_score
from resp.evaluate.ranking import auroc
from resp.models.results import ResultTable, write_tables

FOLDS = 5
RATE_HZ = 4000
FLOOR = 1e-12
# Of tables that are not of `resp.Scorer`.
BY_WINDOWS = (
    "Recordings are judged by overlapping windows, annotated cycles by themselves. `resp score` finds a recording's "
    "breath cycles first: its numbers are in the table of the folds, and may differ by some hundredths."
)
SVM = "log-mel statistics, RBF SVM"
Floats = NDArray[np.float64]
MEASURES: dict[str, Callable[[Any], float]] = {
    "Sp": lambda rows: icbhi_score(rows[0], rows[1]).sp,
    "Se": lambda rows: icbhi_score(rows[0], rows[1]).se,
    "Score": lambda rows: icbhi_score(rows[0], rows[1]).score,
    "2-class Score": lambda rows: two_class_score(rows[0], rows[1]).score,
    "AUROC": lambda rows: float(auroc(rows[0] > 0, rows[2])),
}


def open_kauh(root: Path) -> tuple[DataSet, list[NDArray[np.float32]]]:
    """Return the data set of KAUH and its recordings at 4 kHz, each with a peak of 1."""
    dataset = open_dataset(DataSettings(dataset="kauh", root=root))
    return dataset, clips(dataset)


def open_icbhi(root: Path) -> tuple[DataSet, list[NDArray[np.float32]]]:
    """Return the annotated cycles of ICBHI, whole or in part, and their sounds as of `open_kauh`."""
    dataset = open_dataset(DataSettings(dataset="icbhi", root=root, split="official"))
    return dataset, clips(dataset)


def clips(dataset: DataSet) -> list[NDArray[np.float32]]:
    """Return every item at 4 kHz, with a peak of 1."""
    waveforms = WaveformCache().open(dataset, RATE_HZ, 0, "peak")
    return [waveforms.clip(index) for index in range(len(dataset))]


def outer_splits(dataset: DataSet, root: Path, seeds: int) -> Iterable[tuple[int, int, list[int], list[int]]]:
    """Yield seed, fold, and the items of its training and test part: those of ``kauh_train_folds.py``."""
    for seed in range(seeds):
        for fold in range(FOLDS):
            settings = DataSettings(dataset="kauh", root=root, fold=fold, folds=FOLDS, seed=seed, validation_share=0)
            split = split_dataset(dataset, settings)
            yield seed, fold, list(split.train), list(split.test)


def log_mel_statistics(samples: NDArray[np.float32]) -> Floats:
    """Mean and deviation over time of every log-mel band, and of its change from frame to frame."""
    from resp.features import FilterBankSettings, log_mel

    settings = FilterBankSettings(rate_hz=RATE_HZ, bins=40, frame_length_ms=32, frame_shift_ms=10, low_hz=50)
    bands = log_mel(samples.copy(), RATE_HZ, settings=settings).double().numpy()
    return np.concatenate([bands.mean(0), bands.std(0), np.diff(bands, axis=0).std(0)])


def predictions(dataset: DataSet, items: Sequence[int], probabilities: Floats, run: str) -> Predictions:
    """Return probabilities [items, classes] of some items as `Predictions`."""
    chosen = [dataset.items[index] for index in items]
    return Predictions(
        classes=dataset.classes,
        items=np.array([item.name for item in chosen]),
        patients=np.array([item.patient for item in chosen]),
        devices=np.array([item.device for item in chosen]),
        sites=np.array([item.site for item in chosen]),
        truth=np.array(dataset.labels)[list(items)],
        logits=np.log(np.maximum(probabilities, FLOOR)),
        runs=np.full(len(chosen), run),
    )


def fitted(model: Any, features: Floats, labels: NDArray[Any], asked: Floats, classes: int) -> Floats:
    """Fit a classifier of scikit-learn and return its probabilities [items, classes] of ``asked``."""
    model.fit(features, labels)
    found = np.zeros((len(asked), classes))
    found[:, model.classes_] = model.predict_proba(asked)
    return found


def plain_machine() -> Any:
    """Return the plain classifier that others are measured against, for `log_mel_statistics`."""
    return make_pipeline(StandardScaler(), SVC(C=10, class_weight="balanced", probability=True, random_state=0))


def load_runs(folder: Path, seeds: int, file: str) -> list[Predictions]:
    """Return the predictions of every fold and seed that ``kauh_train_folds.py`` left in a folder."""
    return [
        Predictions.load(folder / f"seed{seed}-fold{fold}" / file) for seed in range(seeds) for fold in range(FOLDS)
    ]


def publish(out: Path, name: str, table: ResultTable) -> None:
    """Write a table as ``out``.md, and under its name as ``out``.json, which ``resp card`` takes; print it."""
    write_tables(out.with_suffix(".json"), {name: table})
    out.with_suffix(".md").write_text(table.to_markdown(1) + "\n", encoding="utf-8")
    print(table.to_markdown(1))


def filters_joined(tables: Sequence[Predictions]) -> list[Predictions]:
    """Give the three filters of a recording one opinion: the mean of their log-probabilities.

    KAUH made one recording of each patient and played it through three filters.
    """
    joined = []
    for table in tables:
        logits = np.log(np.maximum(table.probabilities, FLOOR))
        for patient in np.unique(table.patients):
            same = table.patients == patient
            logits[same] = logits[same].mean(axis=0)
        joined.append(replace(table, logits=logits))
    return joined


def seed_of_run(name: str) -> str:
    """Return the seed in a run's name, such as ``recipe-seed2-fold0``."""
    found = re.search(r"seed(\d+)", name)
    if not found:
        raise ValueError(f"run {name!r}; expected a name with seed and its number")
    return found[1]


def measure(tables: dict[str, list[Predictions]], against: str, resamples: int = 2000) -> dict[str, dict[str, Any]]:
    """Return every measure of every method with its interval, and the paired difference of Scores.

    Parameters
    ----------
    tables
        Method → its predictions, of the same items and seeds.
    against
        The method that differences are taken to.
    resamples
        Of the bootstrap: a patient comes with all its recordings, filters and seeds.

    Returns
    -------
    dict
        Method → measure → value, low, high: the mean over seeds, and its 95 % interval.
    """
    indexed = {name: _by_item_and_seed(parts) for name, parts in tables.items()}
    keys = sorted(indexed[against])
    if any(sorted(rows) != keys for rows in indexed.values()):
        raise RuntimeError("methods were not measured on the same recordings and seeds; train the folds anew")
    seeds = sorted({seed for _, seed in keys})
    seed_of = np.array([seeds.index(seed) for _, seed in keys])
    columns = {
        name: tuple(np.array([rows[key][place] for key in keys]) for place in range(3))
        for name, rows in indexed.items()
    }
    patients = np.array([indexed[against][key][3] for key in keys])

    def over_seeds(one: Callable[[Any], float], seed: NDArray[Any], *rows: NDArray[Any]) -> float:
        return float(np.mean([one([row[seed == s] for row in rows]) for s in range(len(seeds))]))

    result: dict[str, dict[str, Any]] = {}
    for name, rows in columns.items():
        result[name] = {
            label: patient_bootstrap(
                lambda *given, one=one: over_seeds(one, *given), patients, seed_of, *rows, resamples=resamples
            )._asdict()
            for label, one in MEASURES.items()
        }
        score = MEASURES["Score"]
        if name != against:
            result[name][f"Score above {against}"] = patient_bootstrap(
                lambda seed, *both, one=score: over_seeds(one, seed, *both[:3]) - over_seeds(one, seed, *both[3:]),
                patients,
                seed_of,
                *rows,
                *columns[against],
                resamples=resamples,
            )._asdict()
    return result


def external_auroc(dataset: DataSet, abnormal: Floats) -> dict[str, Any]:
    """Return the AUROC of normal against abnormal on another data set, with its interval over patients.

    Parameters
    ----------
    dataset
        Its first class is normal.
    abnormal
        [items] probability of abnormal.
    """
    truth, patients = np.array(dataset.labels), np.array(dataset.patients)
    return patient_bootstrap(lambda t, p: float(auroc(t > 0, p)), patients, truth, abnormal, resamples=500)._asdict()


def as_table(
    result: dict[str, dict[str, Any]], *, title: str, command: str, data: str, seeds: int, **more: Any
) -> ResultTable:
    """Return what `measure` gave as a `ResultTable`, one row a method."""
    labels = list(dict.fromkeys(label for row in result.values() for label in row))
    return ResultTable(
        title=title,
        command=command,
        data=data,
        seeds=list(range(seeds)),
        columns=["method", *labels],
        rows=[[name, *(row.get(label) for label in labels)] for name, row in result.items()],
        **more,
    )


def _by_item_and_seed(tables: list[Predictions]) -> dict[tuple[str, str], tuple[int, int, float, str]]:
    """Index predictions by item and seed: truth, prediction, probability of abnormal, patient."""
    rows = {}
    for table in tables:
        abnormal = 1 - table.probabilities[:, 0]
        for place, item in enumerate(table.items):
            key = (str(item), seed_of_run(str(table.runs[place])))  # type: ignore[index]
            rows[key] = (
                int(table.truth[place]),
                int(table.prediction[place]),
                float(abnormal[place]),
                str(table.patients[place]),
            )
    return rows
