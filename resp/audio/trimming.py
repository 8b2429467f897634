"""Cutting off the silence that a recording was filled up with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.audio.errors import AudioError

# Short enough to leave little silence before an onset, long enough that a frame of sound is not taken for silence
# where a slow oscillation passes through zero.
FRAME_S = 0.01


def trim_ends(waveform: ArrayLike, rate_hz: int, below_peak_db: float) -> NDArray[np.float32]:
    """Cut off both ends of a waveform as far as they are silent against its peak.

    The waveform is looked at in frames of 10 ms. A frame's level is that of its largest magnitude, over all channels,
    and it is silent where that lies more than ``below_peak_db`` below the largest magnitude of all. What is kept
    reaches from the first frame that is not silent to the end of the last one, so nothing in between is lost.

    Parameters
    ----------
    waveform
        [..., time]
    rate_hz
        Of the waveform, in Hz.
    below_peak_db
        How far below the peak silence begins, in dB. Silence that was lossily coded is not zero: about 60 dB.

    Returns
    -------
    ndarray
        A float32 copy, [..., time], never shorter than a frame unless it was given so; a waveform that is zero
        throughout (or empty) is left whole.

    Raises
    ------
    AudioError
        No time axis, or a rate or level that is not positive.
    """
    given = np.array(waveform, dtype=np.float32)
    if given.ndim == 0:
        raise AudioError("cannot trim a single number; expected a waveform [..., time]")
    if rate_hz <= 0 or not below_peak_db > 0:
        raise AudioError(
            f"cannot trim at {rate_hz} Hz what is {below_peak_db} dB below the peak; expected positive numbers"
        )
    magnitude = np.abs(given).max(axis=tuple(range(given.ndim - 1)), initial=0.0)
    if not magnitude.any():
        return given
    frame = max(round(FRAME_S * rate_hz), 1)
    levels = np.maximum.reduceat(magnitude, np.arange(0, len(magnitude), frame))
    heard = np.flatnonzero(levels >= levels.max() * 10 ** (-below_peak_db / 20))
    return given[..., heard[0] * frame : (heard[-1] + 1) * frame].copy()
