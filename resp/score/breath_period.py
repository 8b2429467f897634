"""The period of breathing: the lag at which the envelope is most like itself, and the lags that compete with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.score.envelope import smooth

Floats = NDArray[np.float64]

STEP_S = 0.02
# Resting adults to fast-breathing children: 50 to 7.5 breaths a minute.
PERIOD_S = (1.2, 8.0)
# Centre and spread (of the logarithm) of the ICBHI recordings' median cycles, 900 recordings that the
# benchmark does not use; it settles only between peaks that the envelope supports about equally.
USUAL_PERIOD_S = 2.8
USUAL_SPREAD = 0.4
PRIOR_WEIGHT = 0.3
# A peak at a whole fraction of the best lag wins when it is nearly as high: every period repeats at its
# multiples.
SUBMULTIPLE_SHARE = 0.8
# How fast the odds of another peak fall with its lower score: chosen in benchmarks/breath_cycles.py, as the
# largest value at which 95 % of the recordings lie within their intervals.
PEAK_ODDS = 20.0
PERIOD_SMOOTHING_S = 0.35
TREND_S = 4.0


@dataclass(frozen=True, slots=True)
class Period:
    """How long a breath takes.

    Parameters
    ----------
    period_s
        The period in seconds.
    others
        ``(period_s, weight)`` of every other peak of the autocorrelation: periods that may be meant instead.
        The found one's weight is 1, and no other has more.
    """

    period_s: float
    others: tuple[tuple[float, float], ...]


def find_period(envelope_db: Floats, duration_s: float) -> Period | None:
    """Find the lag at which an envelope is most like itself.

    Parameters
    ----------
    envelope_db
        [steps of `STEP_S`]; changes slower than `TREND_S` are taken out.
    duration_s
        Length of the recording; a period has to fit twice.

    Returns
    -------
    Period | None
        None where the autocorrelation has no peak within `PERIOD_S`.
    """
    value = standardised(envelope_db, PERIOD_SMOOTHING_S)
    count = len(value)
    spectrum = np.fft.rfft(value, 2 * count)
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[:count]
    # Unbiased, but not beyond twofold: long lags rest on few samples.
    likeness = likeness / likeness[0] * np.minimum(count / (count - np.arange(count)), 2.0)
    inner = np.arange(1, count - 1)
    peaks = inner[(likeness[inner] >= likeness[inner - 1]) & (likeness[inner] >= likeness[inner + 1])]
    lags_s = peaks * STEP_S
    peaks = peaks[(lags_s >= PERIOD_S[0]) & (lags_s <= min(PERIOD_S[1], duration_s / 2))]
    if len(peaks) == 0:
        return None
    unusual = (np.log(peaks * STEP_S / USUAL_PERIOD_S) / USUAL_SPREAD) ** 2 / 2
    scores = likeness[peaks] - PRIOR_WEIGHT * unusual
    chosen = _fundamental(peaks, likeness, int(np.argmax(scores)))
    # No more likely than the chosen one: where a multiple scores higher, it was put aside as its echo.
    weights = np.exp(PEAK_ODDS * np.minimum(scores - scores[chosen], 0.0))
    others = [(float(peak * STEP_S), float(weight)) for peak, weight in zip(peaks, weights, strict=True)]
    period_s, _ = others.pop(chosen)
    return Period(period_s, tuple(others))


def _fundamental(peaks: NDArray[np.intp], likeness: Floats, best: int) -> int:
    """Return the first peak at a whole fraction of the best one's lag and nearly as high, or the best."""
    for index, peak in enumerate(peaks[:best]):
        ratio = peaks[best] / peak
        whole = abs(ratio - round(ratio)) < 0.075 * round(ratio)
        if whole and likeness[peak] >= SUBMULTIPLE_SHARE * likeness[peaks[best]] > 0:
            return index
    return best


def standardised(envelope_db: Floats, smoothing_s: float) -> Floats:
    """Return an envelope, smoothed, without its slow trend, and with a standard deviation of one."""
    value = smooth(envelope_db, smoothing_s / STEP_S)
    value = value - smooth(value, TREND_S / STEP_S)
    return value / (float(value.std()) + 1e-12)
