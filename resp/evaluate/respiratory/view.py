"""Lung sounds: from predictions to Sp, Se and Score with intervals, and per class, device, site and run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import Interval, draw_patients, intervals, percentile_interval
from resp.evaluate.calibration import expected_calibration_error, reliability
from resp.evaluate.class_rows import ClassCounts, class_rows
from resp.evaluate.metrics import confusion_scores, merge_abnormal, normal_class
from resp.evaluate.predictions import Predictions
from resp.evaluate.ranking import auroc
from resp.evaluate.results import ClassRow

# Weights of items in resamples that are held at a time: 32 MB.
_MOST_WEIGHTS = 4_000_000


@dataclass(frozen=True, slots=True)
class Scores:
    """Sp, Se and Score of a set of items, each with its interval."""

    sp: Interval
    se: Interval
    score: Interval


@dataclass(frozen=True, slots=True)
class GroupRow:
    """How the items of one device, site or run fared."""

    name: str
    items: int
    patients: int
    normal: int
    scores: Scores
    two_class: Scores


@dataclass(frozen=True, slots=True)
class View:
    """All numbers of one choice of patients.

    Parameters
    ----------
    name
        Which patients, in words.
    items, patients
        How many.
    scores
        Every class counts for itself.
    two_class
        Any abnormal class counts for any other.
    auroc
        Normal against abnormal, by the probability of not being normal.
    confusion
        [classes][classes] counts; rows are true classes.
    calibration_error
        Expected calibration error of the top probability.
    reliability
        Share of items, mean confidence and accuracy in ten bins of the top probability.
    classes, devices, sites, runs
        The tables; ``runs`` is empty where there is only one.
    """

    name: str
    items: int
    patients: int
    scores: Scores
    two_class: Scores
    auroc: Interval
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    reliability: tuple[tuple[float, ...], ...]
    classes: tuple[ClassRow, ...]
    devices: tuple[GroupRow, ...]
    sites: tuple[GroupRow, ...]
    runs: tuple[GroupRow, ...]

    @property
    def numbers(self) -> dict[str, Interval]:
        """The task's numbers, by the keys of `resp.evaluate.tasks`."""
        return {"sp": self.scores.sp, "se": self.scores.se, "score": self.scores.score}


def respiratory_view(name: str, predictions: Predictions, resamples: int, seed: int, level: float) -> View:
    """Measure predictions of lung sounds; see `resp.evaluate.evaluate` for the settings."""
    normal = normal_class(predictions.classes)
    resampled = _resample(predictions, normal, resamples, seed, level)
    probabilities = predictions.probabilities
    abnormal, not_normal = predictions.truth != normal, -probabilities[:, normal]

    def row(name: str, group: Predictions) -> GroupRow:
        return _group_row(name, group, normal, resamples, seed, level)

    def rows(labels: NDArray[np.str_]) -> tuple[GroupRow, ...]:
        return tuple(row(one, predictions.keep(labels == one)) for one in np.unique(labels).tolist())

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
        classes=class_rows(predictions, probabilities, *resampled.class_counts(), level),
        devices=rows(predictions.devices),
        sites=rows(predictions.sites),
        runs=tuple(row(*run) for run in predictions.by_run()),
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

    def class_counts(self) -> tuple[ClassCounts, ClassCounts]:
        """Return counts by class, of patients and of resampled ones."""
        own, drawn = (
            ClassCounts(counts.sum(axis=-1), counts.sum(axis=-2), np.diagonal(counts, axis1=-2, axis2=-1))
            for counts in (self.of_patient, self.drawn)
        )
        return own, drawn

    def scores(self, *, two: bool = False) -> Scores:
        normal = 0 if two else self.normal
        of_patient, drawn = (merge_abnormal(m, self.normal) if two else m for m in (self.of_patient, self.drawn))
        # A share that rests on one patient alone has no interval, however many others there are.
        items = of_patient.sum(axis=-1)
        with_normal = int((items[:, normal] > 0).sum())
        with_abnormal = int((np.delete(items, normal, axis=1).sum(axis=1) > 0).sum())
        patients = np.array([with_normal, with_abnormal, min(with_normal, with_abnormal)])
        point = confusion_scores(of_patient.sum(axis=0), normal)
        return Scores(*intervals(point, confusion_scores(drawn, normal), patients, self.level))


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
