"""Sampling rate conversion."""

from collections.abc import Iterable, Iterator

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


def resample_blocks(blocks: Iterable[tuple[int, NDArray[np.float32]]], to_hz: int) -> Iterator[NDArray[np.float32]]:
    """Average the channels of blocks and change their sampling rate: what `resample` gives at once, sample by sample.

    Parameters
    ----------
    blocks
        The rate in Hz and float32 [channels, time], all of one rate.
    to_hz
        Rate of the result in Hz.

    Yields
    ------
    ndarray
        float32 [time], some of it without samples.
    """
    import soxr

    stream = None
    for from_hz, samples in blocks:
        mono = samples[0] if len(samples) == 1 else samples.mean(axis=0, dtype=np.float32)
        if from_hz == to_hz:
            yield mono.copy()
            continue
        stream = stream or soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
        yield stream.resample_chunk(np.ascontiguousarray(mono))
    if stream:
        yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
