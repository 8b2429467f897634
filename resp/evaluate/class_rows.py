"""How each class fared, with intervals over patients."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import intervals
from resp.evaluate.calibration import Floats
from resp.evaluate.metrics import share
from resp.evaluate.predictions import Predictions
from resp.evaluate.ranking import rank_classes
from resp.evaluate.results import ClassRow


class ClassCounts(NamedTuple):
    """Numbers of items by class, each [..., classes].

    Parameters
    ----------
    items
        Items of the class.
    predicted
        Items that are given the class.
    correct
        Items of the class that are given it.
    """

    items: NDArray[Any]
    predicted: NDArray[Any]
    correct: NDArray[Any]


def class_rows(
    predictions: Predictions, probabilities: Floats, of_patient: ClassCounts, drawn: ClassCounts, level: float
) -> tuple[ClassRow, ...]:
    """Return recall and precision with intervals, F1 and AUROC of every class.

    Parameters
    ----------
    predictions, probabilities
        Of one label an item; the probabilities [items, classes] are those of the predictions.
    of_patient, drawn
        Counts of every patient [patients, classes] and of every resample [resamples, classes].
    level
        Of the intervals.
    """
    items, predicted, correct = (counts.sum(axis=0) for counts in of_patient)
    recall, precision = (
        intervals(share(correct, whole), share(drawn.correct, drawn_whole), (own > 0).sum(axis=0), level)
        for whole, drawn_whole, own in (
            (items, drawn.items, of_patient.items),
            (predicted, drawn.predicted, of_patient.predicted),
        )
    )
    f1 = share(2 * correct, items + predicted)
    areas, _ = rank_classes(predictions.truth[:, None] == np.arange(len(predictions.classes)), probabilities)
    return tuple(
        ClassRow(
            name=name,
            items=int(items[index]),
            predicted=int(predicted[index]),
            recall=recall[index],
            precision=precision[index],
            f1=float(f1[index]),
            auroc=float(areas[index]),
        )
        for index, name in enumerate(predictions.classes)
    )
