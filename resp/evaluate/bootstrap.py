"""Intervals by resampling patients: the items of one patient are not independent of each other.

Source: Field & Welsh, "Bootstrapping clustered data", Journal of the Royal Statistical Society B 69, 2007;
percentile intervals as in Efron & Tibshirani, "An introduction to the bootstrap", 1993.
"""

from collections.abc import Callable, Sequence
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
    if patients < 1 or resamples < 1:
        raise EvaluationError(f"{patients} patients, {resamples} resamples; expected at least one of each")
    generator = np.random.default_rng(seed)
    return generator.multinomial(patients, np.full(patients, 1 / patients), size=resamples)


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
