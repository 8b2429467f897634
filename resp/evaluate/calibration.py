"""Making probabilities honest: the temperature, and how far off they are.

Sources: temperature scaling and expected calibration error, Guo et al., "On calibration of modern neural
networks", ICML 2017; Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
Review 78, 1950. Prediction sets and abstention are in `resp.evaluate.confidence`.
"""

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

    values, labels = check_labelled(logits, truth)
    own = values[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scaled = values / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((total - own / np.exp(log_temperature)).mean())

    bounds = (float(np.log(_LOWEST)), float(np.log(_HIGHEST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6}).x))


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
    values, labels = check_labelled(probabilities, truth)
    if bins < 1:
        raise EvaluationError(f"bins={bins}; expected at least one")
    top = values.max(axis=1)
    correct = values.argmax(axis=1) == labels
    place = bin_places(top, bins)
    counts = np.bincount(place, minlength=bins).astype(np.float64)
    empty = np.full(bins, np.nan)
    confidence = np.divide(np.bincount(place, top, bins), counts, out=empty.copy(), where=counts > 0)
    accuracy = np.divide(np.bincount(place, correct, bins), counts, out=empty.copy(), where=counts > 0)
    return counts / len(labels), confidence, accuracy


def brier_score(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Return the mean squared distance between the probabilities and what was true.

    Parameters
    ----------
    probabilities
        [items, classes].
    truth
        [items] class indices.

    Returns
    -------
    float
        Brier's own definition, mean over items of Σ_c (p_c - [c is true])²: between 0 (sure and right) and 2.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together, or labels that are no classes.
    """
    return float(brier_parts(probabilities, truth).mean())


def brier_parts(probabilities: ArrayLike, truth: ArrayLike) -> Floats:
    """Return [items] each item's part of `brier_score`; raises what that does."""
    values, labels = check_labelled(probabilities, truth)
    return np.asarray(((values - np.eye(values.shape[1])[labels]) ** 2).sum(axis=1))


def bin_places(top: Floats, bins: int) -> NDArray[np.int64]:
    """Return the bin of each top probability, of equally wide ones between 0 and 1 that hold their upper edge."""
    return np.clip(np.ceil(top * bins).astype(np.int64) - 1, 0, bins - 1)


def check_labelled(values: ArrayLike, truth: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    """Return values [items, classes] as float64 and their classes [items] as int64.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together, or labels that are no classes.
    """
    given, labels = np.asarray(values, dtype=np.float64), np.asarray(truth)
    if given.ndim != 2 or labels.shape != given.shape[:1] or not labels.size:
        raise EvaluationError(
            f"values {given.shape} and truth {labels.shape}; expected [items, classes] and [items], not empty"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= given.shape[1]:
        raise EvaluationError(f"truth holds other things than the class indices 0 to {given.shape[1] - 1}")
    return given, labels.astype(np.int64)
