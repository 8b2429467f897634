"""Synthetic sounds that a recorder hears without a lung: coloured noise, mains hum, handling; never as data."""

import math

import numpy as np
from numpy.typing import NDArray

from resp.audio.errors import AudioError
from resp.audio.synthetic_size import synthetic_size

Samples = NDArray[np.float32]

PEAK = 0.5
_HANDLING_FLOOR = 0.003
_HANDLING_BAND_HZ = (30.0, 1500.0)


def coloured_noise(duration_s: float, rate_hz: int, *, exponent: float = 0.0, seed: int = 0) -> Samples:
    """Make noise with a power spectrum of 1 / f^exponent: 0 is white, 1 pink, 2 brown.

    Parameters
    ----------
    duration_s
        Length in seconds, 0.1 to 3600.
    rate_hz
        Sampling rate in Hz, 4000 to 192 000.
    exponent
        Of the power spectrum, −2 to 2.
    seed
        The same seed and settings give the same samples.

    Returns
    -------
    ndarray
        float32 [time], largest absolute sample 0.5.

    Raises
    ------
    AudioError
        A setting out of its range.
    """
    size = synthetic_size(duration_s, rate_hz)
    if not -2 <= exponent <= 2:
        raise AudioError(f"exponent is {exponent}; expected -2 to 2")
    frequency_hz = np.fft.rfftfreq(size, 1 / rate_hz)
    gain = np.zeros(frequency_hz.size)
    # Without a constant offset, which is no sound.
    gain[1:] = frequency_hz[1:] ** (-exponent / 2)
    white = np.random.default_rng(seed).standard_normal(size)
    return _levelled(np.fft.irfft(np.fft.rfft(white) * gain, size))


def mains_hum(duration_s: float, rate_hz: int, *, mains_hz: float = 50.0, seed: int = 0) -> Samples:
    """Make the hum of the mains with 3 to 11 harmonics that fall with their number, over a white floor.

    Parameters, return value and errors are those of `coloured_noise`, with the frequency of the mains, 40 to 70 Hz.
    """
    size = synthetic_size(duration_s, rate_hz)
    if not 40 <= mains_hz <= 70:
        raise AudioError(f"mains_hz is {mains_hz}; expected 40 to 70 Hz")
    rng = np.random.default_rng(seed)
    time_s = np.arange(size) / rate_hz
    sound = 10 ** (-rng.uniform(20, 50) / 20) * rng.standard_normal(size)
    for harmonic in range(1, int(rng.integers(3, 12))):
        amplitude, phase = rng.uniform(0.1, 1.0) / harmonic, rng.uniform(0, 2 * np.pi)
        if harmonic * mains_hz < rate_hz / 2:
            sound += amplitude * np.sin(2 * np.pi * harmonic * mains_hz * time_s + phase)
    return _levelled(sound)


def handling_noise(duration_s: float, rate_hz: int, *, seed: int = 0) -> Samples:
    """Make knocks on and rubs of a chest piece: two bursts a second of band-limited noise, over a white floor.

    Parameters, return value and errors are those of `coloured_noise`.
    """
    from scipy.signal import butter, sosfilt

    size = synthetic_size(duration_s, rate_hz)
    rng = np.random.default_rng(seed)
    sound = _HANDLING_FLOOR * rng.standard_normal(size)
    for _ in range(max(1, math.ceil(2 * duration_s * rng.uniform(0.5, 1.5)))):
        start = int(rng.uniform(0, size))
        length = min(max(8, int(rng.uniform(0.01, 0.8) * rate_hz)), size - start)
        low_hz = float(rng.uniform(_HANDLING_BAND_HZ[0], _HANDLING_BAND_HZ[1] / 2))
        high_hz = float(rng.uniform(1.5 * low_hz, _HANDLING_BAND_HZ[1]))
        burst = sosfilt(butter(2, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos"), rng.standard_normal(length))
        knock = bool(rng.integers(2))
        envelope = np.exp(-5 * np.arange(length) / length) if knock else np.hanning(length)
        sound[start : start + length] += rng.uniform(0.2, 3.0) * burst * envelope
    return _levelled(sound)


def _levelled(sound: NDArray[np.float64]) -> Samples:
    return np.asarray(sound * (PEAK / np.abs(sound).max()), dtype=np.float32)
