"""How well a class's values rank its items: area under the ROC curve, and average precision.

Sources: the AUROC is the Mann-Whitney statistic, Hanley & McNeil, "The meaning and use of the area under a
receiver operating characteristic (ROC) curve", Radiology 143, 1982; average precision as in Manning, Raghavan &
Schütze, "Introduction to information retrieval", 2008, over thresholds (items of equal value are retrieved
together), without interpolation:

    AP = Σ_k (R_k − R_{k−1}) · P_k
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.evaluate.errors import EvaluationError
from resp.evaluate.metrics import Floats, share


def auroc(positive: ArrayLike, value: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Area under the ROC curve: how often a positive item has the greater value; a tie counts half.

    Parameters
    ----------
    positive
        [items] truth.
    value
        [items]: the greater, the more likely positive.
    weights
        [..., items] how often every item counts; None for once.

    Returns
    -------
    ndarray
        float64 [...]; NaN where there is no positive or no negative item.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together.
    """
    return _auroc(_ranked(*_checked(positive, value, weights)))


def average_precision(positive: ArrayLike, value: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Average the precision over the positive items, each at the threshold that just retrieves it.

    Parameters, and what is raised, are those of `auroc`.

    Returns
    -------
    ndarray
        float64 [...]; NaN where there is no positive item.
    """
    return _average_precision(_ranked(*_checked(positive, value, weights)))


def rank_classes(positive: ArrayLike, value: ArrayLike, weights: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Return AUROC and average precision of every class, from one ranking each.

    Parameters
    ----------
    positive, value
        [items, classes].
    weights
        [..., items] how often every item counts; None for once. Fastest where items are the slowest axis in memory.

    Returns
    -------
    tuple of ndarray
        Each float64 [..., classes]; NaN where it is not defined.

    Raises
    ------
    EvaluationError
        Shapes that do not belong together.
    """
    truth, values = np.asarray(positive, dtype=bool), np.asarray(value, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != values.shape:
        raise EvaluationError(f"truth {truth.shape}, values {values.shape}; expected [items, classes] of both")
    counted = _weights(weights, len(truth))
    whole = counted.sum(axis=-1, dtype=np.float64)
    areas, precisions = [], []
    for of_class, value_of_class in zip(truth.T, values.T, strict=True):
        ranked = _ranked(of_class, value_of_class, counted, whole)
        areas.append(_auroc(ranked))
        precisions.append(_average_precision(ranked))
    return np.stack(areas, axis=-1), np.stack(precisions, axis=-1)


class _Ranked(NamedTuple):
    """Weights by threshold, from the highest; only thresholds at which there is a positive item.

    ``hits`` [thresholds, …] of the positive items at each, ``here`` of all items at it, ``reached`` of all items at
    it or above; ``whole`` […] of all items.
    """

    hits: Floats
    here: Floats
    reached: Floats
    whole: Floats


def _auroc(ranked: _Ranked) -> Floats:
    positives = ranked.hits.sum(axis=0)
    negatives = ranked.whole - positives
    misses = ranked.here - ranked.hits
    beaten = negatives - (ranked.reached - ranked.hits.cumsum(axis=0)) + misses / 2
    return share((ranked.hits * beaten).sum(axis=0), positives * negatives)


def _average_precision(ranked: _Ranked) -> Floats:
    hits, reached = ranked.hits, ranked.reached
    precision = np.divide(hits.cumsum(axis=0), reached, out=np.zeros(reached.shape), where=reached > 0)
    return share((hits * precision).sum(axis=0), hits.sum(axis=0))


def _ranked(
    positive: NDArray[np.bool_], values: Floats, counted: NDArray[np.floating[Any]], whole: Floats | None = None
) -> _Ranked:
    """Sum weights [..., items] between the thresholds of positive items, which are few in most classes."""
    by_item = np.moveaxis(counted, -1, 0)
    whole = by_item.sum(axis=0, dtype=np.float64) if whole is None else whole
    order = np.argsort(-values, kind="stable")
    places = np.flatnonzero(positive[order])
    if not places.size:
        nothing = np.zeros((0, *by_item.shape[1:]))
        return _Ranked(nothing, nothing, nothing, whole)
    descending = -values[order]
    thresholds, firsts = np.unique(descending[places], return_index=True)
    starts = np.searchsorted(descending, thresholds, side="left")
    ends = np.searchsorted(descending, thresholds, side="right")
    ordered = by_item[order[: ends[-1]]]
    # The items between two thresholds, and those at each, by turns.
    edges = np.column_stack([np.r_[0, ends[:-1]], starts]).ravel()
    sums = np.add.reduceat(ordered, edges, axis=0).astype(np.float64)
    # Of an empty stretch, reduceat gives the item that begins the next one.
    between, here = np.where(_like(edges[::2] < starts, sums), sums[::2], 0), sums[1::2]
    hits = np.add.reduceat(ordered[places], firsts, axis=0).astype(np.float64)
    return _Ranked(hits, here, np.cumsum(between + here, axis=0), whole)


def _like(flags: NDArray[np.bool_], values: Floats) -> NDArray[np.bool_]:
    """Give ``flags`` [n] as many axes as ``values`` [n, …] has."""
    return flags.reshape(-1, *[1] * (values.ndim - 1))


def _checked(
    positive: ArrayLike, value: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.bool_], Floats, NDArray[np.floating[Any]]]:
    truth, values = np.asarray(positive, dtype=bool), np.asarray(value, dtype=np.float64)
    if truth.ndim != 1 or values.shape != truth.shape:
        raise EvaluationError(f"truth {truth.shape}, values {values.shape}; expected [items] of both")
    return truth, values, _weights(weights, len(truth))


def _weights(weights: ArrayLike | None, items: int) -> NDArray[np.floating[Any]]:
    counted = np.ones(items) if weights is None else np.asarray(weights)
    if not counted.ndim or counted.shape[-1] != items:
        raise EvaluationError(f"weights {counted.shape} of {items} items; expected [..., items]")
    return counted if counted.dtype.kind == "f" else counted.astype(np.float64)
