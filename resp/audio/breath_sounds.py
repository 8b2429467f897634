"""Models of single breath sounds, as pure functions of time.

- Vesicular sound: noise with a spectrum flat to about 100 Hz that falls by 12 dB and more an octave above
  (Gavriely, Palti, Alroy, J Appl Physiol 1981;50:307), its amplitude growing with the square of the airflow
  (Gavriely, Cugell, J Appl Physiol 1996;80:5).
- Crackle: a damped oscillation whose half waves grow longer, as Kiyokawa, Greenberg, Shirota, Pasterkamp
  (Chest 2001;119:1886) simulated them.
- Wheeze: a tone of at least 100 ms with a weak harmonic that glides slowly (Sovijärvi et al., Eur Respir Rev
  2000;10:597).
"""

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

_VESICULAR_BAND_HZ = (50.0, 150.0)
_WHEEZE_RAMP_S = 0.03
_HARMONIC_GAIN = 0.2


def vesicular_noise(flow: Signal, rate_hz: int, rng: np.random.Generator) -> Signal:
    """Return vesicular sound for an airflow.

    Parameters
    ----------
    flow
        [time], relative to its largest; 0 is silence.
    rate_hz
        Sampling rate in Hz.
    rng
        Where the noise comes from.

    Returns
    -------
    ndarray
        [time], of no particular level.
    """
    from scipy.signal import butter, sosfilt

    band = butter(2, _VESICULAR_BAND_HZ, btype="bandpass", fs=rate_hz, output="sos")
    sound: Signal = sosfilt(band, rng.standard_normal(flow.size)) * flow**2
    return sound


def crackle_waveform(time_s: Signal, frequency_hz: float, two_cycle_s: float) -> Signal:
    """Return a crackle that begins at time 0, zero outside of its two-cycle duration.

    With u running from 0 to 1 over that duration, it is ``sin(4π u^α)`` under ``½(1 + cos 2π(√u − ½))``; α
    sets the width of the first half wave.

    Parameters
    ----------
    time_s
        [time], seconds.
    frequency_hz
        Of the first half wave, which lasts ``1 / (2 · frequency_hz)`` seconds.
    two_cycle_s
        Time in which two cycles pass (2CD), longer than four such half waves.

    Returns
    -------
    ndarray
        [time], within [−1, 1].
    """
    u = np.clip(time_s / two_cycle_s, 0, 1)
    # α makes the phase 4π u^α reach π, the end of the first half wave, at that half wave's width.
    alpha = np.log(0.25) / np.log(1 / (2 * frequency_hz * two_cycle_s))
    envelope = 0.5 * (1 + np.cos(2 * np.pi * (np.sqrt(u) - 0.5)))
    crackle: Signal = np.sin(4 * np.pi * u**alpha) * envelope
    return crackle


def wheeze_waveform(
    time_s: Signal, rate_hz: int, frequency_hz: float, glide_hz_per_s: float, length_s: float
) -> Signal:
    """Return a wheeze from time 0 to its length: a gliding tone and, where the rate allows, its harmonic.

    Parameters
    ----------
    time_s
        [time], seconds, within 0 to ``length_s``.
    rate_hz
        Sampling rate in Hz.
    frequency_hz, glide_hz_per_s
        Frequency at time 0 and how fast it changes.
    length_s
        Length; it swells and fades over 30 ms.

    Returns
    -------
    ndarray
        [time], within ±1.2.
    """
    phase = 2 * np.pi * (frequency_hz * time_s + 0.5 * glide_hz_per_s * time_s**2)
    tone = np.sin(phase)
    highest_hz = 2 * max(frequency_hz, frequency_hz + glide_hz_per_s * length_s)
    if highest_hz < rate_hz / 2:
        tone = tone + _HARMONIC_GAIN * np.sin(2 * phase)
    wheeze: Signal = tone * np.clip(np.minimum(time_s, length_s - time_s) / _WHEEZE_RAMP_S, 0, 1)
    return wheeze
