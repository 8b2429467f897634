"""What `resp.audio.measures` measures, of a channel that comes piece by piece: the same numbers in little memory."""

import numpy as np
from numpy.typing import NDArray

from resp.audio.measures import (
    AUDIBLE_POWER,
    FLAT_LEAST_PEAK,
    FLAT_RUN,
    FLAT_TOLERANCE,
    FLOOR_DB,
    FRAME_S,
    GAP_S,
    SILENT_DBFS,
    Samples,
    decibels,
    runs,
)

_STEP_DB, _HIGHEST_DB = 0.01, 80.0


class Runs:
    """Lengths of runs of True, those across the edges of pieces too.

    Parameters
    ----------
    shortest
        Runs of at least so many count.
    """

    def __init__(self, shortest: int) -> None:
        self.shortest = shortest
        self.count, self.total = 0, 0
        self._open = 0

    def add(self, marked: NDArray[np.bool_]) -> None:
        """Take the next piece, [time]."""
        if not marked.size:
            return
        starts, lengths = runs(marked)
        if self._open and not marked[0]:
            self._close(self._open)
            self._open = 0
        if starts.size and starts[0] == 0:
            lengths[0] += self._open
            self._open = 0
        if marked[-1]:
            self._open, lengths = int(lengths[-1]), lengths[:-1]
        long = lengths[lengths >= self.shortest]
        self.count += long.size
        self.total += int(long.sum())

    def finish(self) -> None:
        """Count a run that lasts to the end."""
        self._close(self._open)
        self._open = 0

    def drop_open(self) -> None:
        """Forget a run that is not over."""
        self._open = 0

    def _close(self, length: int) -> None:
        if length >= self.shortest:
            self.count += 1
            self.total += length


class ClippedSamples:
    """`clipping_share` of a channel whose lowest and highest samples are known.

    Parameters
    ----------
    lowest, highest
        Of the whole channel.
    """

    def __init__(self, lowest: float, highest: float) -> None:
        peak = max(abs(lowest), abs(highest))
        extremes = (highest, lowest) if peak >= FLAT_LEAST_PEAK else ()
        self._tops = [(np.float32(one), Runs(FLAT_RUN)) for one in extremes if abs(one) >= FLAT_LEAST_PEAK]
        self._tolerance = FLAT_TOLERANCE * peak
        self._samples = 0

    def add(self, channel: Samples) -> None:
        """Take the next samples, [time]."""
        self._samples += channel.size
        for extreme, top in self._tops:
            top.add(np.abs(channel - extreme) <= self._tolerance)

    def share(self) -> float:
        """Return the share of all samples that lie on a flat top."""
        for _, top in self._tops:
            top.finish()
        return min(1.0, sum(top.total for _, top in self._tops) / max(1, self._samples))


class Gaps:
    """`gaps` of a channel whose lowest and highest samples are known.

    Parameters
    ----------
    rate_hz
        Of the channel.
    lowest, highest
        Of the whole channel: a run of either is clipping, not a gap.
    """

    def __init__(self, rate_hz: int, lowest: float, highest: float) -> None:
        # A gap of n equal samples is a run of n - 1 differences of zero.
        shortest = max(1, int(np.ceil(GAP_S * rate_hz)) - 1)
        self._rate_hz = rate_hz
        self._lowest, self._highest = np.float32(lowest), np.float32(highest)
        self._runs = Runs(shortest)
        self._last: Samples = np.zeros(0, dtype=np.float32)
        self._begun = False

    def add(self, channel: Samples) -> None:
        """Take the next samples, [time]."""
        sound = np.concatenate([self._last, channel])
        self._last = sound[-1:].copy()
        same = (np.diff(sound) == 0) & (sound[:-1] < self._highest) & (sound[:-1] > self._lowest)
        if not same.size:
            return
        if not self._begun:
            # Silence before the first sound is no gap.
            other = np.flatnonzero(np.diff(sound) != 0)
            if not other.size:
                return
            self._begun = True
            same[: other[0]] = False
        self._runs.add(same)

    def measured(self) -> tuple[int, float]:
        """Return how many gaps there are, and their length in all in seconds; one that lasts to the end is none."""
        self._runs.drop_open()
        return self._runs.count, (self._runs.total + self._runs.count) / self._rate_hz


class SilentFrames:
    """`silence_share` of a channel of at least a frame."""

    def __init__(self, rate_hz: int, samples: int) -> None:
        self._length = max(1, min(int(FRAME_S * rate_hz), samples))
        self._left: Samples = np.zeros(0, dtype=np.float32)
        self._silent, self._frames = 0, 0

    def add(self, channel: Samples) -> None:
        """Take the next samples, [time]."""
        sound = np.concatenate([self._left, channel])
        whole = sound.size // self._length * self._length
        variance = sound[:whole].reshape(-1, self._length).var(axis=1, dtype=np.float64)
        self._silent += int((variance < 10 ** (SILENT_DBFS / 10)).sum())
        self._frames += variance.size
        self._left = sound[whole:].copy()

    def share(self) -> float:
        """Return the share of the whole frames that are silent."""
        return self._silent / max(1, self._frames)


class PowerLevels:
    """`background` of frames' powers that are counted in steps of 0.01 dB instead of kept."""

    def __init__(self) -> None:
        self._counts = np.zeros(round((_HIGHEST_DB - FLOOR_DB) / _STEP_DB) + 1, dtype=np.int64)

    def add(self, power: NDArray[np.float64]) -> None:
        """Take the powers of frames, [frames]."""
        sounding = power[power > AUDIBLE_POWER]
        steps = np.rint((10 * np.log10(sounding) - FLOOR_DB) / _STEP_DB).astype(np.int64)
        self._counts += np.bincount(np.clip(steps, 0, self._counts.size - 1), minlength=self._counts.size)

    def background(self) -> tuple[float, float]:
        """Return the level of the quietest tenth, dBFS, and how far the loudest tenth rises above it, dB."""
        total = int(self._counts.sum())
        if total == 0:
            return FLOOR_DB, 0.0
        low, high = (self._quantile_db(share * (total - 1)) for share in (0.1, 0.9))
        return low, high - low

    def _quantile_db(self, place: float) -> float:
        """Return the level at a place between the sorted frames; between two, powers are interpolated."""
        ranks = np.array([np.floor(place), np.ceil(place)])
        levels_db = FLOOR_DB + _STEP_DB * np.searchsorted(np.cumsum(self._counts), ranks, side="right")
        below, above = 10 ** (levels_db / 10)
        return decibels(float(below + (place - ranks[0]) * (above - below)))
