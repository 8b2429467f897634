"""One class of several: from predictions to accuracy with its interval, and per class and run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import Interval, draw_blocks, percentile_interval
from resp.evaluate.calibration import expected_calibration_error, reliability
from resp.evaluate.class_rows import ClassCounts, class_rows
from resp.evaluate.metrics import confusion, share
from resp.evaluate.predictions import Predictions
from resp.evaluate.results import ClassRow, RunRow
from resp.evaluate.tasks import mean_defined

# Draws that are held at a time: 32 MB.
_MOST_DRAWS = 4_000_000


@dataclass(frozen=True, slots=True)
class SingleLabelView:
    """All numbers of one choice of sources (recordings, speakers: what no split divides).

    Parameters
    ----------
    name
        Which sources, in words.
    items, sources
        How many.
    accuracy
        Share of items whose class is the most probable one.
    macro_recall
        Mean recall over the classes that have items.
    confusion
        [classes][classes] counts; rows are true classes.
    calibration_error
        Expected calibration error of the top probability.
    reliability
        Share of items, mean confidence and accuracy in ten bins of the top probability.
    classes, runs
        The tables; ``runs`` is empty where there is only one.
    """

    name: str
    items: int
    sources: int
    accuracy: Interval
    macro_recall: Interval
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    reliability: tuple[tuple[float, ...], ...]
    classes: tuple[ClassRow, ...]
    runs: tuple[RunRow, ...]

    @property
    def numbers(self) -> dict[str, Interval]:
        """The task's numbers, by the keys of `resp.evaluate.tasks`."""
        return {"accuracy": self.accuracy, "macro_recall": self.macro_recall}


def single_label_view(name: str, predictions: Predictions, resamples: int, seed: int, level: float) -> SingleLabelView:
    """Measure predictions of one class of several; see `resp.evaluate.evaluate` for the settings."""
    of_source, drawn = _resample(predictions, resamples, seed)
    probabilities = predictions.probabilities
    accuracy, macro_recall = _overall(of_source, drawn, level)
    return SingleLabelView(
        name=name,
        items=len(predictions),
        sources=len(of_source.items),
        accuracy=accuracy,
        macro_recall=macro_recall,
        confusion=tuple(
            map(tuple, confusion(predictions.truth, predictions.prediction, len(predictions.classes)).tolist())
        ),
        calibration_error=expected_calibration_error(probabilities, predictions.truth),
        reliability=tuple(tuple(row.tolist()) for row in reliability(probabilities, predictions.truth, 10)),
        classes=class_rows(predictions, probabilities, of_source, drawn, level),
        runs=_run_rows(predictions, resamples, seed, level),
    )


def _run_rows(predictions: Predictions, resamples: int, seed: int, level: float) -> tuple[RunRow, ...]:
    rows = []
    for run, mine in predictions.by_run():
        of_source, drawn = _resample(mine, resamples, seed)
        accuracy, macro_recall = _overall(of_source, drawn, level)
        numbers = {"accuracy": accuracy, "macro_recall": macro_recall}
        rows.append(RunRow(run, len(mine), len(of_source.items), numbers))
    return tuple(rows)


def _overall(of_source: ClassCounts, drawn: ClassCounts, level: float) -> tuple[Interval, Interval]:
    """Return accuracy and macro recall."""
    sources = len(of_source.items)

    def interval(of_all: float, resampled: NDArray[np.float64]) -> Interval:
        return percentile_interval(of_all, resampled, patients=sources, level=level)

    items, correct = of_source.items.sum(axis=0), of_source.correct.sum(axis=0)
    return (
        interval(float(correct.sum() / items.sum()), share(drawn.correct.sum(axis=1), drawn.items.sum(axis=1))),
        interval(mean_defined(share(correct, items)), mean_defined(share(drawn.correct, drawn.items))),
    )


def _resample(predictions: Predictions, resamples: int, seed: int) -> tuple[ClassCounts, ClassCounts]:
    """Return counts of every source [sources, classes] and of every resample [resamples, classes]."""
    classes = len(predictions.classes)
    names, cluster = np.unique(predictions.patients, return_inverse=True)
    hit = predictions.truth == predictions.prediction

    def count(labels: NDArray[np.int64], chosen: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        place = cluster * classes + labels
        counts = np.bincount(place if chosen is None else place[chosen], minlength=len(names) * classes)
        # As floating point, in which sums of many sources are fast; counts are exact in it.
        return counts.reshape(len(names), classes).astype(np.float64)

    of_source = ClassCounts(count(predictions.truth), count(predictions.prediction), count(predictions.truth, hit))
    block = max(1, _MOST_DRAWS // len(names))
    blocks = [
        [draws.astype(np.float64) @ counts for counts in of_source]
        for draws in draw_blocks(len(names), resamples, seed, block=block)
    ]
    return of_source, ClassCounts(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))
