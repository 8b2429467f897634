"""Prediction sets and the share that gets a label, with coverage that holds for patients to come.

Sources: LAC sets, Sadinle, Lei & Wasserman, "Least ambiguous set-valued classifiers with bounded error levels",
JASA 114, 2019; hierarchical conformal prediction, Lee, Barber & Willett, "Distribution-free inference with
hierarchical data", 2023.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.evaluate.calibration import Floats, check_labelled
from resp.evaluate.errors import EvaluationError


def set_threshold(
    probabilities: ArrayLike, truth: ArrayLike, patients: Sequence[str] | NDArray[Any], coverage: float
) -> float:
    """Find the probability from which a class belongs to the prediction set (LAC), calibrated by patient.

    Items of one patient are not exchangeable with another's, so every patient counts alike, however many
    items it has: among K patients, an item of patient k weighs 1 / ((K + 1) · items of k), and the patient to
    come weighs 1 / (K + 1). An item of a new patient then has its class in the set with a probability of at
    least ``coverage``.

    Parameters
    ----------
    probabilities
        [items, classes] on patients that the network did not train on.
    truth
        [items] class indices.
    patients
        [items] whose item it is.
    coverage
        Between 0 and 1.

    Returns
    -------
    float
        The threshold; 0 (every class is in every set) where there are too few patients for the coverage.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together, labels that are no classes, or a coverage out of range.
    """
    values, labels = check_labelled(probabilities, truth)
    return _patient_quantile(values[np.arange(len(labels)), labels], patients, coverage)


def label_threshold(confidence: ArrayLike, patients: Sequence[str] | NDArray[Any], share: float) -> float:
    """Find the confidence below which no label is given, so that most items of a new patient get one.

    Parameters
    ----------
    confidence
        [items] probability of the most probable class, between 0 and 1.
    patients
        [items] whose item it is; patients count as in `set_threshold`.
    share
        An item of a new patient gets a label with at least this probability, between 0 and 1.

    Returns
    -------
    float
        The threshold; 0 (all get a label) where there are too few patients for the share.

    Raises
    ------
    EvaluationError
        Not one patient an item, or a share out of range.
    """
    return _patient_quantile(np.asarray(confidence, dtype=np.float64), patients, share)


def prediction_sets(probabilities: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Return which classes cannot be ruled out, [items, classes].

    The most probable class (of equal ones the first) is always in a set: that can only raise its coverage.

    Parameters
    ----------
    probabilities
        [items, classes].
    threshold
        What `set_threshold` gave.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    inside = values >= threshold
    inside[np.arange(len(values)), values.argmax(axis=1)] = True
    return inside


def _patient_quantile(values: Floats, patients: Sequence[str] | NDArray[Any], coverage: float) -> float:
    """Return the greatest value that an item of a new patient reaches with a probability of at least ``coverage``."""
    keys = np.asarray(patients)
    if keys.shape != values.shape or not keys.size:
        raise EvaluationError(f"{keys.shape} patients for {values.shape} items; expected one an item, not empty")
    if not 0 < coverage < 1:
        raise EvaluationError(f"coverage={coverage}; expected a number between 0 and 1, such as 0.9")
    _, cluster, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    weight = 1 / ((len(sizes) + 1) * sizes[cluster])
    order = np.argsort(-values, kind="stable")
    reached = np.cumsum(weight[order])
    # The sum of many parts may fall short of the whole by a rounding error.
    enough = np.flatnonzero(reached >= coverage - 1e-12)
    return float(values[order[enough[0]]]) if enough.size else 0.0
