"""Synthetic babble of a ward: several voices at once, a monitor's alarm, ventilation.

For trials and augmentation, never as data.

- A voice is made of syllables: harmonics of a falling fundamental under three formants (means of Peterson and Barney,
  "Control methods used in a study of the vowels", JASA 1952), about four a second, in phrases with pauses, each begun
  by a short hiss as of a consonant. Nobody can be understood, and nobody is quoted.
- The alarm is three pulses of a tone with four harmonics, again and again, as IEC 60601-1-8 describes a signal of
  medium priority.
- Ventilation is pink noise.
"""

import numpy as np
from numpy.typing import NDArray

from resp.audio.errors import AudioError
from resp.audio.synthetic_size import synthetic_size

Signal = NDArray[np.float64]

VOICES = 6
ALARM_DB, VENTILATION_DB = -6.0, -12.0

# First three formants of ten vowels, men, in Hz.
_VOWELS = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (440, 1020, 2240),
    (300, 870, 2240),
    (640, 1190, 2390),
    (490, 1350, 1690),
)
_FORMANT_WIDTHS_HZ = (60.0, 90.0, 150.0)
_FUNDAMENTALS_HZ = ((90.0, 150.0), (170.0, 240.0))
# A woman's formants lie about a sixth above a man's.
_FORMANT_SCALES = (1.0, 1.17)
_SYLLABLE_S, _PHRASE_S, _PAUSE_S = (0.14, 0.30), (1.0, 2.5), (0.2, 0.9)
_HIGHEST_HARMONIC_HZ = 4000.0
_HISS_S, _HISS_GAIN = 0.06, 0.15
_ALARM_HZ, _ALARM_PULSE_S, _ALARM_STEP_S, _ALARM_REST_S = (400.0, 800.0), 0.18, 0.38, (3.0, 6.0)


def synthesise_babble(duration_s: float, rate_hz: int, *, voices: int = VOICES, seed: int = 0) -> NDArray[np.float32]:
    """Make the babble of a ward.

    Parameters
    ----------
    duration_s
        Length in seconds, 0.1 to 3600.
    rate_hz
        Sampling rate in Hz, 4000 to 192 000.
    voices
        How many speak, one at least; half of them are women's.
    seed
        The same seed and settings give the same samples.

    Returns
    -------
    ndarray
        float32 [time], of RMS 0.1; the alarm is 6 dB and ventilation 12 dB softer than all voices together.

    Raises
    ------
    AudioError
        A setting out of its range.
    """
    size = synthetic_size(duration_s, rate_hz)
    if voices < 1:
        raise AudioError(f"voices is {voices}; expected at least 1")
    rng = np.random.default_rng(seed)
    speech = sum((_level(_voice(size, rate_hz, number % 2, rng)) for number in range(voices)), start=np.zeros(size))
    sound = (
        _level(speech)
        + 10 ** (ALARM_DB / 20) * _level(_alarm(size, rate_hz, rng))
        + 10 ** (VENTILATION_DB / 20) * _level(_pink(size, rng))
    )
    return (0.1 * _level(sound)).astype(np.float32)


def _level(sound: Signal) -> Signal:
    """Return a sound at an RMS of 1; silence stays."""
    rms = float(np.sqrt(np.mean(sound**2)))
    return sound / rms if rms > 0 else sound


def _voice(size: int, rate_hz: int, kind: int, rng: np.random.Generator) -> Signal:
    sound = np.zeros(size)
    low_hz, high_hz = _FUNDAMENTALS_HZ[kind]
    own_hz, duration_s = float(rng.uniform(low_hz, high_hz)), size / rate_hz
    at_s = -float(rng.uniform(0, _PHRASE_S[1]))
    while at_s < duration_s:
        start_s, length_s = at_s, float(rng.uniform(*_PHRASE_S))
        while at_s < start_s + length_s:
            # The voice falls by a fifth of its pitch from the beginning of a phrase to its end.
            pitch_hz = own_hz * (1.1 - 0.2 * (at_s - start_s) / length_s) * float(rng.uniform(0.96, 1.04))
            syllable_s = float(rng.uniform(*_SYLLABLE_S))
            formants = _FORMANT_SCALES[kind] * np.array(_VOWELS[int(rng.integers(len(_VOWELS)))], dtype=float)
            _add(sound, at_s, rate_hz, _hiss(rate_hz, rng))
            _add(sound, at_s + _HISS_S, rate_hz, _syllable(syllable_s, rate_hz, pitch_hz, formants))
            at_s += _HISS_S + syllable_s
        at_s += float(rng.uniform(*_PAUSE_S))
    return sound


def _syllable(length_s: float, rate_hz: int, pitch_hz: float, formants_hz: Signal) -> Signal:
    """Return harmonics under formants, swelling and fading, with an RMS of about 0.1."""
    time_s = np.arange(round(length_s * rate_hz)) / rate_hz
    highest_hz = min(_HIGHEST_HARMONIC_HZ, 0.49 * rate_hz)
    harmonics = np.arange(1, max(2, int(highest_hz / pitch_hz) + 1))
    frequency_hz = harmonics * pitch_hz
    # A glottis falls by 12 dB an octave, lips give 6 dB back; every formant is a resonance of second order.
    gain = 1.0 / harmonics
    for formant_hz, width_hz in zip(formants_hz, _FORMANT_WIDTHS_HZ, strict=True):
        ratio = frequency_hz / formant_hz
        gain = gain / np.sqrt((1 - ratio**2) ** 2 + (ratio * width_hz / formant_hz) ** 2)
    phase = 2 * np.pi * pitch_hz * np.outer(harmonics, time_s)
    sound: Signal = (gain / np.sqrt(np.sum(gain**2) / 2)) @ np.sin(phase)
    return 0.1 * sound * np.sin(np.pi * np.arange(time_s.size) / max(time_s.size, 1))


def _hiss(rate_hz: int, rng: np.random.Generator) -> Signal:
    # The difference of white noise rises by 6 dB an octave.
    noise = np.diff(rng.standard_normal(round(_HISS_S * rate_hz) + 1))
    return 0.1 * _HISS_GAIN * noise * np.hanning(noise.size)


def _alarm(size: int, rate_hz: int, rng: np.random.Generator) -> Signal:
    sound = np.zeros(size)
    tone_hz = float(rng.uniform(*_ALARM_HZ))
    time_s = np.arange(round(_ALARM_PULSE_S * rate_hz)) / rate_hz
    kept = [number for number in range(1, 6) if number * tone_hz < rate_hz / 2]
    pulse = sum(
        (np.sin(2 * np.pi * number * tone_hz * time_s) / number for number in kept), start=np.zeros(time_s.size)
    )
    pulse = pulse * np.hanning(pulse.size) ** 0.5
    at_s = float(rng.uniform(0, 1.0))
    while at_s < size / rate_hz:
        for number in range(3):
            _add(sound, at_s + number * _ALARM_STEP_S, rate_hz, pulse)
        at_s += 3 * _ALARM_STEP_S + float(rng.uniform(*_ALARM_REST_S))
    return sound


def _pink(size: int, rng: np.random.Generator) -> Signal:
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, n=size)


def _add(sound: Signal, at_s: float, rate_hz: int, part: Signal) -> None:
    """Add a part from a time on; what lies outside of the sound is left out."""
    start = round(at_s * rate_hz)
    first, last = max(0, start), min(sound.size, start + part.size)
    if first < last:
        sound[first:last] += part[first - start : last - start]
