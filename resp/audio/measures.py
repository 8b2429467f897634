"""Measurements of a signal, each a pure function of samples: clipping, gaps, levels, spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FLOOR_DB = -120.0
AUDIBLE_POWER = 10 ** (FLOOR_DB / 10)
FRAME_S = 0.05
SILENT_DBFS = -80.0
GAP_S = 0.01
# Breath sounds lie between: below are heart and handling, above hardly anything of the breath itself.
BREATH_BAND_HZ = (100.0, 2000.0)

FLAT_RUN = 3
FLAT_TOLERANCE = 1e-4
# Below −26 dBFS, equal neighbours at the extreme are the steps of the converter rather than clipping.
FLAT_LEAST_PEAK = 0.05
_BLOCK_FRAMES = 512
_NONE: NDArray[np.intp] = np.empty(0, dtype=np.intp)
_EDGE_DB = 10.0
_FLAT_SPECTRUM_DB = 20.0
# Spectral density in dB per Hz below which there is nothing: under the noise of 24 bits at 44.1 kHz lies no
# sound.
_DENSITY_FLOOR_DB = -150.0
_BAND_HZ = 100.0
_BAND_FLOOR_DB = -90.0


def decibels(power: float) -> float:
    """Return a power ratio in dB, not below −120."""
    return max(FLOOR_DB, 10 * float(np.log10(power))) if power > 0 else FLOOR_DB


def level_dbfs(channel: Samples) -> float:
    """Return the RMS level of [time] without its DC, in dBFS (RMS 1.0 is 0)."""
    return decibels(float(np.var(channel, dtype=np.float64)))


def flat_tops(channel: Samples) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return start and length, in samples, of each flat top of [time], those of the upper side first.

    A flat top is three or more samples in a row at the channel's own largest or smallest value, wherever that
    is: a clipped sound that was made quieter later is still clipped.
    """
    peak = float(np.abs(channel).max())
    starts, lengths = [_NONE], [_NONE]
    for extreme in (float(channel.max()), float(channel.min())):
        # An extreme far below the other side's is no ceiling: it is where the sound happened to end.
        if abs(extreme) < FLAT_LEAST_PEAK:
            continue
        first, length = runs(np.abs(channel - np.float32(extreme)) <= FLAT_TOLERANCE * peak)
        flat = length >= FLAT_RUN
        starts.append(first[flat])
        lengths.append(length[flat])
    return np.concatenate(starts), np.concatenate(lengths)


def clipping_share(channel: Samples) -> float:
    """Return the share of samples of [time] on a flat top (`flat_tops`)."""
    return min(1.0, float(flat_tops(channel)[1].sum()) / channel.size)


