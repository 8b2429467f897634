"""Intervals by resampling patients: the items of one patient are not independent of each other.

Source: Field & Welsh, "Bootstrapping clustered data", Journal of the Royal Statistical Society B 69, 2007;
percentile intervals as in Efron & Tibshirani, "An introduction to the bootstrap", 1993.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.errors import EvaluationError

RESAMPLES = 2000
LEVEL = 0.95


class Interval(NamedTuple):
    """A statistic and its interval; NaN bounds where fewer than two patients leave nothing to resample."""

    value: float
    low: float
    high: float


def patient_bootstrap(
    statistic: Callable[..., float],
    patients: Sequence[str] | NDArray[Any],
    *arrays: NDArray[Any],
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval:
    """Compute a statistic of items and its percentile interval over resampled patients.

    A resample draws as many patients as there are, with replacement, and takes all items of each as often as
    the patient was drawn. Resamples where the statistic is NaN (a class is missing) do not count.

    Parameters
    ----------
    statistic
        Called with the arrays, cut down to a resample's items; returns a number.
    patients
        [items] whose item it is.
    arrays
        Each [items, …].
    resamples
        How many times patients are drawn.
    seed
        Of the draws.
    level
        Coverage that the interval aims at, between 0 and 1.

    Returns
    -------
    Interval
        The statistic of all items, and the interval.

    Raises
    ------
    EvaluationError
        No items, arrays of other lengths, or a setting out of range.
    """
    keys = np.asarray(patients)
    if any(len(array) != len(keys) for array in arrays):
        raise EvaluationError(
            f"{len(keys)} patients, arrays of {[len(array) for array in arrays]} items; expected one an item"
        )
    names, cluster = np.unique(keys, return_inverse=True)
    draws = draw_patients(len(names), resamples, seed)
    items = np.arange(len(keys))
    values = np.empty(resamples)
    for number, drawn in enumerate(draws):
        chosen = np.repeat(items, drawn[cluster])
        values[number] = statistic(*(array[chosen] for array in arrays))
    return percentile_interval(float(statistic(*arrays)), values, patients=len(names), level=level)


def draw_patients(patients: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Return how often every patient is drawn, int64 [resamples, patients]; every row sums to ``patients``.

    Raises
    ------
    EvaluationError
        No patients or no resamples.
    """
    return next(draw_blocks(patients, resamples, seed, block=max(1, resamples)))


def draw_blocks(patients: int, resamples: int, seed: int, *, block: int) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of `draw_patients` in blocks of at most ``block``, for more patients than memory likes.

    Raises
    ------
    EvaluationError
        No patients or no resamples.
    """
    if patients < 1 or resamples < 1:
        raise EvaluationError(f"{patients} patients, {resamples} resamples; expected at least one of each")
    generator = np.random.default_rng(seed)
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        yield generator.multinomial(patients, np.full(patients, 1 / patients), size=size)


def percentile_interval(
    value: float, resampled: NDArray[np.float64], *, patients: int, level: float = LEVEL
) -> Interval:
    """Return the percentile interval of a statistic's resampled values [resamples], NaN ones left out.

    Raises
    ------
    EvaluationError
        A level that is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise EvaluationError(f"level={level}; expected a number between 0 and 1, such as 0.95")
    defined = resampled[~np.isnan(resampled)]
    if patients < 2 or not defined.size:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def intervals(
    point: NDArray[np.float64], resampled: NDArray[np.float64], patients: NDArray[np.int64], level: float
) -> list[Interval]:
    """Return the percentile interval of each of several statistics.

    Parameters
    ----------
    point
        [n] the statistics of all items.
    resampled
        [resamples, n].
    patients
        [n] how many patients have a part in each: one that rests on a single patient has no interval.
    level
        See `percentile_interval`.
    """
    return [
        percentile_interval(float(one), resampled[:, index], patients=int(patients[index]), level=level)
        for index, one in enumerate(point)
    ]
