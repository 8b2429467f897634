"""Decoding with PyAV (FFmpeg's libraries) what libsndfile does not read."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from resp.audio.containers import Container
from resp.audio.errors import AudioError
from resp.audio.limits import Limits, check_whole
from resp.audio.stream import Nameless

# The rate in Hz, and float32 [channels, time].
Block = tuple[int, NDArray[np.float32]]

# Encoders round the end to whole packets; a cut file loses far more.
_TRUNCATION_SLACK_S = 0.25


def decode_av(stream: BinaryIO, label: str, container: Container, limits: Limits) -> tuple[NDArray[np.float32], int]:
    """Decode the first audio stream of a file at once: float32 [channels, time] and the rate in Hz.

    See `blocks_av` for the parameters and what it raises.
    """
    return join_blocks(blocks_av(stream, label, container, limits))


def join_blocks(blocks: Iterator[Block]) -> tuple[NDArray[np.float32], int]:
    """Return blocks of one rate as one, float32 [channels, time], and their rate; a single one of no samples is kept.

    Parameters
    ----------
    blocks
        At least one.
    """
    rates, parts = zip(*blocks, strict=True)
    return np.concatenate(parts, axis=1), rates[0]


def blocks_av(stream: BinaryIO, label: str, container: Container, limits: Limits) -> Iterator[Block]:
    """Decode the first audio stream of a file, a block at a time.

    FFmpeg drops the samples that an encoder added before the sound where the container says how many; a bare
    AAC stream does not, and starts late by 1024 samples or more.

    Parameters
    ----------
    stream
        The file; its position is moved.
    label
        For messages.
    container
        What the file is; its demuxer is the only one tried.
    limits
        Checked on the header and while samples arrive.

    Yields
    ------
    rate_hz, samples
        The rate in Hz and float32 [channels, time]; a last block without samples.

    Raises
    ------
    AudioError
        Damaged, without an audio stream, or out of the limits.
    """
    import av

    stream.seek(0)
    try:
        # Titles and names in other encodings than UTF-8 are common, and no reason to refuse the sound.
        with av.open(Nameless(stream), mode="r", format=container.demuxer, metadata_errors="replace") as media:
            if not media.streams.audio:
                raise AudioError(f"{label}: the {container.name} file has no audio stream")
            if media.streams.audio[0].codec_context is None:
                raise AudioError(
                    f"{label}: the {container.name} file has sound of an unknown coding; convert it to WAV"
                )
            yield from _read_audio(media, label, limits)
    except av.FFmpegError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(
            f"{label}: the {container.name} file is truncated or damaged ({reason}); "
            "copy it again from where it was recorded"
        ) from error


def _read_audio(media: Any, label: str, limits: Limits) -> Iterator[Block]:
    stream = media.streams.audio[0]
    rate_hz, channels = int(stream.sample_rate or 0), int(stream.channels or 0)
    limits.check_format(label, rate_hz, channels)
    declared_s = _declared_s(media, stream)
    if declared_s is not None:
        limits.check_frames(label, round(declared_s * rate_hz), rate_hz, channels)

    frames, first = 0, True
    for frame in media.decode(stream):
        if first:
            # AAC may announce half the rate that its decoder then delivers.
            first, rate_hz, channels = False, int(frame.sample_rate), int(frame.layout.nb_channels)
            limits.check_format(label, rate_hz, channels)
        if (frame.sample_rate, frame.layout.nb_channels) != (rate_hz, channels):
            raise AudioError(f"{label}: rate or channels change within the file; convert it to WAV first")
        block = _planes(frame, channels, label)
        frames += block.shape[1]
        limits.check_frames(label, frames, rate_hz, channels, verb="holds at least")
        yield rate_hz, block
    if declared_s is not None:
        check_whole(label, declared_s, frames / rate_hz, _TRUNCATION_SLACK_S)
    yield rate_hz, np.zeros((channels, 0), dtype=np.float32)


def _declared_s(media: Any, stream: Any) -> float | None:
    """Return the duration that the header states; None where it is absent or guessed from a bit rate."""
    if media.format.name in ("aac", "mp3", "amr"):
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if media.duration is not None and len(media.streams) == 1:
        return float(media.duration) / 1e6
    return None


def _planes(frame: Any, channels: int, label: str) -> NDArray[np.float32]:
    """Return a decoded frame as float32 [channels, time] in [−1, 1]; codecs deliver integers or floats."""
    try:
        values = frame.to_ndarray()
    except ValueError as error:
        raise AudioError(f"{label}: samples of type {frame.format.name} cannot be read; convert it to WAV") from error
    if not frame.format.is_planar:
        values = values.reshape(-1, channels).T
    if values.dtype == np.uint8:
        values = (values.astype(np.float32) - 128) / 128
    elif np.issubdtype(values.dtype, np.integer):
        values = values / -float(np.iinfo(values.dtype).min)
    return np.asarray(values, dtype=np.float32)
