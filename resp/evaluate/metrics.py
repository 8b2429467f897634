"""Sensitivity, specificity and Score as the ICBHI 2017 challenge defines them, and what else is reported.

Source: Rocha et al., "An open access database for the evaluation of respiratory sound classification
algorithms", Physiological Measurement 40, 2019. With N_c the items of class c and C_c those of them that are
given it:

    Sp = C_normal / N_normal
    Se = Σ C_c / Σ N_c over all classes c but normal
    Score = (Sp + Se) / 2

Se and Sp pool items, not classes, so a library's macro average is another number.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.evaluate.errors import EvaluationError

NORMAL_NAMES = ("normal", "healthy")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Score(NamedTuple):
    """Specificity, sensitivity and their mean, each in [0, 1]; NaN where there is no item to count.

    Parameters
    ----------
    sp
        Share of normal items called normal.
    se
        Share of abnormal items given their own class.
    score
        (Sp + Se) / 2.
    """

    sp: float
    se: float
    score: float


def icbhi_score(truth: ArrayLike, prediction: ArrayLike, *, normal: int | str | None = None) -> Score:
    """Score predictions class by class: an abnormal item counts only when it is given its own class.

    Parameters
    ----------
    truth, prediction
        [items] class indices, or class names.
    normal
        The normal class; None for index 0, or the name ``"normal"``.

    Returns
    -------
    Score
        Sp, Se and Score; NaN where there is no normal or no abnormal item.

    Raises
    ------
    EvaluationError
        No items, two different numbers of them, or names on one side and indices on the other.
    """
    true, predicted = _labels(truth, prediction)
    is_normal = true == _normal(true, normal)
    correct = true == predicted
    return _score(correct[is_normal], correct[~is_normal])


def two_class_score(truth: ArrayLike, prediction: ArrayLike, *, normal: int | str | None = None) -> Score:
    """Score normal against abnormal: any abnormal class counts for any other; Sp is that of `icbhi_score`.

    Parameters and what is raised are those of `icbhi_score`.
    """
    true, predicted = _labels(truth, prediction)
    name = _normal(true, normal)
    is_normal, called_normal = true == name, predicted == name
    return _score(called_normal[is_normal], ~called_normal[~is_normal])


def confusion(truth: ArrayLike, prediction: ArrayLike, classes: int) -> Ints:
    """Count items by true and predicted class.

    Parameters
    ----------
    truth, prediction
        [items] class indices.
    classes
        Number of classes.

    Returns
    -------
    ndarray
        int64 [classes, classes]; rows are true classes, columns predicted ones.

    Raises
    ------
    EvaluationError
        No items, two different numbers of them, or an index that is not a class.
    """
    true, predicted = _labels(truth, prediction)
    for name, labels in (("truth", true), ("prediction", predicted)):
        if labels.dtype.kind not in "iu":
            raise EvaluationError(f"{name} holds {labels.dtype}; expected class indices")
        if labels.min() < 0 or labels.max() >= classes:
            raise EvaluationError(
                f"{name} holds indices from {labels.min()} to {labels.max()}; expected 0 to {classes - 1}"
            )
    counts = np.bincount(true.astype(np.int64) * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def confusion_scores(counts: ArrayLike, normal: int = 0) -> Floats:
    """Return Sp, Se and Score of confusion matrices.

    Parameters
    ----------
    counts
        [..., classes, classes]; rows are true classes.
    normal
        Index of the normal class.

    Returns
    -------
    ndarray
        float64 [..., 3]; NaN where there is no item to count.
    """
    matrix = np.asarray(counts, dtype=np.float64)
    correct = np.diagonal(matrix, axis1=-2, axis2=-1)
    total = matrix.sum(axis=-1)
    sp = share(correct[..., normal], total[..., normal])
    se = share(np.delete(correct, normal, axis=-1).sum(-1), np.delete(total, normal, axis=-1).sum(-1))
    return np.stack([sp, se, (sp + se) / 2], axis=-1)


def merge_abnormal(counts: ArrayLike, normal: int = 0) -> NDArray[Any]:
    """Reduce confusion matrices [..., classes, classes] to normal against abnormal, [..., 2, 2]."""
    matrix = np.asarray(counts)
    pooled = np.stack([matrix[..., normal, :], np.delete(matrix, normal, axis=-2).sum(-2)], axis=-2)
    return np.stack([pooled[..., normal], np.delete(pooled, normal, axis=-1).sum(-1)], axis=-1)


def recall_precision(counts: ArrayLike) -> tuple[Floats, Floats]:
    """Return recall and precision of every class, each float64 [..., classes], of confusion matrices."""
    matrix = np.asarray(counts, dtype=np.float64)
    correct = np.diagonal(matrix, axis1=-2, axis2=-1)
    return share(correct, matrix.sum(-1)), share(correct, matrix.sum(-2))


def normal_class(classes: Sequence[str]) -> int:
    """Return the index of the class called normal or healthy; 0 where there is none."""
    for index, name in enumerate(classes):
        if name.casefold() in NORMAL_NAMES:
            return index
    return 0


def _labels(truth: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    true, predicted = np.asarray(truth), np.asarray(prediction)
    if true.ndim != 1 or true.shape != predicted.shape or not true.size:
        raise EvaluationError(
            f"truth {true.shape} and prediction {predicted.shape}; expected one label an item, "
            "the same number on both sides and at least one"
        )
    if (true.dtype.kind in "iub") != (predicted.dtype.kind in "iub"):
        raise EvaluationError(
            f"truth holds {true.dtype}, prediction {predicted.dtype}; expected indices or names on both sides"
        )
    return true, predicted


def _normal(labels: NDArray[Any], normal: int | str | None) -> int | str:
    if normal is None:
        return 0 if labels.dtype.kind in "iub" else NORMAL_NAMES[0]
    if isinstance(normal, str) == (labels.dtype.kind in "iub"):
        raise EvaluationError(f"normal={normal!r} cannot be found among labels of type {labels.dtype}")
    return normal


def _score(correct_normal: NDArray[Any], correct_abnormal: NDArray[Any]) -> Score:
    sp = float(correct_normal.mean()) if correct_normal.size else float("nan")
    se = float(correct_abnormal.mean()) if correct_abnormal.size else float("nan")
    return Score(sp, se, (sp + se) / 2)


def share(part: Any, whole: Any) -> Floats:
    """Return ``part / whole``, NaN where ``whole`` is zero."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))
