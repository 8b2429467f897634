"""Where a recording has knocks: thumps of a chest piece that is put on, moved, rubbed or taken off.

A knock is short, far louder than anything else in its recording, and low: most of its energy lies below 150 Hz. A
crackle is short too, but higher and not so much louder. A heart over a quiet lung makes loud low thumps as well, which
are alike and come again and again: these are left out.
"""

import numpy as np
from numpy.typing import NDArray

from resp.audio.measures import SILENT_DBFS, Samples, runs

HOP_S = 0.0125
# What lies below is hardly heard, and no earphone plays it.
_LOWEST_HZ, _LOW_HZ = 40.0, 150.0
_LOUDER_DB = 20.0
# Where the loudness of a knock ends: marked are its neighbours too that still stand out.
_STILL_DB = 12.0
# Of the recording's own loudness, the ninetieth percentile of its frames; handling all the time raises that.
_MOST_ABOVE_MEDIAN_DB = 16.0
_LEAST_LOW_SHARE = 0.4
_JOIN_S = 0.3
# Steps of the converter are no reference.
_QUIET_DB = -70.0
# Beats of a heart: at least that many, as short and as alike.
_BEATS, _BEAT_S, _BEAT_SPREAD_DB = 6, 0.1, 3.0


def knock_places(sound: Samples, rate_hz: int) -> list[tuple[float, float]]:
    """Return start and end, in seconds, of each knock or stretch of handling in [time].

    Parameters
    ----------
    sound
        [time]
    rate_hz
        Its rate in Hz, above 400.
    """
    hop = round(HOP_S * rate_hz)
    if sound.size < 4 * hop:
        return []
    level, low = _powers(sound, rate_hz, hop)
    level_db = 10 * np.log10(level + 1e-12)
    # Digital silence, before the recorder began or where it broke off, says nothing of how loud it usually is.
    sounding_db = level_db[level_db > SILENT_DBFS]
    if sounding_db.size == 0:
        return []
    median_db, loud_db = np.quantile(sounding_db, [0.5, 0.9])
    usual_db = max(min(float(loud_db), float(median_db) + _MOST_ABOVE_MEDIAN_DB), _QUIET_DB)
    thumps = []
    for start, length in zip(*runs(level_db > usual_db + _STILL_DB), strict=True):
        here = slice(start, start + length)
        excess_db = float(level_db[here].max()) - usual_db
        if excess_db > _LOUDER_DB and low[here].sum() > _LEAST_LOW_SHARE * level[here].sum():
            thumps.append((int(start), int(start + length), excess_db))
    if _are_beats(thumps):
        return []
    places: list[tuple[float, float]] = []
    for first, last, _ in thumps:
        # A frame is two hops long.
        start_s, end_s = first * HOP_S, min((last + 1) * HOP_S, sound.size / rate_hz)
        if places and start_s - places[-1][1] <= _JOIN_S:
            places[-1] = (places[-1][0], end_s)
        else:
            places.append((start_s, end_s))
    return places


def _powers(sound: Samples, rate_hz: int, hop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the power above 40 Hz of each frame, and that part of it that lies below 150 Hz, [frames]."""
    from scipy.signal import butter, sosfilt

    lowest = butter(4, _LOWEST_HZ, "highpass", fs=rate_hz, output="sos")
    heard = sosfilt(lowest, sound - np.mean(sound, dtype=np.float64))
    low = sosfilt(butter(4, _LOW_HZ, "lowpass", fs=rate_hz, output="sos"), heard)
    count = sound.size // hop
    hops = [np.mean(part[: count * hop].reshape(count, hop) ** 2, axis=1) for part in (heard, low)]
    whole, below = (0.5 * (part[1:] + part[:-1]) for part in hops)
    return whole, below


def _are_beats(thumps: list[tuple[int, int, float]]) -> bool:
    if len(thumps) < _BEATS:
        return False
    lengths_s = [(last - first + 1) * HOP_S for first, last, _ in thumps]
    return max(lengths_s) <= _BEAT_S and float(np.std([excess_db for _, _, excess_db in thumps])) <= _BEAT_SPREAD_DB
