"""Breath cycles of a recording that nobody annotated, from the envelope of its breathing.

A cycle is taken to begin where inspiration sets in after the pause that ends expiration: the annotators of
the ICBHI database put their boundaries there too. In the envelope that is the foot of a rise that follows a
low. The period comes from the envelope's autocorrelation, the boundaries from dynamic programming that
weighs the rise at each boundary against the departure of each cycle from the period (as in beat tracking:
Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007).
"""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.score.envelope import PARTS, breathing_envelope_db, smooth
from resp.score.errors import ScoreError

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
PERIOD_SMOOTHING_S = 0.35
BOUNDARY_SMOOTHING_S = 0.08
TREND_S = 4.0
AFTER_S, BEFORE_S = 0.6, 0.4
LOW_WEIGHT = 0.5
EVENNESS = 2.0
SHORTEST_S = 0.5
# Below these there is no clear envelope: steady noise rises by 0.6 dB at most, and noise whose level wanders
# at random is about as alike from cycle to cycle as 0.5.
MIN_RISE_DB = 1.5
MIN_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class BreathCycles:
    """Where a recording's breaths begin and end.

    Parameters
    ----------
    cycles
        ``(start_s, end_s)`` in order, without gaps; the first and the last may be cut by the recording's
        ends.
    breaths_per_min
        60 over the median length of the whole cycles.
    confidence
        How alike the cycles are, 0 to 1: the mean correlation of each whole cycle's envelope with the mean
        of the others, all brought to one length.
    rise_db
        Mean rise of the envelope at the boundaries, in dB.
    """

    cycles: tuple[tuple[float, float], ...]
    breaths_per_min: float
    confidence: float
    rise_db: float


def find_cycles(samples: NDArray[Any], rate_hz: int) -> BreathCycles | None:
    """Cut a recording into breath cycles.

    Parameters
    ----------
    samples
        One channel, [time].
    rate_hz
        Sampling rate in Hz.

    Returns
    -------
    BreathCycles | None
        None where no breathing envelope stands out: too short for two breaths, silent, even noise, or events
        that do not recur like breaths.

    Raises
    ------
    ScoreError
        Samples that are not one channel, or a rate that is not positive.
    """
    if np.ndim(samples) != 1:
        raise ScoreError(f"samples of shape {np.shape(samples)}; expected one channel, [time]: average them first")
    if rate_hz <= 0:
        raise ScoreError(f"a rate of {rate_hz} Hz; expected a positive number")
    duration_s = len(samples) / rate_hz
    if duration_s < 2 * PERIOD_S[0] + STEP_S:
        return None
    step = max(PARTS, round(STEP_S * rate_hz))
    envelope_db = breathing_envelope_db(samples, rate_hz, step)
    if np.ptp(envelope_db) < MIN_RISE_DB:
        return None
    period_s = _period(envelope_db, duration_s)
    if period_s is None:
        return None
    level_db = smooth(envelope_db, BOUNDARY_SMOOTHING_S / STEP_S)
    boundaries = _boundaries(level_db, period_s)
    if len(boundaries) < 2:
        return None
    rise_db = float(_rise(level_db)[boundaries].mean())
    confidence = _likeness(level_db, boundaries)
    if rise_db < MIN_RISE_DB or confidence < MIN_CONFIDENCE:
        return None
    times = boundaries.astype(np.float64) * (step / rate_hz)
    return BreathCycles(
        cycles=_tile(times, duration_s),
        breaths_per_min=float(60 / np.median(np.diff(times))),
        confidence=confidence,
        rise_db=rise_db,
    )


def _standardised(envelope_db: Floats, smoothing_s: float) -> Floats:
    value = smooth(envelope_db, smoothing_s / STEP_S)
    value = value - smooth(value, TREND_S / STEP_S)
    return value / (float(value.std()) + 1e-12)


def _period(envelope_db: Floats, duration_s: float) -> float | None:
    """Return the lag in seconds at which the envelope is most like itself, or None without any peak."""
    value = _standardised(envelope_db, PERIOD_SMOOTHING_S)
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
    best = int(peaks[np.argmax(likeness[peaks] - PRIOR_WEIGHT * unusual)])
    for peak in peaks[peaks < best]:
        ratio = best / peak
        whole = abs(ratio - round(ratio)) < 0.075 * round(ratio)
        if whole and likeness[peak] >= SUBMULTIPLE_SHARE * likeness[best] > 0:
            return float(peak * STEP_S)
    return best * STEP_S


def _rise(level: Floats) -> Floats:
    """Return the mean of the time just after each step minus the mean of the time just before it."""
    count = len(level)
    total = np.concatenate([[0.0], np.cumsum(level)])
    index = np.arange(count)
    stop = np.minimum(index + round(AFTER_S / STEP_S), count)
    start = np.maximum(index - round(BEFORE_S / STEP_S), 0)
    after = (total[stop] - total[index]) / (stop - index)
    before = (total[index] - total[start]) / np.maximum(index - start, 1)
    before[0] = level[0]
    return np.asarray(after - before)


def _boundaries(level_db: Floats, period_s: float) -> NDArray[np.intp]:
    """Return the steps at which cycles begin: high rises from low levels, about a period apart."""
    level = _standardised(level_db, 0.0)
    reward = _rise(level) - LOW_WEIGHT * level
    shortest = max(1, round(max(SHORTEST_S, 0.5 * period_s) / STEP_S))
    longest = round(min(2 * period_s, PERIOD_S[1]) / STEP_S)
    gaps = np.arange(shortest, max(longest, shortest) + 1)
    penalty = EVENNESS * np.log(gaps * STEP_S / period_s) ** 2
    count = len(reward)
    score = reward.copy()
    previous = np.full(count, -1, dtype=np.intp)
    for step in range(shortest, count):
        usable = gaps[: step - shortest + 1]
        chain = score[step - usable] - penalty[: len(usable)]
        best = int(np.argmax(chain))
        # Only within the first stretch may a chain begin; later a boundary always follows another.
        if chain[best] > 0 or step > longest:
            score[step] += chain[best]
            previous[step] = step - usable[best]
    last_stretch = max(0, count - round(period_s / STEP_S))
    step = last_stretch + int(np.argmax(score[last_stretch:]))
    found = []
    while step >= 0:
        found.append(step)
        step = int(previous[step])
    return np.array(found[::-1], dtype=np.intp)


def _likeness(level_db: Floats, boundaries: NDArray[np.intp], points: int = 40) -> float:
    """Return the mean correlation of each cycle's envelope with the mean of the other cycles."""
    cycles = [
        np.interp(np.linspace(start, stop, points), np.arange(len(level_db)), level_db)
        for start, stop in itertools.pairwise(boundaries)
    ]
    if len(cycles) < 2:
        return 0.0
    shape = np.array(cycles)
    shape = shape - shape.mean(axis=1, keepdims=True)
    shape = shape / (np.linalg.norm(shape, axis=1, keepdims=True) + 1e-12)
    others = shape.sum(axis=0) - shape
    others = others / (np.linalg.norm(others, axis=1, keepdims=True) + 1e-12)
    return float(np.clip((shape * others).sum(axis=1).mean(), 0, 1))


def _tile(times: Floats, duration_s: float) -> tuple[tuple[float, float], ...]:
    """Return the cycles between ``times`` and at both ends; too short an end joins its neighbour."""
    edges = [float(time) for time in times if SHORTEST_S <= time <= duration_s - SHORTEST_S]
    edges = [0.0, *edges, duration_s]
    return tuple((start, stop) for start, stop in itertools.pairwise(edges) if not math.isclose(start, stop))
