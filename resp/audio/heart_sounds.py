"""Synthetic heart sounds: what a stethoscope on a chest hears besides the lung.

For tests, trials and augmentation, never as data.

Each sound is two Gabor kernels (a tone under a Gaussian), as Almasi, Shamsollahi and Senhadji ("A dynamical model for
generating synthetic phonocardiogram signals", EMBC 2011) model them. S1 is longer and lower than S2 (Luisada, "The
sounds of the normal heart", 1972: most of S1 lies at 10 to 140 Hz, S2 reaches to 200 Hz and further). Systole lasts as
Weissler, Harris and Schoenfeld (Circulation 1968;37:149) measured it: Q to S2 is 546 ms less 2.1 ms for every beat a
minute, of which about 60 ms pass before S1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.audio.errors import AudioError
from resp.audio.synthetic_size import synthetic_size

PEAK = 0.5
LEAST_BPM, MOST_BPM = 30.0, 220.0
# From one beat to the next, as a share of the period: sinus arrhythmia at rest.
_VARIATION = 0.04
# A Gaussian is over after this many of its deviations.
_REACH = 4.0


@dataclass(frozen=True, slots=True)
class _Kernel:
    delay_s: float
    frequency_hz: float
    deviation_s: float
    amplitude: float


# The second kernel of each is the later valve: tricuspid behind mitral, pulmonary behind aortic.
_FIRST = (_Kernel(0.0, 45.0, 0.022, 1.0), _Kernel(0.028, 80.0, 0.014, 0.5))
_SECOND = (_Kernel(0.0, 65.0, 0.014, 0.8), _Kernel(0.022, 120.0, 0.009, 0.4))


def synthesise_heart(
    duration_s: float, rate_hz: int, *, beats_per_min: float = 72.0, seed: int = 0
) -> NDArray[np.float32]:
    """Make the first and second heart sounds of a regular heart, without lung sound and without noise.

    Parameters
    ----------
    duration_s
        Length in seconds, 0.1 to 3600.
    rate_hz
        Sampling rate in Hz, 4000 to 192 000.
    beats_per_min
        Heart rate, 30 to 220; single beats vary by up to 4 %, and in loudness by 20 %.
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
    if not LEAST_BPM <= beats_per_min <= MOST_BPM:
        raise AudioError(f"beats_per_min is {beats_per_min}; expected {LEAST_BPM:g} to {MOST_BPM:g}")
    rng = np.random.default_rng(seed)
    period_s = 60 / beats_per_min
    systole_s = _systole_s(beats_per_min)
    sound = np.zeros(size)
    # The recording begins anywhere in a beat.
    start_s = -float(rng.uniform(0, period_s))
    while start_s < duration_s:
        loudness = float(rng.uniform(0.8, 1.0))
        for at_s, kernels in ((start_s, _FIRST), (start_s + systole_s, _SECOND)):
            for kernel in kernels:
                _add(sound, rate_hz, at_s + kernel.delay_s, kernel, loudness)
        start_s += period_s * float(rng.uniform(1 - _VARIATION, 1 + _VARIATION))
    loudest = float(np.abs(sound).max())
    # A stretch shorter than a beat may lie between two sounds.
    return (sound * (PEAK / loudest) if loudest > 0 else sound).astype(np.float32)


def _systole_s(beats_per_min: float) -> float:
    """Return the time from S1 to S2; never more than half of a beat, which the line would give at high rates."""
    return min(0.546 - 0.0021 * beats_per_min - 0.06, 0.5 * 60 / beats_per_min)


def _add(sound: NDArray[np.float64], rate_hz: int, at_s: float, kernel: _Kernel, loudness: float) -> None:
    """Add a kernel whose middle is at a time; parts outside of the sound are left out."""
    reach_s = _REACH * kernel.deviation_s
    first = max(0, int(np.ceil((at_s - reach_s) * rate_hz)))
    last = min(sound.size, int(np.floor((at_s + reach_s) * rate_hz)) + 1)
    if first >= last:
        return
    time_s = np.arange(first, last) / rate_hz - at_s
    tone = np.cos(2 * np.pi * kernel.frequency_hz * time_s)
    sound[first:last] += loudness * kernel.amplitude * tone * np.exp(-0.5 * (time_s / kernel.deviation_s) ** 2)
