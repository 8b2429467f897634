"""A DICOM file as its header and the places of its samples: what is long stays where it is until it is decoded."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from resp.audio.limits import Limits
from resp.dicom.errors import DicomError
from resp.dicom.kinds import refuse_class
from resp.dicom.structure import UNDEFINED, Element, Encoding, guess_encoding, name_of, walk
from resp.dicom.uids import DEFLATED_LITTLE, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PREAMBLE_BYTES = 132
MAX_HEADER_BYTES = 64 << 20
MAX_DEFLATED_BYTES = 512 << 20
"""What a deflated data set may grow to; it has to be held in memory."""

_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_META_CLASS, _TRANSFER_SYNTAX = 0x00020002, 0x00020010
_WAVEFORM_SEQUENCE, _WAVEFORM_DATA = 0x54000100, 0x54001010
_ENCODINGS = {
    IMPLICIT_LITTLE: Encoding(implicit=True, little=True),
    EXPLICIT_LITTLE: Encoding(implicit=False, little=True),
    DEFLATED_LITTLE: Encoding(implicit=False, little=True),
    EXPLICIT_BIG: Encoding(implicit=False, little=False),
}
_META = Encoding(implicit=False, little=True)


@dataclass(frozen=True, slots=True)
class SampleBytes:
    """Where the Waveform Data of a multiplex group lies in `Header.stream`."""

    at: int
    length: int
    vr: str


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """All of a file but its samples.

    Parameters
    ----------
    dataset
        The data set without Waveform Data, with its file meta information where there is any.
    sop_class_uid, transfer_syntax_uid
        Of the object.
    samples
        Where the samples of each item of the Waveform Sequence lie, None where an item has none.
    stream
        What they lie in: the file, or what a deflated one holds.
    little
        Byte order.
    """

    dataset: "Dataset"
    sop_class_uid: str
    transfer_syntax_uid: str
    samples: dict[int, SampleBytes]
    stream: BinaryIO
    little: bool


@dataclass(frozen=True, slots=True)
class _Opening:
    """The beginning of a file: its meta information and where its data set lies."""

    meta: tuple[Element, ...]
    meta_bytes: bytes
    meta_class: str
    transfer_syntax: str
    encoding: Encoding
    start: int


def begins_dicom(head: bytes) -> bool:
    """Tell whether the first `PREAMBLE_BYTES` of a file are those of a DICOM file, with its preamble or without."""
    return head[128:PREAMBLE_BYTES] == b"DICM" or guess_encoding(head) is not None


def peek_class(stream: BinaryIO, label: str) -> str | None:
    """Return the SOP class of a DICOM file, reading no further than to it; None where it states none.

    Raises
    ------
    DicomError
        Not a DICOM file, or damaged before it says what it is.
    """
    opening = _open(stream, label)
    if opening.meta_class:
        return opening.meta_class
    if opening.transfer_syntax == DEFLATED_LITTLE:
        stream, opening = _inflate(stream, label, opening)
    return _dataset_class(stream, label, opening) or None


def read_header(stream: BinaryIO, label: str, limits: Limits) -> Header:
    """Read everything but the samples of a sound.

    Parameters
    ----------
    stream
        A seekable file; its position is moved.
    label
        What to call it in messages.
    limits
        Samples of more than these bytes are not even looked for.

    Raises
    ------
    DicomError
        Not a DICOM file, not sound (said before the rest of it is read), truncated or damaged, or with more beside its
        samples than `MAX_HEADER_BYTES`.
    """
    opening = _open(stream, label)
    if opening.transfer_syntax == DEFLATED_LITTLE:
        if opening.meta_class:
            _refuse(opening.meta_class, label)
        stream, opening = _inflate(stream, label, opening)
    sop_class = _dataset_class(stream, label, opening) or opening.meta_class
    if not sop_class:
        raise DicomError(f"{label}: {name_of(_SOP_CLASS)} is missing: it does not say what it is; export it again")
    _refuse(sop_class, label)
    samples: dict[int, Element] = {}
    for element in walk(stream, label, opening.start, opening.encoding):
        if element.tag == _WAVEFORM_DATA and len(element.path) == 1 and element.path[0][0] == _WAVEFORM_SEQUENCE:
            if element.length == UNDEFINED:
                raise DicomError(f"{label}: {name_of(_WAVEFORM_DATA)} states no length; export it again uncompressed")
            samples[element.path[0][1]] = element
    # Eight bytes a sample are more than any encoding has.
    most = 8 * limits.max_samples
    held = sum(element.length for element in samples.values())
    if held > most:
        raise DicomError(f"{label}: {held} bytes of samples; at most {limits.max_samples} samples are taken")
    header = _cut_out(stream, label, opening.start, list(samples.values()), opening.encoding)
    return Header(
        dataset=_parse(header, opening, label),
        sop_class_uid=sop_class,
        transfer_syntax_uid=opening.transfer_syntax,
        samples={item: SampleBytes(e.value_at, e.length, e.vr) for item, e in samples.items()},
        stream=stream,
        little=opening.encoding.little,
    )


def read_plain(stream: BinaryIO, label: str) -> "Dataset":
    """Read a whole object of any class that holds nothing large, once it is known to be sound in its structure.

    Parameters
    ----------
    stream
        A seekable file; its position is moved.
    label
        What to call it in messages.

    Raises
    ------
    DicomError
        Not a DICOM file, truncated, damaged, or larger than `MAX_HEADER_BYTES`.
    """
    opening = _open(stream, label)
    if opening.transfer_syntax == DEFLATED_LITTLE:
        stream, opening = _inflate(stream, label, opening)
    for _ in walk(stream, label, opening.start, opening.encoding):
        pass
    return _parse(_cut_out(stream, label, opening.start, [], opening.encoding), opening, label)


def _refuse(sop_class: str, label: str) -> None:
    if refusal := refuse_class(sop_class):
        raise DicomError(f"{label}: {refusal}")


def _open(stream: BinaryIO, label: str) -> _Opening:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(PREAMBLE_BYTES)
    if not head:
        raise DicomError(f"{label}: the file is empty (0 bytes); copy or export it again")
    start = PREAMBLE_BYTES if head[128:] == b"DICM" else 0
    if not start and guess_encoding(head) is None:
        raise DicomError(f"{label}: not a DICOM file: neither DICM at byte 128 nor a data set at its beginning")
    meta, after = _read_meta(stream, label, start, size)
    texts = {e.tag: _text(stream, e) for e in meta if e.tag in (_META_CLASS, _TRANSFER_SYNTAX)}
    stream.seek(start)
    meta_bytes = stream.read(after - start)
    syntax = texts.get(_TRANSFER_SYNTAX, "")
    stream.seek(after)
    guessed = guess_encoding(stream.read(8))
    if syntax and syntax not in _ENCODINGS:
        meta_class = texts.get(_META_CLASS, "")
        if meta_class:
            _refuse(meta_class, label)
        from pydicom.uid import UID

        raise DicomError(
            f"{label}: transfer syntax {UID(syntax).name}; sound is read in Implicit or Explicit VR Little Endian, "
            "Explicit VR Big Endian and Deflated: convert it first"
        )
    if guessed is None and not syntax:
        raise DicomError(f"{label}: truncated or damaged: no data set after the file meta information; export it again")
    encoding = _ENCODINGS[syntax] if syntax else guessed
    # Some writers state one encoding and write the other of the same byte order; the bytes are right.
    if encoding and guessed and syntax != DEFLATED_LITTLE and guessed.little == encoding.little:
        encoding = guessed
    if encoding is None:
        raise AssertionError("an encoding was stated or guessed")
    if not syntax:
        syntax = next(uid for uid, found in _ENCODINGS.items() if found == encoding)
    return _Opening(meta, meta_bytes, texts.get(_META_CLASS, ""), syntax, encoding, after)


def _read_meta(stream: BinaryIO, label: str, start: int, size: int) -> tuple[tuple[Element, ...], int]:
    """Return the elements of group 2 and where they end: where another group begins, whatever their length says."""
    found: list[Element] = []
    at = start
    while at + 8 <= size:
        stream.seek(at)
        if stream.read(2) != b"\x02\x00":
            break
        element = next(_first(stream, label, at))
        if len(found) > 100 or element.length > 1 << 20:
            raise DicomError(f"{label}: {name_of(element.tag)} in the file meta information is far too long")
        found.append(element)
        at = element.value_at + element.length
    return tuple(found), at


def _first(stream: BinaryIO, label: str, at: int) -> Iterator[Element]:
    return walk(stream, label, at, _META)


def _text(stream: BinaryIO, element: Element) -> str:
    stream.seek(element.value_at)
    # UIDs have at most 64 characters.
    return stream.read(min(element.length, 64)).decode("ascii", "replace").strip("\0 ")


def _dataset_class(stream: BinaryIO, label: str, opening: _Opening) -> str:
    """Return the SOP class that the data set states, without reading on behind the place where it should be."""
    for element in walk(stream, label, opening.start, opening.encoding):
        if element.tag == _SOP_CLASS and not element.path:
            return _text(stream, element)
        if element.tag > _SOP_CLASS and not element.path:
            break
    return ""


def _inflate(stream: BinaryIO, label: str, opening: _Opening) -> tuple[BinaryIO, _Opening]:
    """Return what a deflated data set holds (PS3.5 A.5), bounded, and where it lies there."""
    stream.seek(opening.start)
    inflater, pieces, size = zlib.decompressobj(-zlib.MAX_WBITS), [], 0
    try:
        while not inflater.eof and (packed := inflater.unconsumed_tail or stream.read(1 << 16)):
            piece = inflater.decompress(packed, 1 << 20)
            size += len(piece)
            if size > MAX_DEFLATED_BYTES:
                raise DicomError(
                    f"{label}: inflates to more than {MAX_DEFLATED_BYTES >> 20} MiB; store it uncompressed"
                )
            pieces.append(piece)
    except zlib.error as error:
        raise DicomError(f"{label}: the deflated data set is damaged ({error}); export it again") from error
    if not inflater.eof:
        raise DicomError(f"{label}: truncated: the deflated data set has no end; export it again")
    plain = BytesIO(b"".join(pieces))
    return plain, _Opening(
        opening.meta, opening.meta_bytes, opening.meta_class, opening.transfer_syntax, opening.encoding, 0
    )


def _cut_out(stream: BinaryIO, label: str, start: int, samples: list[Element], encoding: Encoding) -> bytes:
    """Return a data set without some values: those elements are left empty, and lengths around them mended."""
    size = stream.seek(0, os.SEEK_END)
    kept = size - start - sum(element.length for element in samples)
    if kept > MAX_HEADER_BYTES:
        raise DicomError(
            f"{label}: {kept >> 20} MiB beside samples of sound; at most {MAX_HEADER_BYTES >> 20} MiB are taken"
        )
    shorter: dict[int, tuple[int, int]] = {}
    for element in samples:
        for place in (element.place, *element.around):
            if place.declared != UNDEFINED:
                left = shorter.get(place.length_at, (place.declared, 0))[0] - element.length
                shorter[place.length_at] = (left, place.length_bytes)
    pieces, gone, at = bytearray(), [], start
    for element in sorted(samples, key=lambda one: one.value_at):
        stream.seek(at)
        pieces += stream.read(element.value_at - at)
        at = element.value_at + element.length
        gone.append((at, element.length))
    stream.seek(at)
    pieces += stream.read(size - at)
    for length_at, (length, count) in shorter.items():
        at = length_at - start - sum(lost for end, lost in gone if end <= length_at)
        pieces[at : at + count] = length.to_bytes(count, "little" if encoding.little else "big")
    return bytes(pieces)


def _parse(header: bytes, opening: _Opening, label: str) -> "Dataset":
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset

    encoding = opening.encoding
    try:
        dataset = read_dataset(BytesIO(header), encoding.implicit, encoding.little)
        if opening.meta_bytes:
            dataset.file_meta = FileMetaDataset(read_dataset(BytesIO(opening.meta_bytes), False, True))
    except Exception as error:
        # pydicom raises a dozen types for data that is not as it should be.
        raise DicomError(f"{label}: cannot be parsed ({type(error).__name__}); copy or export it again") from error
    return dataset
