"""What a WAV file's header declares, beside what is there.

libsndfile reads a WAV that was cut short silently to its end: half a recording would pass for a whole one.
"""

from dataclasses import dataclass
from typing import BinaryIO, Literal

from resp.audio.errors import AudioError

_WIDE = 0xFFFFFFFF
# What writers to a pipe, who cannot know the length, leave in its place; some a mark just under 2 GiB.
_UNKNOWN = ((0, 0), (0x7FFFEF00, 0x7FFFFFFF), (0xFFFFFF00, _WIDE))


@dataclass(frozen=True, slots=True)
class WavHeader:
    """Rate, channels, and how much sound is declared (None where the writer did not know) and is there."""

    rate_hz: int
    channels: int
    declared_s: float | None
    there_s: float


def read_wav_header(stream: BinaryIO, name: str, size: int) -> WavHeader | None:
    """Walk through the chunks of a WAV file up to its sound: RIFF, RIFX (big-endian), RF64 or BW64.

    Parameters
    ----------
    stream
        The file; its position is moved.
    name
        For the message.
    size
        Size of the file in bytes.

    Returns
    -------
    WavHeader or None
        None where the format chunk is missing or states no rate: a decoder says what is wrong with it.

    Raises
    ------
    AudioError
        The file ends before its sound begins.
    """
    stream.seek(0)
    order: Literal["little", "big"] = "big" if stream.read(4) == b"RIFX" else "little"
    position, format_chunk, wide_bytes = 12, b"", None
    while True:
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            raise AudioError(
                f"{name}: truncated: the WAV file ends after {size} bytes, before its sound begins; "
                "copy it again from where it was recorded"
            )
        kind, length = head[:4], int.from_bytes(head[4:], order)
        if kind == b"data":
            break
        if kind == b"fmt ":
            format_chunk = stream.read(16)
        elif kind == b"ds64":
            wide_bytes = int.from_bytes(stream.read(16)[8:16], order)
        position += 8 + length + length % 2

    channels = int.from_bytes(format_chunk[2:4], order)
    rate_hz = int.from_bytes(format_chunk[4:8], order)
    bytes_per_s = int.from_bytes(format_chunk[8:12], order)
    if len(format_chunk) < 16 or not (channels and rate_hz and bytes_per_s):
        return None
    declared: int | None = length
    if length == _WIDE and wide_bytes is not None:
        declared = wide_bytes
    elif any(low <= length <= high for low, high in _UNKNOWN):
        declared = None
    declared_s = None if declared is None else declared / bytes_per_s
    return WavHeader(rate_hz, channels, declared_s, max(0, size - position - 8) / bytes_per_s)
