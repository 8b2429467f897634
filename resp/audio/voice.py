"""Where a recording sounds like speech: harmonics of a voice that come and go as syllables do.

A frame is voiced where most of the first harmonics of one fundamental stand out of what lies between them. A wheeze is
one tone, or two: the harmonics between them are missing. A rhonchus may have them all, but keeps its pitch for as long
as it lasts and comes once a breath. Speech has several voiced stretches within a second or two, at changing pitch.
Nothing is recognised: neither words nor who speaks.
"""

import numpy as np
from numpy.typing import NDArray

from resp.audio.measures import Samples, runs

# Of the sound that is looked at.
RATE_HZ = 8000
FRAME_S, HOP_S = 0.064, 0.02
# Of men and women who speak; a child's voice reaches higher, where the tones of wheezes begin.
PITCH_HZ = (85.0, 320.0)
_FFT = 1024
_PITCHES = 48
_HARMONICS = 7
_LEAST_HARMONICS = 5
_PROMINENT_DB = 8.0
# A harmonic that far below the strongest of its frame is not heard.
_RANGE_DB = 50.0
_LEAST_VOICED_S = 0.06
_PITCH_STEP = 0.12
_PAUSE_S = 0.7
_LEAST_SPEECH_S = 0.5
_LEAST_SYLLABLES = 3
_LEAST_PITCH_SPREAD = 0.015
_LOUDER_THAN_QUIET_DB = 6.0
_BLOCK_FRAMES = 512


def speech_places(sound: Samples) -> list[tuple[float, float]]:
    """Return start and end, in seconds, of each stretch of [time], at `RATE_HZ`, that sounds like speech."""
    if sound.size < round(FRAME_S * RATE_HZ):
        return []
    pitch_hz = _pitches(sound)
    syllables = _syllables(pitch_hz)
    return [
        (start * HOP_S, (end - 1) * HOP_S + FRAME_S)
        for start, end in _together(syllables, round(_PAUSE_S / HOP_S))
        if _is_speech([(first, last) for first, last in syllables if start <= first < end], pitch_hz)
    ]


def _pitches(sound: Samples) -> NDArray[np.float64]:
    """Return the fundamental of each frame in Hz, 0 where it is not voiced, [frames]."""
    length, hop = round(FRAME_S * RATE_HZ), round(HOP_S * RATE_HZ)
    views = np.lib.stride_tricks.sliding_window_view(sound, length)[::hop]
    window = np.hanning(length).astype(np.float32)
    grid_hz = np.geomspace(*PITCH_HZ, _PITCHES)
    numbers = np.arange(1, _HARMONICS + 1)
    # Bins of each harmonic, and of the valleys half a fundamental below and above it, [pitches, harmonics].
    at, below, above = (
        np.rint(grid_hz[:, None] * (numbers + shift) * _FFT / RATE_HZ).astype(int) for shift in (0.0, -0.5, 0.5)
    )
    power = np.concatenate(
        [np.var(views[start : start + _BLOCK_FRAMES], axis=1) for start in range(0, len(views), _BLOCK_FRAMES)]
    )
    level_db = 10 * np.log10(power.astype(np.float64) + 1e-20)
    loud = np.flatnonzero(level_db >= np.quantile(level_db, 0.1) + _LOUDER_THAN_QUIET_DB)
    pitch_hz: NDArray[np.float64] = np.zeros(len(views))
    for start in range(0, loud.size, _BLOCK_FRAMES):
        here = loud[start : start + _BLOCK_FRAMES]
        block = views[here] - views[here].mean(axis=1, keepdims=True)
        spectrum = np.abs(np.fft.rfft(block * window, _FFT, axis=1)) ** 2
        least = spectrum.max(axis=1, keepdims=True) * np.float32(10 ** (-_RANGE_DB / 10)) + np.float32(1e-20)
        spectrum_db = 10 * np.log10(np.maximum(spectrum, least))
        prominence_db = spectrum_db[:, at] - 0.5 * (spectrum_db[:, below] + spectrum_db[:, above])
        count = (prominence_db > _PROMINENT_DB).sum(axis=2)
        best = np.argmax(count * 1000 + np.clip(prominence_db, 0, 30).sum(axis=2), axis=1)
        voiced = count[np.arange(here.size), best] >= _LEAST_HARMONICS
        pitch_hz[here] = np.where(voiced, grid_hz[best], 0.0)
    return pitch_hz


def _syllables(pitch_hz: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return first and one past the last frame of each voiced stretch whose pitch does not leap."""
    voiced = pitch_hz > 0
    step = np.abs(np.diff(np.log(np.where(voiced, pitch_hz, 1.0))))
    # A leap of the pitch ends a stretch: its frame is left out.
    voiced[1:] &= ~(voiced[:-1] & (step > _PITCH_STEP))
    starts, lengths = runs(voiced)
    least = max(1, round(_LEAST_VOICED_S / HOP_S))
    return [(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True) if length >= least]


def _together(stretches: list[tuple[int, int]], most_apart: int) -> list[tuple[int, int]]:
    """Join stretches, in order of time, that lie no further apart."""
    joined: list[tuple[int, int]] = []
    for start, end in stretches:
        if joined and start - joined[-1][1] <= most_apart:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _is_speech(syllables: list[tuple[int, int]], pitch_hz: NDArray[np.float64]) -> bool:
    if len(syllables) < _LEAST_SYLLABLES:
        return False
    length_s = (syllables[-1][1] - syllables[0][0]) * HOP_S
    medians = np.log([float(np.median(pitch_hz[start:end])) for start, end in syllables])
    return length_s >= _LEAST_SPEECH_S and float(np.std(medians)) >= _LEAST_PITCH_SPREAD
