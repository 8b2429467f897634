"""Bytes become a Recording: soundfile reads what it can, PyAV the rest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from resp.audio.containers import HEAD_BYTES, Container, check_bytes_whole, mp3_states_length, sniff
from resp.audio.decode_av import Block, blocks_av, join_blocks
from resp.audio.elsewhere import is_dicom, load_dicom
from resp.audio.errors import AudioError
from resp.audio.limits import Limits, check_whole
from resp.audio.naming import describe_file_name
from resp.audio.recording import Recording
from resp.audio.stream import Nameless, Source, checksum, opened
from resp.audio.synthetic_mark import says_synthetic
from resp.audio.wav_header import read_wav_header

_BLOCK_FRAMES = 1 << 16
_READABLE = "WAV, FLAC, MP3, Ogg, Opus, M4A, AAC, WebM, WMA, AIFF, DICOM"
# Lossy encoders round the end to whole packets; a cut or damaged file loses far more.
_LOSSY_SLACK_S = {"MP3": 0.25, "OGG": 0.25}
_NO_LENGTH = 1 << 60


def load_recording(source: Source, *, name: str | None = None, limits: Limits | None = None) -> Recording:
    """Read a recording.

    The content decides how it is read, not the name. Channels are kept. Body site, device and patient are
    filled in where the name follows the pattern of a known data set, or where the file states them (DICOM).

    Parameters
    ----------
    source
        A path, the encoded bytes, or a seekable binary file object (read from its beginning, left open at the
        position where it was).
    name
        What to call it: in ``Recording.source``, in messages, and to learn from; the path, or the file
        object's own name, by default.
    limits
        How long, how fast, how many channels; the defaults of `Limits` where None.

    Returns
    -------
    Recording
        float32 [channels, time] with the SHA-256 of the encoded bytes.

    Raises
    ------
    AudioError
        No such file; empty; not audio; truncated or damaged; too long (before it is decoded where the header
        says so, while it is decoded otherwise), too short; a rate or a number of channels out of bounds;
        samples that are not finite numbers.
    """
    bounds = limits or Limits()
    with opened(source, name) as (stream, label):
        try:
            return _load(stream, label, bounds)
        except OSError as error:
            raise AudioError(f"{label}: cannot be read: {error.strerror or error}") from error


def _load(stream: BinaryIO, label: str, limits: Limits) -> Recording:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    # A preamble may begin like a file of another kind.
    if head and is_dicom(stream):
        return load_dicom(stream, label, limits)
    samples, rate_hz = join_blocks(_sound(stream, label, head, size, limits))
    limits.check_short(label, samples.shape[1], rate_hz)
    known = describe_file_name(label)
    return Recording(
        samples=samples,
        rate_hz=rate_hz,
        source=label,
        sha256=checksum(stream),
        body_site=known.body_site,
        device=known.device,
        patient_key=known.patient_key,
        synthetic=says_synthetic(stream),
    )


@contextmanager
def sound_blocks(source: Source, *, name: str | None = None, limits: Limits | None = None) -> Iterator[Iterator[Block]]:
    """Open a recording that is read a block at a time, in memory that does not grow with its length.

    Parameters
    ----------
    source, name, limits
        See `load_recording`, which gives the same samples at once.

    Yields
    ------
    iterator of (int, ndarray)
        The rate in Hz, which does not change, and float32 [channels, time]; the last block holds no samples.

    Raises
    ------
    AudioError
        As `load_recording`, some of it only at the block that is wrong; and for DICOM, which is read at once.
    """
    bounds = limits or Limits()
    with opened(source, name) as (stream, label):
        try:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            head = stream.read(HEAD_BYTES)
            if head and is_dicom(stream):
                raise AudioError(f"{label}: DICOM sound is read at once; cut it into parts of an hour at most")
            yield _finite(_sound(stream, label, head, size, bounds), label)
        except OSError as error:
            raise AudioError(f"{label}: cannot be read: {error.strerror or error}") from error


def _finite(blocks: Iterator[Block], label: str) -> Iterator[Block]:
    for rate_hz, samples in blocks:
        if not np.isfinite(samples).all():
            raise AudioError(f"{label}: samples that are not finite numbers (NaN or infinite); record again")
        yield rate_hz, samples


def _sound(stream: BinaryIO, label: str, head: bytes, size: int, limits: Limits) -> Iterator[Block]:
    """Check what a file declares, and yield its blocks."""
    if not head:
        raise AudioError(f"{label}: the file is empty (0 bytes); record or copy it again")
    container = sniff(head)
    if container is None:
        raise AudioError(f"{label}: not an audio file that can be read; expected one of {_READABLE}")
    if container.name == "WAV":
        _check_wav(stream, label, size, limits)
    else:
        check_bytes_whole(stream, label, head, size)
    yield from _blocks(stream, label, container, head, limits)


def _check_wav(stream: BinaryIO, label: str, size: int, limits: Limits) -> None:
    header = read_wav_header(stream, label, size)
    if header is None:
        return
    limits.check_format(label, header.rate_hz, header.channels)
    if header.declared_s is not None:
        limits.check_frames(label, int(header.declared_s * header.rate_hz), header.rate_hz, header.channels)
        check_whole(label, header.declared_s, header.there_s)


def _blocks(stream: BinaryIO, label: str, container: Container, head: bytes, limits: Limits) -> Iterator[Block]:
    """Yield the blocks of a file by the decoder that reads it; the last one holds no samples."""
    import soundfile

    if container.name == "MP3" and not mp3_states_length(stream, head):
        yield from blocks_av(stream, label, container, limits)
        return
    stream.seek(0)
    try:
        sound = soundfile.SoundFile(Nameless(stream))
    except soundfile.LibsndfileError as error:
        if container.demuxer is None:
            raise AudioError(f"{label}: the {container.name} file is damaged ({error.error_string})") from error
        yield from blocks_av(stream, label, container, limits)
        return
    with sound:
        # Where the header states no length, libsndfile reads nothing, or all and then fails.
        if container.demuxer and not 0 < sound.frames < _NO_LENGTH:
            yield from blocks_av(stream, label, container, limits)
            return
        try:
            yield from _read(sound, label, limits)
        except soundfile.LibsndfileError as error:
            raise AudioError(
                f"{label}: the {container.name} file is truncated or damaged ({error.error_string}); "
                "copy it again from where it was recorded"
            ) from error


def _read(sound: Any, label: str, limits: Limits) -> Iterator[Block]:
    rate_hz, channels = int(sound.samplerate), int(sound.channels)
    declared = int(sound.frames) if 0 < sound.frames < _NO_LENGTH else None
    limits.check_format(label, rate_hz, channels)
    if declared is not None:
        limits.check_frames(label, declared, rate_hz, channels)

    most, frames = limits.max_frames(rate_hz, channels), 0
    while frames <= most:
        block = sound.read(min(_BLOCK_FRAMES, most + 1 - frames), dtype="float32", always_2d=True)
        if not len(block):
            break
        frames += len(block)
        limits.check_frames(label, frames, rate_hz, channels, verb="holds at least")
        yield rate_hz, block.T
    if declared is not None:
        check_whole(label, declared / rate_hz, frames / rate_hz, _LOSSY_SLACK_S.get(sound.format, 0.0))
    yield rate_hz, np.zeros((channels, 0), dtype=np.float32)
