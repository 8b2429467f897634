"""Signal quality of a recording of any length, read twice in blocks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.audio import measures
from resp.audio.decode_av import Block
from resp.audio.errors import AudioError
from resp.audio.quality import HIGH_BAND_HZ, SignalQuality, judge
from resp.audio.quality_marks import MarksInStretches
from resp.audio.stream_measures import ClippedSamples, Gaps, PowerLevels, SilentFrames

Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Whole:
    """What has to be known of the whole before the rest can be measured; arrays are [channels]."""

    rate_hz: int
    frames: int
    lowest: Floats
    highest: Floats
    sums: Floats


def measure_quality_in_blocks(opened: Callable[[], AbstractContextManager[Iterator[Block]]]) -> SignalQuality:
    """Measure what `measure_quality` measures, in memory that does not grow with the recording.

    Parameters
    ----------
    opened
        Opens the recording anew each time: `resp.audio.sound_blocks` with its source.

    Returns
    -------
    SignalQuality
        The numbers of `measure_quality`; ``noise_dbfs`` and ``loudness_range_db`` are counted in steps of 0.01 dB, and
        ``marks`` are found minute by minute.

    Raises
    ------
    AudioError
        As `resp.audio.sound_blocks`, and for a recording without samples.
    """
    with opened() as blocks:
        whole = _look_through(blocks)
    rate_hz, channels = whole.rate_hz, len(whole.sums)
    offsets = whole.sums / whole.frames
    mean = float(offsets.mean())
    periodogram = measures.Periodogram(rate_hz, whole.frames)
    levels, silent = PowerLevels(), SilentFrames(rate_hz, whole.frames)
    bounds = list(zip(whole.lowest.tolist(), whole.highest.tolist(), strict=True))
    clipped = [ClippedSamples(low, high) for low, high in bounds]
    gaps = [Gaps(rate_hz, low, high) for low, high in bounds]
    marks, energy = MarksInStretches(rate_hz), 0.0
    with opened() as blocks:
        for _, samples in blocks:
            if not samples.size:
                continue
            mono = samples[0] if channels == 1 else samples.mean(axis=0, dtype=np.float32)
            energy += float(np.square(mono.astype(np.float64) - mean).sum())
            levels.add(periodogram.add(mono))
            silent.add(mono)
            marks.add(samples)
            for row, top, gap in zip(samples, clipped, gaps, strict=True):
                top.add(row)
                gap.add(row)
    spectrum = measures.Spectrum(periodogram.frequency_hz, periodogram.density(), np.zeros(0))
    noise_dbfs, loudness_range_db = levels.background()
    band_limit_hz, band_floor_db = measures.band_limit(spectrum)
    above = measures.energy_share_above(spectrum, HIGH_BAND_HZ)
    dropouts = [gap.measured() for gap in gaps]
    peak = float(max(np.abs(whole.lowest).max(), np.abs(whole.highest).max()))
    return judge(
        SignalQuality(
            duration_s=whole.frames / rate_hz,
            rate_hz=rate_hz,
            channels=channels,
            level_dbfs=measures.decibels(energy / whole.frames),
            peak_dbfs=measures.decibels(peak**2),
            clipping_share=max(top.share() for top in clipped),
            silence_share=silent.share(),
            dropouts=max(count for count, _ in dropouts),
            dropout_s=max(length_s for _, length_s in dropouts),
            energy_above_2khz_share=above,
            energy_above_2khz_db=measures.decibels(above),
            band_limit_hz=band_limit_hz,
            band_floor_db=band_floor_db,
            dc_offset=float(max(offsets.tolist(), key=abs)),
            noise_dbfs=noise_dbfs,
            loudness_range_db=loudness_range_db,
            verdict="good",
            marks=marks.marks(),
        )
    )


def _look_through(blocks: Iterator[Block]) -> _Whole:
    whole: _Whole | None = None
    for rate_hz, samples in blocks:
        if not samples.size:
            continue
        low, high = (extreme(axis=1).astype(np.float64) for extreme in (samples.min, samples.max))
        sums = samples.sum(axis=1, dtype=np.float64)
        if whole is None:
            whole = _Whole(rate_hz, samples.shape[1], low, high, sums)
        else:
            whole.frames += samples.shape[1]
            whole.lowest, whole.highest = np.minimum(whole.lowest, low), np.maximum(whole.highest, high)
            whole.sums += sums
    if whole is None:
        raise AudioError("a recording without samples; expected at least one")
    return whole
