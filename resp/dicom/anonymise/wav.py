"""A WAV file without anything but its sound: INFO, bext, id3, cues and notes stay behind, samples are untouched."""

from resp.dicom.anonymise.changes import Ledger
from resp.dicom.errors import DicomError

_KEPT = (b"fmt ", b"fact", b"data")
# PCM, float, A-law, µ-law and what says one of these in its extension: their format chunk holds numbers alone.
_FORMATS = {1: 16, 3: 18, 6: 18, 7: 18, 0xFFFE: 40}
_FACT_BYTES = 4


def anonymise_wav(content: bytes, ledger: Ledger) -> bytes:
    """Return a WAV file that holds the format and the samples of another, and nothing else.

    Parameters
    ----------
    content
        The whole file.
    ledger
        Where the chunks that were left out are counted.

    Raises
    ------
    DicomError
        Not a RIFF file; truncated, without a stated length, or without sound; or of an encoding whose format chunk may
        hold words.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DicomError("not a WAV file of the RIFF kind; convert it to WAV first")
    chunks = _chunks(content, ledger)
    if b"fmt " not in chunks or b"data" not in chunks:
        raise DicomError("a WAV file without a format or without sound; copy it again from where it was recorded")
    chunks[b"fmt "] = _plain_format(chunks[b"fmt "])
    if b"fact" in chunks:
        chunks[b"fact"] = chunks[b"fact"][:_FACT_BYTES]
    body = b"".join(
        kind + len(chunks[kind]).to_bytes(4, "little") + chunks[kind] + b"\0" * (len(chunks[kind]) % 2)
        for kind in _KEPT
        if kind in chunks
    )
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WAVE" + body


def _chunks(content: bytes, ledger: Ledger) -> dict[bytes, bytes]:
    """Return the first chunk of each kind that is kept; count what is not."""
    found: dict[bytes, bytes] = {}
    end = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    at = 12
    while at + 8 <= end:
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        # A chunk behind the sound may be cut short by a careless editor; nothing of it is kept anyway.
        if at + 8 + length > len(content) and b"data" not in found:
            raise DicomError(
                "a WAV file that is truncated or states no length; copy it again from where it was recorded"
            )
        if kind in _KEPT and kind not in found:
            found[kind] = content[at + 8 : at + 8 + length]
        else:
            ledger.note(_name(kind), "removed", "WAV chunk")
        at += 8 + length + length % 2
    if len(content) > end:
        ledger.note("behind the end", "removed", "WAV bytes")
    return found


def _plain_format(chunk: bytes) -> bytes:
    length = _FORMATS.get(int.from_bytes(chunk[:2], "little"))
    if length is None or len(chunk) < 16:
        raise DicomError("a WAV file that is neither PCM, float, A-law nor µ-law; convert it to PCM first")
    if length == 18:
        # The size of an extension that these formats do not have.
        return chunk[:16] + b"\0\0" if len(chunk) > 16 else chunk
    if len(chunk) < length:
        raise DicomError("a WAV file whose format is cut short; copy it again from where it was recorded")
    return chunk[:16] + (22).to_bytes(2, "little") + chunk[18:40] if length == 40 else chunk[:16]


def _name(kind: bytes) -> str:
    """Return a chunk's name where it is one that is known, so that no report repeats what somebody wrote there."""
    known = {b"LIST", b"bext", b"id3 ", b"ID3 ", b"iXML", b"cue ", b"note", b"labl", b"smpl", b"inst", b"JUNK", b"PEAK"}
    known |= {b"_PMX", b"axml", b"cart", b"PAD ", b"fact", b"data", b"fmt ", b"chna", b"aXML", b"DISP"}
    return kind.decode("ascii").strip() if kind in known else "other"
