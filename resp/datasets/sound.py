"""From a sound file to the waveform that items are cut from."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resp.audio.clip import fade_ends
from resp.audio.recording import Recording
from resp.audio.resampling import resample
from resp.audio.trimming import trim_ends

Level = Literal["none", "peak"]


def sound_duration_s(path: Path) -> float | None:
    """Return the duration that a sound file's header declares, in seconds; None where it has none to read."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (OSError, RuntimeError):
        return None
    return float(info.frames / info.samplerate) if info.frames > 0 and info.samplerate > 0 else None


def prepare_waveform(
    recording: Recording, rate_hz: int, fade_samples: int, level: Level, trim_db: float | None = None
) -> NDArray[np.float32]:
    """Bring a recording to what items are cut from: mono, trimmed, resampled, levelled, faded at its ends.

    Parameters
    ----------
    recording
        The whole recording, as read.
    rate_hz
        Rate of the result in Hz.
    fade_samples
        Length of the linear fade in and out, in samples at ``rate_hz``; 0 for none.
    level
        ``peak`` scales to a peak of 1 (silence stays), ``none`` leaves the level.
    trim_db
        Ends that lie more than this below the peak are cut off (see `resp.audio.trim_ends`); None leaves them.

    Returns
    -------
    ndarray
        float32 [time].
    """
    mono = recording.mono()
    if trim_db is not None:
        mono = trim_ends(mono, recording.rate_hz, trim_db)
    samples = resample(mono, recording.rate_hz, rate_hz)
    if level == "peak":
        peak = float(np.abs(samples).max(initial=0.0))
        samples = samples / np.float32(peak) if peak > 0 else samples
    return np.asarray(fade_ends(samples, fade_samples) if fade_samples else samples, dtype=np.float32)
