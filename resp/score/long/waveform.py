"""The waveform that the network hears, piece by piece: what `resp.datasets.sound.prepare_waveform` gives at once."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from resp.audio.resampling import resample_blocks
from resp.models.config import ClipSettings

Floats = NDArray[np.float32]


def peak_of(pieces: Iterable[Floats]) -> float:
    """Return the largest absolute sample, 0 of nothing."""
    return max((float(np.abs(piece).max(initial=0.0)) for piece in pieces), default=0.0)


def network_waveform(
    blocks: Iterable[tuple[int, Floats]], rate_hz: int, clip: ClipSettings, peak: float
) -> Iterator[Floats]:
    """Yield a recording as the network hears it.

    Parameters
    ----------
    blocks
        Of `resp.audio.sound_blocks`.
    rate_hz
        The network's sampling rate.
    clip
        How it is levelled, and faded at both ends.
    peak
        The largest absolute sample at ``rate_hz``; used where ``clip.level`` is ``peak``.

    Yields
    ------
    ndarray
        float32 [time]: mono, resampled, levelled; the very beginning faded in, the very end faded out.
    """
    resampled = resample_blocks(blocks, rate_hz)
    if clip.level == "peak" and peak > 0:
        resampled = (piece / np.float32(peak) for piece in resampled)
    fade = clip.fade_samples
    return _faded(resampled, np.linspace(0, 1, fade, dtype=np.float32)) if fade else resampled


def _faded(pieces: Iterable[Floats], ramp: Floats) -> Iterator[Floats]:
    position, held = 0, np.zeros(0, dtype=np.float32)
    for piece in pieces:
        rising = ramp[position : position + piece.size]
        piece[: rising.size] *= rising
        position += piece.size
        # The end is known when it has come: as much as it may be is held back.
        held = np.concatenate([held, piece])
        ready = max(0, held.size - ramp.size)
        if ready:
            yield held[:ready]
            held = held[ready:].copy()
    if held.size:
        held *= ramp[::-1][ramp.size - held.size :]
        yield held
