"""What kind of file a stream of bytes is, told by its first bytes and never by its name."""

from dataclasses import dataclass
from typing import BinaryIO

from resp.audio.errors import AudioError

HEAD_BYTES = 64


@dataclass(frozen=True, slots=True)
class Container:
    """A file format: ``name`` for messages, and the demuxer that PyAV is told to use (None: soundfile alone).

    PyAV never guesses: some of the formats it could guess (playlists) open other files or addresses.
    """

    name: str
    demuxer: str | None


_WAV = Container("WAV", "wav")
_MP3 = Container("MP3", "mp3")
_STARTS = (
    (b"fLaC", Container("FLAC", "flac")),
    (b"OggS", Container("Ogg", "ogg")),
    (b"RF64", _WAV),
    (b"BW64", _WAV),
    (b"RIFX", _WAV),
    (b"riff\x2e\x91\xcf\x11", Container("Wave64", "w64")),
    (b"FORM", Container("AIFF", "aiff")),
    (b"caff", Container("CAF", "caf")),
    (b".snd", Container("AU", "au")),
    (b"NIST_1A", Container("NIST SPHERE", None)),
    (b"\x1a\x45\xdf\xa3", Container("WebM", "matroska")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Container("WMA", "asf")),
    (b"#!AMR", Container("AMR", "amr")),
    (b"ID3", _MP3),
)
_MPEG_LAYERS_2_AND_3 = (1, 2)


def sniff(head: bytes) -> Container | None:
    """Return the container that the first bytes announce, None where they announce no audio."""
    if head[:4] == b"RIFF":
        return _WAV if b"WAVE".startswith(head[8:12]) else None
    if head[4:8] == b"ftyp":
        return Container("MP4", "mp4")
    for start, container in _STARTS:
        if head.startswith(start):
            return container
    if len(head) < 2 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return Container("AAC", "aac")
    # The layer keeps out text in UTF-16, whose byte order mark begins like an MPEG frame.
    if head[1] & 0xE0 == 0xE0 and head[1] >> 1 & 3 in _MPEG_LAYERS_2_AND_3:
        return _MP3
    return None


def check_bytes_whole(stream: BinaryIO, name: str, head: bytes, size: int) -> None:
    """Refuse an AIFF, Wave64, AU or Ogg file of fewer bytes than it declares: libsndfile would read it.

    Parameters
    ----------
    stream
        The file; its position is moved.
    name
        For the message.
    head
        Its first bytes.
    size
        Its size in bytes.

    Raises
    ------
    AudioError
        The file was cut short.
    """
    declared = 0
    if head[:4] == b"FORM":
        declared = 8 + int.from_bytes(head[4:8], "big")
    elif head[:4] == b"riff":
        declared = int.from_bytes(head[16:24], "little")
    elif head[:4] == b".snd" and head[8:12] != b"\xff\xff\xff\xff":
        declared = int.from_bytes(head[4:8], "big") + int.from_bytes(head[8:12], "big")
    elif head[:4] == b"OggS":
        declared = _end_of_last_ogg_page(stream, size)
    if declared > size:
        raise AudioError(
            f"{name}: truncated: {declared} bytes are declared, {size} are there; "
            "copy it again from where it was recorded"
        )


def mp3_states_length(stream: BinaryIO, head: bytes) -> bool:
    """Tell whether an MP3 file's first frame carries the number of frames (a "Xing" or "Info" header).

    Without one, libsndfile reckons the length from the first frame's bit rate and stops there: where the bit
    rate varies, the end would be lost without a word.
    """
    start = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        # Four bytes of seven bits each: the length of the tag without its own header.
        start = 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    stream.seek(start)
    first_frame = stream.read(256)
    return b"Xing" in first_frame or b"Info" in first_frame


def _end_of_last_ogg_page(stream: BinaryIO, size: int) -> int:
    """Return where the last Ogg page (RFC 3533) should end: header, segment table, then the segments."""
    longest_page = 27 + 255 + 255 * 255
    start = max(0, size - longest_page)
    stream.seek(start)
    tail = stream.read()
    page = tail.rfind(b"OggS\x00")
    if page < 0:
        return 0
    segments = tail[page + 26] if len(tail) > page + 26 else 0
    table = tail[page + 27 : page + 27 + segments]
    return start + page + 27 + segments + sum(table)
