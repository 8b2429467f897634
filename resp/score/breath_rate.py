"""The 95 % interval of a breathing rate: how far cycles vary, and which other period could be meant."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
# How far the logarithms of a recording's cycles vary, and how many cycles that is worth knowing beforehand:
# maximum likelihood over the annotations of the 429 ICBHI recordings of 86 patients that the benchmark does
# not use and that have five whole cycles or more (the ratio of variances has an F distribution).
USUAL_VARIATION = 0.068
USUAL_WEIGHT = 1.9
# Standard error of a median over that of a mean, for normal errors: sqrt(pi / 2).
MEDIAN_ERROR = 1.2533
# Standard deviation over median absolute deviation, for normal errors.
DEVIATION = 1.4826
# Where the quantiles are looked for; 1000 steps a factor e, so that they are right to a thousandth.
FASTEST, SLOWEST, STEPS_PER_E = 200.0, 2.0, 1000


def rate_interval(
    lengths_s: Sequence[float] | Floats, others: Sequence[tuple[float, float]] = (), resolution_s: float = 0.0
) -> tuple[float, float]:
    """Return the 95 % interval of 60 over the median cycle.

    The logarithm of the median cycle has Student's t distribution, its variance that of the cycles together
    with what is known of other recordings (inverse gamma prior). The variance of the cycles comes from their
    median absolute deviation: a breath that was passed over or cut in two moves the median little, and may not
    widen its interval much either. Other periods that the envelope supports each have the same distribution
    about their own place, and all are mixed by their weights: an interval then reaches out to a period that is
    too likely to be ruled out.

    Parameters
    ----------
    lengths_s
        Lengths of the whole cycles in seconds, positive, at least one.
    others
        ``(period_s, weight)`` of periods that may be meant instead; the found one weighs 1.
    resolution_s
        Steps of time in which the lengths were measured.

    Returns
    -------
    tuple of float
        Lowest and highest rate, breaths per minute.
    """
    # scipy takes a quarter of a second to import.
    from scipy.special import stdtr

    logs = np.log(np.asarray(lengths_s, dtype=np.float64))
    count = len(logs)
    middle = float(np.median(logs))
    freedom = USUAL_WEIGHT + count - 1
    own = (DEVIATION * float(np.median(np.abs(logs - middle)))) ** 2
    variance = (USUAL_WEIGHT * USUAL_VARIATION**2 + (count - 1) * own) / freedom
    # A rounded length is off by a standard deviation of its step over the square root of twelve.
    rounding = resolution_s / np.exp(middle)
    error = float(np.sqrt(MEDIAN_ERROR**2 * variance / count + rounding**2 / 12))

    places = np.array([middle, *(np.log(period_s) for period_s, _ in others)])
    weights = np.array([1.0, *(weight for _, weight in others)])
    weights = weights / weights.sum()
    low, high = np.log(60 / FASTEST), np.log(60 / SLOWEST)
    grid = np.linspace(low, high, round((high - low) * STEPS_PER_E))
    below = np.zeros_like(grid)
    for place, weight in zip(places, weights, strict=True):
        below += weight * stdtr(freedom, (grid - place) / error)
    tail = (1 - LEVEL) / 2
    shortest, longest = np.interp([tail, 1 - tail], below, grid)
    return float(60 / np.exp(longest)), float(60 / np.exp(shortest))
