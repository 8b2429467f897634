"""Making probabilities honest: temperature, prediction sets, and how far off they are.

Sources: temperature scaling and expected calibration error, Guo et al., "On calibration of modern neural
networks", ICML 2017; LAC sets, Sadinle, Lei & Wasserman, "Least ambiguous set-valued classifiers with bounded
error levels", JASA 114, 2019; hierarchical conformal prediction, Lee, Barber & Willett, "Distribution-free
inference with hierarchical data", 2023.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.evaluate.errors import EvaluationError

Floats = NDArray[np.float64]

_LOWEST, _HIGHEST = 0.05, 20.0


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Floats:
    """Return the softmax of ``logits`` [..., classes] over ``temperature``, float64."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponential = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponential / exponential.sum(axis=-1, keepdims=True))


def sigmoid(logits: ArrayLike) -> Floats:
    """Return the sigmoid of ``logits``, float64, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -np.asarray(logits, dtype=np.float64))))


def fit_temperature(logits: ArrayLike, truth: ArrayLike) -> float:
    """Find the temperature at which the true classes are most probable.

    Parameters
    ----------
    logits
        [items, classes] on items that the network did not train on.
    truth
        [items] class indices.

    Returns
    -------
    float
        Between 0.05 and 20; above 1 where the network was too sure.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together, or labels that are no classes.
    """
    from scipy.optimize import minimize_scalar

    values, labels = _checked(logits, truth)
    own = values[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scaled = values / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((total - own / np.exp(log_temperature)).mean())

    bounds = (float(np.log(_LOWEST)), float(np.log(_HIGHEST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6}).x))


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
    values, labels = _checked(probabilities, truth)
    keys = np.asarray(patients)
    if keys.shape != labels.shape:
        raise EvaluationError(f"{keys.shape} patients for {labels.shape} items; expected one an item")
    if not 0 < coverage < 1:
        raise EvaluationError(f"coverage={coverage}; expected a number between 0 and 1, such as 0.9")
    own = values[np.arange(len(labels)), labels]
    _, cluster, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    weight = 1 / ((len(sizes) + 1) * sizes[cluster])
    order = np.argsort(-own, kind="stable")
    reached = np.cumsum(weight[order])
    # The sum of many parts may fall short of the whole by a rounding error.
    enough = np.flatnonzero(reached >= coverage - 1e-12)
    return float(own[order[enough[0]]]) if enough.size else 0.0


def expected_calibration_error(probabilities: ArrayLike, truth: ArrayLike, bins: int = 15) -> float:
    """Average how far confidence is from accuracy, over equally wide bins of the top probability.

    Parameters
    ----------
    probabilities
        [items, classes].
    truth
        [items] class indices.
    bins
        Number of bins between 0 and 1.

    Returns
    -------
    float
        Between 0 and 1; 0 is perfect.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together, labels that are no classes, or fewer than one bin.
    """
    share, confidence, accuracy = reliability(probabilities, truth, bins)
    used = share > 0
    return float((share[used] * np.abs(accuracy[used] - confidence[used])).sum())


def reliability(probabilities: ArrayLike, truth: ArrayLike, bins: int = 15) -> tuple[Floats, Floats, Floats]:
    """Return share of items, mean confidence and accuracy of each bin of the top probability, each [bins].

    Confidence and accuracy of an empty bin are NaN. What is raised is that of `expected_calibration_error`.
    """
    values, labels = _checked(probabilities, truth)
    if bins < 1:
        raise EvaluationError(f"bins={bins}; expected at least one")
    top = values.max(axis=1)
    correct = values.argmax(axis=1) == labels
    place = np.clip(np.ceil(top * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins).astype(np.float64)
    empty = np.full(bins, np.nan)
    confidence = np.divide(np.bincount(place, top, bins), counts, out=empty.copy(), where=counts > 0)
    accuracy = np.divide(np.bincount(place, correct, bins), counts, out=empty.copy(), where=counts > 0)
    return counts / len(labels), confidence, accuracy


def _checked(values: ArrayLike, truth: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    given, labels = np.asarray(values, dtype=np.float64), np.asarray(truth)
    if given.ndim != 2 or labels.shape != given.shape[:1] or not labels.size:
        raise EvaluationError(
            f"values {given.shape} and truth {labels.shape}; expected [items, classes] and [items], not empty"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= given.shape[1]:
        raise EvaluationError(f"truth holds other things than the class indices 0 to {given.shape[1] - 1}")
    return given, labels.astype(np.int64)
