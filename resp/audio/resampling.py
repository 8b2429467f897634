"""Sampling rate conversion."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.audio.errors import AudioError


def resample(samples: ArrayLike, from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Change the sampling rate with soxr at its "HQ" setting.

    Parameters
    ----------
    samples
        [..., time], finite numbers.
    from_hz, to_hz
        Rates in Hz.

    Returns
    -------
    ndarray
        float32 [..., time · to_hz / from_hz], a new array.

    Raises
    ------
    AudioError
        A rate that is not positive, or samples without a time axis.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise AudioError(f"cannot resample from {from_hz} Hz to {to_hz} Hz; expected positive rates")
    given = np.asarray(samples, dtype=np.float32)
    if given.ndim == 0:
        raise AudioError("cannot resample a single number; expected samples [..., time]")
    if from_hz == to_hz or given.size == 0:
        return given.copy()

    import soxr

    # soxr wants [time, channels]; each leading axis is a channel of its own.
    rows = given.reshape(-1, given.shape[-1])
    out = np.stack([soxr.resample(np.ascontiguousarray(row), from_hz, to_hz, quality="HQ") for row in rows])
    return out.reshape(*given.shape[:-1], out.shape[-1]).astype(np.float32, copy=False)
