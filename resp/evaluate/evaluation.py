"""From predictions to numbers: Sp, Se and Score with intervals, and per class, device, site and run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import LEVEL, RESAMPLES, Interval, draw_patients, percentile_interval
from resp.evaluate.calibration import expected_calibration_error, reliability
from resp.evaluate.metrics import (
    auroc,
    confusion_scores,
    merge_abnormal,
    normal_class,
    recall_precision,
)
from resp.evaluate.predictions import Predictions
from resp.evaluate.results import ClassRow, Evaluation, GroupRow, Protocol, Scores, View

# Weights of items in resamples that are held at a time: 32 MB.
_MOST_WEIGHTS = 4_000_000


def evaluate(
    predictions: Predictions,
    *,
    subject: str = "model",
    data: str = "data",
    protocol: Protocol = "unstated",
    without_patients: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Measure predictions.

    Parameters
    ----------
    predictions
        Labelled items with their logits.
    subject, data
        What was measured on what, in words.
    protocol
        How the weights were chosen.
    without_patients
        Patients to be left out of a second view; those that are not there do not matter.
    resamples, seed, level
        Of the patient bootstrap.
    notes
        Carried into the results.

    Returns
    -------
    Evaluation
        Sp, Se, Score for all classes and for two, confusion matrix, and tables, with intervals.

    Raises
    ------
    EvaluationError
        A setting out of range.
    """
    normal = normal_class(predictions.classes)
    views = [_view("all patients", predictions, normal, resamples, seed, level)]
    left_out = [name for name in dict.fromkeys(without_patients) if name in set(predictions.patients.tolist())]
    kept = ~np.isin(predictions.patients, np.asarray(left_out, dtype=str))
    if left_out and kept.any():
        name = f"without patients {', '.join(left_out)}"
        views.append(_view(name, predictions.keep(kept), normal, resamples, seed, level))
    return Evaluation(
        subject=subject,
        data=data,
        protocol=protocol,
        classes=predictions.classes,
        normal=normal,
        views=tuple(views),
        resamples=resamples,
        seed=seed,
        level=level,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Resampled:
    """Confusion matrices of patients [patients, …] and of resampled patients [resamples, …]: sums of them."""

    of_patient: NDArray[np.int64]
    drawn: NDArray[np.float64]
    normal: int
    level: float

    @property
    def patients(self) -> int:
        return len(self.of_patient)

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.asarray(self.of_patient.sum(axis=0))

    def intervals(
        self, point: NDArray[np.float64], values: NDArray[np.float64], patients: NDArray[np.int64]
    ) -> list[Interval]:
        """Return an interval for each of ``point`` [n]; ``patients`` [n] says how many have a part in it."""
        return [
            percentile_interval(float(one), values[:, index], patients=int(patients[index]), level=self.level)
            for index, one in enumerate(point)
        ]

    def scores(self, *, two: bool = False) -> Scores:
        normal = 0 if two else self.normal
        of_patient, drawn = (merge_abnormal(m, self.normal) if two else m for m in (self.of_patient, self.drawn))
        # A share that rests on one patient alone has no interval, however many others there are.
        items = of_patient.sum(axis=-1)
        with_normal = int((items[:, normal] > 0).sum())
        with_abnormal = int((np.delete(items, normal, axis=1).sum(axis=1) > 0).sum())
        patients = np.array([with_normal, with_abnormal, min(with_normal, with_abnormal)])
        point = confusion_scores(of_patient.sum(axis=0), normal)
        return Scores(*self.intervals(point, confusion_scores(drawn, normal), patients))


def _resample(predictions: Predictions, normal: int, resamples: int, seed: int, level: float) -> _Resampled:
    classes = len(predictions.classes)
    names, cluster = np.unique(predictions.patients, return_inverse=True)
    place = (cluster * classes + predictions.truth) * classes + predictions.prediction
    flat = np.bincount(place, minlength=len(names) * classes * classes).reshape(len(names), -1)
    draws = draw_patients(len(names), resamples, seed)
    drawn = (draws @ flat).reshape(resamples, classes, classes).astype(np.float64)
    of_patient = flat.reshape(len(names), classes, classes)
    return _Resampled(of_patient, drawn, normal, level)


def _resampled_auroc(
    positive: NDArray[np.bool_],
    value: NDArray[np.float64],
    patients: NDArray[np.str_],
    resamples: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the AUROC of every resample, a block at a time: a weight for every item of each takes memory."""
    names, cluster = np.unique(patients, return_inverse=True)
    draws = draw_patients(len(names), resamples, seed)
    blocks = np.array_split(draws, max(1, resamples * len(cluster) // _MOST_WEIGHTS))
    return np.concatenate([auroc(positive, value, block[:, cluster]) for block in blocks])


def _view(name: str, predictions: Predictions, normal: int, resamples: int, seed: int, level: float) -> View:
    resampled = _resample(predictions, normal, resamples, seed, level)
    probabilities = predictions.probabilities
    abnormal, not_normal = predictions.truth != normal, -probabilities[:, normal]

    def group(labels: NDArray[np.str_], *, only_if_many: bool = False) -> tuple[GroupRow, ...]:
        known = np.unique(labels).tolist()
        if only_if_many and len(known) < 2:
            return ()
        return tuple(_group_row(one, predictions.keep(labels == one), normal, resamples, seed, level) for one in known)

    return View(
        name=name,
        items=len(predictions),
        patients=resampled.patients,
        scores=resampled.scores(),
        two_class=resampled.scores(two=True),
        auroc=percentile_interval(
            float(auroc(abnormal, not_normal)),
            _resampled_auroc(abnormal, not_normal, predictions.patients, resamples, seed),
            patients=resampled.patients,
            level=level,
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in resampled.counts),
        calibration_error=expected_calibration_error(probabilities, predictions.truth),
        reliability=tuple(
            tuple(float(value) for value in row) for row in reliability(probabilities, predictions.truth, 10)
        ),
        classes=_class_rows(predictions, resampled, probabilities),
        devices=group(predictions.devices),
        sites=group(predictions.sites),
        runs=group(predictions.runs, only_if_many=True) if predictions.runs is not None else (),
    )


def _class_rows(
    predictions: Predictions, resampled: _Resampled, probabilities: NDArray[np.float64]
) -> tuple[ClassRow, ...]:
    counts = resampled.counts
    recall, precision = (
        resampled.intervals(point, drawn, (resampled.of_patient.sum(axis=axis) > 0).sum(axis=0))
        for point, drawn, axis in zip(recall_precision(counts), recall_precision(resampled.drawn), (2, 1), strict=True)
    )
    rows = []
    for index, name in enumerate(predictions.classes):
        items, predicted = int(counts[index].sum()), int(counts[:, index].sum())
        both = items + predicted
        rows.append(
            ClassRow(
                name=name,
                items=items,
                predicted=predicted,
                recall=recall[index],
                precision=precision[index],
                f1=2 * int(counts[index, index]) / both if both else float("nan"),
                auroc=float(auroc(predictions.truth == index, probabilities[:, index])),
            )
        )
    return tuple(rows)


def _group_row(name: str, predictions: Predictions, normal: int, resamples: int, seed: int, level: float) -> GroupRow:
    resampled = _resample(predictions, normal, resamples, seed, level)
    return GroupRow(
        name=name,
        items=len(predictions),
        patients=resampled.patients,
        normal=int((predictions.truth == normal).sum()),
        scores=resampled.scores(),
        two_class=resampled.scores(two=True),
    )
