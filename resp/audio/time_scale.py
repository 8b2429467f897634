"""Time scaling: longer and lower, or shorter and higher, as a tape at another speed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.audio.errors import AudioError


def rescaled_length(samples: int, factor: float) -> int:
    """Return how long so many samples become: times ``factor``, rounded, at least one.

    Raises
    ------
    AudioError
        No sample, or a factor that is not a positive number.
    """
    if samples < 1:
        raise AudioError(f"cannot scale the time of {samples} samples; expected at least one")
    if not 0 < factor < float("inf"):
        raise AudioError(f"cannot scale time by {factor}; expected a positive number, such as 0.8 to 1.25")
    return max(round(samples * factor), 1)


def rescale_time(waveform: ArrayLike, factor: float, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
    """Play a waveform ``factor`` times as long, by linear interpolation.

    Sample i of the result is the waveform at i / ``factor``; behind its last sample the waveform stays as it is
    there. This is the augmentation of BC learning (Tokozume et al., ICLR 2018): pitch goes with the speed, and
    nothing is filtered, so a factor below 1 may alias.

    Parameters
    ----------
    waveform
        [..., time], not empty.
    factor
        Of the duration: above 1 is longer and lower.
    start, stop
        The part of the result that is wanted, as in a slice; only that is computed.

    Returns
    -------
    ndarray
        A new float32 array, [..., stop − start] of the [..., rescaled_length(time, factor)].

    Raises
    ------
    AudioError
        Empty, no time axis, or a factor that is not a positive number.
    """
    given = np.asarray(waveform, dtype=np.float32)
    if given.ndim == 0:
        raise AudioError("cannot scale the time of a single number; expected a waveform [..., time]")
    there = given.shape[-1]
    wanted = range(rescaled_length(there, factor))[start:stop]
    if factor == 1:
        return given[..., wanted.start : wanted.stop].copy()
    at = np.arange(wanted.start, wanted.stop, dtype=np.float64)
    if not at.size:
        return np.empty((*given.shape[:-1], 0), dtype=np.float32)
    at /= factor
    before = at.astype(np.intp)
    at -= before
    # Only what lies around the part is looked at; "clip" is numpy's fastest way to take.
    first, last = int(before[0]), int(before[-1]) + 2
    near, rise = given[..., first:last], np.diff(given[..., first:last], append=given[..., -1:])
    before -= first
    scaled = rise.take(before, axis=-1, mode="clip")
    scaled *= at.astype(np.float32)
    scaled += near.take(before, axis=-1, mode="clip")
    return scaled
