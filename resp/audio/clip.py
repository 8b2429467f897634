"""Cutting a waveform: fades, one fixed length, overlapping or evenly spread windows."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.audio.errors import AudioError

Waveform = NDArray[np.float32]
FitMode = Literal["repeat", "zero"]


def fade_ends(waveform: ArrayLike, fade_samples: int) -> Waveform:
    """Fade in and out linearly, from 0 to 1 over the first samples and back over the last.

    Parameters
    ----------
    waveform
        [..., time]
    fade_samples
        Length of each fade; cut to the waveform's length where that is shorter; 0 changes nothing.

    Returns
    -------
    ndarray
        A float32 copy of the same shape.

    Raises
    ------
    AudioError
        No time axis, or a negative length.
    """
    faded = _copy(waveform)
    length = _fade_length(fade_samples, faded.shape[-1])
    if length:
        ramp = np.linspace(0, 1, length, dtype=np.float32)
        faded[..., :length] *= ramp
        faded[..., -length:] *= ramp[::-1]
    return faded


def fit_length(waveform: ArrayLike, length: int, mode: FitMode = "repeat", fade_samples: int = 0) -> Waveform:
    """Bring a waveform to one length.

    A longer one keeps its first ``length`` samples; one of that length is left as it is; a shorter one is
    repeated and cut (``repeat``), its last ``fade_samples`` faded out, or has its own end faded out and zeros
    after it (``zero``). This is how Patch-Mix (Bae et al., Interspeech 2023) makes clips of 8 s.

    Parameters
    ----------
    waveform
        [..., time], not empty.
    length
        Wanted number of samples.
    mode
        What fills up a shorter one.
    fade_samples
        Length of the fade at the end of one that was filled up.

    Returns
    -------
    ndarray
        A float32 copy, [..., length].

    Raises
    ------
    AudioError
        Empty, no time axis, a length below 1, an unknown mode, a negative fade.
    """
    given = _copy(waveform)
    if length < 1:
        raise AudioError(f"cannot fit a waveform to {length} samples; expected at least 1")
    if mode not in ("repeat", "zero"):
        raise AudioError(f"unknown way {mode!r} to fill up a waveform; expected 'repeat' or 'zero'")
    there = given.shape[-1]
    if there == 0:
        raise AudioError("cannot fill up an empty waveform; expected at least one sample")
    if there >= length:
        return given[..., :length].copy()
    if mode == "zero":
        return np.concatenate(
            [_fade_out(given, fade_samples), np.zeros((*given.shape[:-1], length - there), dtype=np.float32)],
            axis=-1,
        )
    copies = -(-length // there)
    return _fade_out(np.concatenate([given] * copies, axis=-1)[..., :length].copy(), fade_samples)


def cut_windows(
    waveform: ArrayLike, length: int, hop: int, mode: FitMode = "repeat", fade_samples: int = 0
) -> list[tuple[int, Waveform]]:
    """Cut a waveform into windows of one length that cover all of it.

    Parameters
    ----------
    waveform
        [..., time], not empty.
    length, hop
        Length of a window and distance of one start from the next, in samples. Where the last hop would leave
        a rest, one more window ends with the waveform's end.
    mode, fade_samples
        How a waveform shorter than a window is filled up: see `fit_length`.

    Returns
    -------
    list of (int, ndarray)
        Start sample and float32 [..., length] of each window, in order.

    Raises
    ------
    AudioError
        As `fit_length`, or a hop that is not within 1 to ``length``.
    """
    if length < 1:
        raise AudioError(f"windows of {length} samples; expected at least 1")
    if not 1 <= hop <= length:
        raise AudioError(f"windows of {length} samples every {hop}; expected a hop of 1 to {length}")
    given = _copy(waveform)
    there = given.shape[-1]
    if there <= length:
        return [(0, fit_length(given, length, mode, fade_samples))]
    starts = list(range(0, there - length + 1, hop))
    if starts[-1] + length < there:
        starts.append(there - length)
    return [(start, given[..., start : start + length].copy()) for start in starts]


def spread_windows(
    waveform: ArrayLike, length: int, count: int, mode: FitMode = "repeat", fade_samples: int = 0
) -> list[Waveform]:
    """Cut so many windows of one length out of a waveform, evenly spread over it.

    The first one starts where it starts, the last one ends where it ends (whole samples, rounded down in between);
    a lone one lies in the middle. They overlap, or leave gaps, as it comes.

    Parameters
    ----------
    waveform
        [..., time], not empty.
    length
        Of a window, in samples.
    count
        How many.
    mode, fade_samples
        How a waveform shorter than a window is filled up: see `fit_length`.

    Returns
    -------
    list of ndarray
        float32 [..., length] of each window, in order; only one where the waveform is no longer than a window,
        as all would be the same.

    Raises
    ------
    AudioError
        As `fit_length`, or a count below 1.
    """
    if count < 1:
        raise AudioError(f"{count} windows of a waveform; expected at least 1")
    given = _copy(waveform)
    spare = given.shape[-1] - length
    if spare <= 0 or length < 1:
        return [fit_length(given, length, mode, fade_samples)]
    starts = [spare // 2] if count == 1 else [number * spare // (count - 1) for number in range(count)]
    return [given[..., start : start + length].copy() for start in starts]


def _copy(waveform: ArrayLike) -> Waveform:
    given = np.array(waveform, dtype=np.float32)
    if given.ndim == 0:
        raise AudioError("cannot cut a single number; expected a waveform [..., time]")
    return given


def _fade_length(fade_samples: int, there: int) -> int:
    if fade_samples < 0:
        raise AudioError(f"a fade of {fade_samples} samples; expected 0 or more")
    return min(fade_samples, there)


def _fade_out(waveform: Waveform, fade_samples: int) -> Waveform:
    """Fade out the end of a waveform that is ours to change."""
    length = _fade_length(fade_samples, waveform.shape[-1])
    if length:
        waveform[..., -length:] *= np.linspace(1, 0, length, dtype=np.float32)
    return waveform