def gap_runs(channel: Samples, rate_hz: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return start and length, in samples, of each gap in [time].

    A gap is 10 ms or more of one constant value with sound before and after; a silent beginning or end is
    none.
    """
    starts, lengths = runs(np.diff(channel) == 0)
    inside = (starts > 0) & (starts + lengths < channel.size - 1) & (lengths + 1 >= GAP_S * rate_hz)
    # A long flat top is clipping, not a gap.
    inside &= (channel[starts] < channel.max()) & (channel[starts] > channel.min())
    return starts[inside], lengths[inside] + 1


def gaps(channel: Samples, rate_hz: int) -> tuple[int, float]:
    """Return how many gaps there are in [time] (`gap_runs`) and their length in all, in seconds."""
    _, lengths = gap_runs(channel, rate_hz)
    return len(lengths), float(lengths.sum() / rate_hz)


def silent_frames(channel: Samples, rate_hz: int) -> tuple[NDArray[np.bool_], float]:
    """Tell which 50 ms frames of [time] have a level without DC below −80 dBFS; and how long a frame is, in s."""
    length = max(1, min(int(FRAME_S * rate_hz), channel.size))
    frames = channel[: channel.size // length * length].reshape(-1, length)
    variance = frames.var(axis=1, dtype=np.float64)
    return variance < 10 ** (SILENT_DBFS / 10), length / rate_hz


def silence_share(channel: Samples, rate_hz: int) -> float:
    """Return the share of 50 ms frames of [time] that are silent (`silent_frames`)."""
    return float(np.mean(silent_frames(channel, rate_hz)[0]))


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power over frequency and time, from windowed 50 ms frames with half overlap.

    Parameters
    ----------
    frequency_hz
        [bins]
    density
        Mean power spectral density, full scale squared per Hz, [bins].
    breath_power
        Power within 100–2000 Hz of each frame, [frames].
    """

    frequency_hz: NDArray[np.float64]
    density: NDArray[np.float64]
    breath_power: NDArray[np.float64]


class Periodogram:
    """The averaged periodogram (Welch 1967) of sound that comes piece by piece.

    Parameters
    ----------
    rate_hz
        Of the sound.
    samples
        How many there are at least in all: of fewer than 50 ms all are one frame.
    """

    def __init__(self, rate_hz: int, samples: int) -> None:
        self.length = max(2, min(int(FRAME_S * rate_hz), samples) // 2 * 2)
        self.frequency_hz = np.asarray(np.fft.rfftfreq(self.length, 1 / rate_hz), dtype=np.float64)
        self._weights = _window(self.length)
        self._in_breath = (self.frequency_hz >= BREATH_BAND_HZ[0]) & (self.frequency_hz <= BREATH_BAND_HZ[1])
        one_sided = np.full(self.frequency_hz.size, 2.0)
        one_sided[[0, -1]] = 1.0
        self._scale: NDArray[np.float64] = one_sided / (rate_hz * float((self._weights**2).sum()))
        self._bin_hz = rate_hz / self.length
        self._total: NDArray[np.float64] = np.zeros(self.frequency_hz.size)
        self._frames = 0
        self._left: Samples = np.zeros(0, dtype=np.float32)

    def add(self, channel: Samples) -> NDArray[np.float64]:
        """Take the next samples [time]; return the power within 100–2000 Hz of each frame that they complete."""
        sound = np.concatenate([self._left, channel]) if self._left.size else channel
        if sound.size < self.length:
            self._left = sound.copy()
            return np.zeros(0)
        views = np.lib.stride_tricks.sliding_window_view(sound, self.length)[:: self.length // 2]
        breath = []
        # In blocks: an hour at 192 kHz must not need its whole spectrogram in memory.
        for start in range(0, len(views), _BLOCK_FRAMES):
            block = views[start : start + _BLOCK_FRAMES].astype(np.float64)
            block -= block.mean(axis=1, keepdims=True)
            power = np.abs(np.fft.rfft(block * self._weights, axis=1)) ** 2 * self._scale
            self._total += power.sum(axis=0)
            breath.append(power[:, self._in_breath].sum(axis=1) * self._bin_hz)
        self._frames += len(views)
        self._left = sound[len(views) * (self.length // 2) :].copy()
        return np.concatenate(breath)

    def density(self) -> NDArray[np.float64]:
        """Return the mean power spectral density of the frames so far, [bins]."""
        return self._total / max(1, self._frames)


def spectrum(channel: Samples, rate_hz: int) -> Spectrum:
    """Return the averaged periodogram (Welch 1967) of [time] and the breath-band power of each frame."""
    measured = Periodogram(rate_hz, channel.size)
    breath_power = measured.add(np.pad(channel, (0, max(0, measured.length - channel.size))))
    return Spectrum(measured.frequency_hz, measured.density(), breath_power)


def _window(length: int) -> NDArray[np.float64]:
    """Return Nuttall's four-term window (IEEE Trans ASSP 1981;29:84, continuous first derivative), [length].

    Between breath at 100 Hz and the floor above a filter lie 90 dB; a Hann window would smear the one over
    the other.
    """
    angle = 2 * np.pi * np.arange(length) / length
    weights = (0.355768, -0.487396, 0.144232, -0.012604)
    window: NDArray[np.float64] = np.sum([weight * np.cos(k * angle) for k, weight in enumerate(weights)], axis=0)
    return window


def energy_share_above(measured: Spectrum, frequency_hz: float) -> float:
    """Return the share of the energy that lies above a frequency."""
    total = float(measured.density.sum())
    above = float(measured.density[measured.frequency_hz > frequency_hz].sum())
    return min(1.0, above / total) if total > 0 else 0.0


def band_limit(measured: Spectrum) -> tuple[float, float]:
    """Return the frequency (Hz) above which the spectrum holds nothing but its floor, and that floor (dB).

    The floor is the quietest tenth of the 100 Hz bands, given relative to the strongest band; a band counts
    where it is 10 dB above the floor. A spectrum that is flat within 20 dB has no floor to see: its limit is
    half the rate. The limit of silence is 0 Hz.
    """
    nyquist_hz = float(measured.frequency_hz[-1])
    bins = max(1, round(_BAND_HZ / float(measured.frequency_hz[1])))
    count = measured.density.size // bins
    # The bin at 0 Hz was emptied with the DC; bands are counted from the top so that it is the one left over.
    bands = measured.density[-count * bins :].reshape(count, bins).mean(axis=1)
    upper_hz = measured.frequency_hz[-count * bins :].reshape(count, bins)[:, -1]
    density_db = 10 * np.log10(np.maximum(bands, 10 ** (_DENSITY_FLOOR_DB / 10)))
    floor_db, strongest_db = float(np.quantile(density_db, 0.1)), float(density_db.max())
    if strongest_db <= _DENSITY_FLOOR_DB + _EDGE_DB:
        return 0.0, 0.0
    if strongest_db - floor_db < _FLAT_SPECTRUM_DB:
        return nyquist_hz, floor_db - strongest_db
    return float(upper_hz[np.flatnonzero(density_db > floor_db + _EDGE_DB)[-1]]), floor_db - strongest_db


def band_levels(measured: Spectrum, edges_hz: Sequence[float]) -> NDArray[np.float64]:
    """Return the mean spectral density of each band in dB, relative to the mean over the bands.

    So a recording's own level is left out, and its spectrum's shape remains.

    Parameters
    ----------
    measured
        Of a recording.
    edges_hz
        [bands + 1] ascending, at least one bin of the spectrum (20 Hz) between two of them. A band above half of the
        rate holds nothing.

    Returns
    -------
    ndarray
        float64 [bands]; a band that holds nothing counts as 90 dB below the strongest one.
    """
    frequency_hz, density = measured.frequency_hz, measured.density
    bands = np.array(
        [
            density[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].mean() if low_hz < frequency_hz[-1] else 0.0
            for low_hz, high_hz in pairwise(edges_hz)
        ]
    )
    strongest = float(bands.max())
    if strongest <= 0:
        return np.zeros(bands.size)
    levels_db = 10 * np.log10(np.maximum(bands / strongest, 10 ** (_BAND_FLOOR_DB / 10)))
    return np.asarray(levels_db - levels_db.mean())


def background(measured: Spectrum) -> tuple[float, float]:
    """Return the breath-band level of the quietest tenth of the frames, dBFS, and how far the loudest rise.

    The tenth and the ninetieth percentile over frames stand for "between breaths" and "within a breath".
    Frames of digital silence, before the recorder began or after it ended, are no background.
    """
    sounding = measured.breath_power[measured.breath_power > AUDIBLE_POWER]
    if sounding.size == 0:
        return FLOOR_DB, 0.0
    low, high = np.quantile(sounding, [0.1, 0.9])
    noise_dbfs = decibels(float(low))
    return noise_dbfs, decibels(float(high)) - noise_dbfs


def runs(marked: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return start and length of each run of True in [time]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]
