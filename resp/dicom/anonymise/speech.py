"""Is somebody speaking in a recording? A voice is as good as a name.

The model's own knowledge of kinds of sound answers where it has been taught speech (`resp.score`, ``familiarity``).
Without it a plain measure stands in: voiced speech is a train of glottal pulses, so that in the band of the formants
(300–3400 Hz) its *envelope* repeats with the pitch of a voice. Breath is noise and has no pitch; a wheeze is a tone or
two, whose envelope is flat or beats without the short sharp pulses; heart sounds lie below the band.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resp.audio.recording import Recording

HearsSpeech = Callable[[Recording], bool]

SPEECH = "speech"
# Pitch of human voices, men's lowest to children's; a frame holds three periods of the lowest.
_PITCH_HZ = (75.0, 400.0)
_BAND_HZ = (300.0, 3400.0)
_FRAME_S, _HOP_S = 0.064, 0.032
_RATE_HZ = 8000
# A frame is voiced when its envelope repeats this well (normalised autocorrelation), swings this deep, and is no softer
# than this share of the whole recording. Chosen on synthetic voices alone and over breath; recordings of KAUH stay at
# a share of 0.1 or below.
_REPEATS, _SWING, _LOUD = 0.55, 0.35, 0.1
# Somebody speaks where this share of a stretch as long as a few words is voiced.
_STRETCH_S, _VOICED_SHARE = 2.0, 0.3


def listener(model: str | Path | None = None) -> HearsSpeech:
    """Return what listens for speech.

    Parameters
    ----------
    model
        An installed model's name or a model folder; the default one where None. Where it does not know speech, and no
        model was named, `measures_speech` listens.

    Raises
    ------
    DicomError
        The named model was not taught what speech sounds like.
    """
    from resp.dicom.errors import DicomError
    from resp.models.folder import find_model, read_config

    folder = find_model(model)
    known = read_config(folder).familiarity
    if known is None or known.kinds is None or SPEECH not in known.kinds.names:
        if model is not None:
            raise DicomError(f"model {model} was not taught what speech sounds like; leave --model out")
        return measures_speech

    from resp.score import Scorer

    scorer = Scorer.load(folder)

    def hears(recording: Recording) -> bool:
        found = scorer.score(recording).familiarity
        # What cannot be scored, too short or too soft, is measured.
        return found.kind == SPEECH if found is not None else measures_speech(recording)

    return hears


def measures_speech(recording: Recording) -> bool:
    """Tell whether a recording holds at least about two seconds of something voiced like speech.

    A cautious measure for a warning, not a detector to rely on: whispered words have no pitch.
    """
    from resp.audio.resampling import resample

    if recording.rate_hz < 2 * _PITCH_HZ[1] * 2:
        return False
    voiced = _voiced_frames(resample(recording.mono(), recording.rate_hz, _RATE_HZ))
    stretch = min(len(voiced), round(_STRETCH_S / _HOP_S))
    if not stretch:
        return False
    shares = np.convolve(voiced, np.ones(stretch) / stretch, mode="valid")
    return bool(shares.max() >= _VOICED_SHARE)


def _voiced_frames(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return 1.0 for each frame whose envelope in the band of speech repeats with a pitch of voices, else 0.0."""
    from scipy.signal import butter, sosfiltfilt

    length, hop = round(_FRAME_S * _RATE_HZ), round(_HOP_S * _RATE_HZ)
    if len(samples) < 2 * length:
        return np.zeros(0)
    band = sosfiltfilt(butter(4, _BAND_HZ, "bandpass", fs=_RATE_HZ, output="sos"), samples.astype(np.float64))
    smooth = butter(2, 2 * _PITCH_HZ[1], "lowpass", fs=_RATE_HZ, output="sos")
    envelope = sosfiltfilt(smooth, np.abs(band))
    frames = np.lib.stride_tricks.sliding_window_view(envelope, length)[::hop]
    mean = frames.mean(axis=1, keepdims=True)
    swing = frames.std(axis=1) / np.maximum(mean[:, 0], 1e-12)
    centred = (frames - mean) * np.hanning(length)
    # Autocorrelation over that of the window, so that a perfect repetition is 1 at every lag.
    spectrum = np.abs(np.fft.rfft(centred, 2 * length)) ** 2
    window = np.abs(np.fft.rfft(np.hanning(length), 2 * length)) ** 2
    lags = slice(int(_RATE_HZ / _PITCH_HZ[1]), int(_RATE_HZ / _PITCH_HZ[0]))
    own, of_window = np.fft.irfft(spectrum), np.fft.irfft(window)
    repeats = own[:, lags] / np.maximum(own[:, :1], 1e-12) * (of_window[0] / of_window[lags])
    loud = mean[:, 0] > _LOUD * np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return np.asarray((repeats.max(axis=1) > _REPEATS) & (swing > _SWING) & loud, dtype=np.float64)
