"""Breath cycles of a recording that nobody annotated, from the envelope of its breathing.

A cycle is taken to begin where inspiration sets in after the pause that ends expiration: the annotators of
the ICBHI database put their boundaries there too. In the envelope that is the foot of a rise that follows a
low. `resp.score.breath_period` finds the period, `resp.score.breath_boundaries` the boundaries, and
`resp.score.breath_rate` the interval of the rate. What else was tried, and how well each way finds the
boundaries that people annotated, stands in ``benchmarks/breath_cycles.md``.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.score.breath_boundaries import SHORTEST_S, find_boundaries, rise
from resp.score.breath_period import PERIOD_S, STEP_S, find_period
from resp.score.breath_rate import rate_interval
from resp.score.envelope import PARTS, breathing_envelope_db, smooth
from resp.score.errors import ScoreError

Floats = NDArray[np.float64]

# Annotators put a boundary where they hear the breath begin, by so much after the foot of its rise: the median
# over hits; 0.04 to 0.06 whichever patient of the benchmark is left out.
HEARD_AFTER_S = 0.05
BOUNDARY_SMOOTHING_S = 0.08
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
    breaths_per_min_interval
        Its 95 % interval: see `resp.score.breath_rate.rate_interval`. It is wide where cycles are few or
        uneven, and where the envelope is about as alike at another lag, such as half or twice the rate.
    confidence
        How alike the cycles are, 0 to 1: the mean correlation of each whole cycle's envelope with the mean
        of the others, all brought to one length.
    rise_db
        Mean rise of the envelope at the boundaries, in dB.
    """

    cycles: tuple[tuple[float, float], ...]
    breaths_per_min: float
    breaths_per_min_interval: tuple[float, float]
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
    period = find_period(envelope_db, duration_s)
    if period is None:
        return None
    level_db = smooth(envelope_db, BOUNDARY_SMOOTHING_S / STEP_S)
    boundaries = find_boundaries(level_db, period.period_s)
    if len(boundaries) < 2:
        return None
    rise_db = float(rise(level_db)[boundaries].mean())
    confidence = _likeness(level_db, boundaries)
    if rise_db < MIN_RISE_DB or confidence < MIN_CONFIDENCE:
        return None
    step_s = step / rate_hz
    times = boundaries.astype(np.float64) * step_s
    lengths_s = np.diff(times)
    return BreathCycles(
        cycles=_tile(times + HEARD_AFTER_S, duration_s),
        breaths_per_min=float(60 / np.median(lengths_s)),
        breaths_per_min_interval=rate_interval(lengths_s, period.others, step_s),
        confidence=confidence,
        rise_db=rise_db,
    )


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
