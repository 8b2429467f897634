"""The skeleton of a DICOM data set, walked without believing it: every length is held against what is there.

pydicom reads whatever length a file declares and descends as deep as it says. This walk comes first: it reads tags and
lengths alone, skips values, never recurses, and refuses a file that lies. What has passed is safe to parse.
Encoding: PS3.5 chapter 7 and annex A.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from resp.dicom.errors import DicomError

UNDEFINED = 0xFFFFFFFF
MAX_DEPTH = 32
MAX_ELEMENTS = 200_000

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS"}
    | {b"ST", b"TM", b"UI", b"UL", b"US"}
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a data set are written."""

    implicit: bool
    little: bool

    @property
    def order(self) -> str:
        """The byte order by Python's name."""
        return "little" if self.little else "big"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a length is written, and how long it is: of an element, or of a sequence or item around it.

    ``declared`` is `UNDEFINED` where a delimiter marks the end.
    """

    length_at: int
    length_bytes: int
    declared: int


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it lies in the file.

    Parameters
    ----------
    tag
        Group and element, 32 bits.
    vr
        Value representation, empty where it is implicit.
    start
        Where its header begins.
    value_at, length
        Where its value lies; ``length`` is `UNDEFINED` for a sequence that ends with a delimiter.
    path
        The sequences around it as (tag, item counted from 0), outermost first.
    place, around
        Where its own length and those of the sequences and items around it are written.
    """

    tag: int
    vr: str
    start: int
    value_at: int
    length: int
    path: tuple[tuple[int, int], ...]
    place: Place
    around: tuple[Place, ...]


def name_of(tag: int) -> str:
    """Return a tag as people read it: ``(5400,1010) Waveform Data``."""
    from pydicom.datadict import dictionary_description

    number = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    try:
        return f"{number} {dictionary_description(tag)}"
    except KeyError:
        return number


def guess_encoding(head: bytes) -> Encoding | None:
    """Tell how a data set is written from its first bytes; None where they begin no data set.

    A data set begins with a group of 2 (file meta information) or 8: nothing else stands before these.
    """
    if len(head) < 8:
        return None
    for little in (True, False):
        order = "little" if little else "big"
        group = int.from_bytes(head[:2], order)  # type: ignore[arg-type]  # one of the two words
        element = int.from_bytes(head[2:4], order)  # type: ignore[arg-type]
        if group not in (0x0002, 0x0008) or element > 0x3000:
            continue
        if head[4:6] in _LONG | _SHORT:
            return Encoding(implicit=False, little=little)
        # Big endian is always explicit. No element that comes first is longer than a few words.
        if little and int.from_bytes(head[4:8], "little") <= 1024:
            return Encoding(implicit=True, little=True)
    return None


@dataclass(slots=True)
class _Frame:
    """A data set (the items of a sequence where ``items``) that is being walked."""

    items: bool
    end: int
    delimited: bool
    implicit: bool
    place: Place | None
    tag: int = 0
    item: int = -1
    raw: bool = False


def walk(stream: BinaryIO, label: str, start: int, encoding: Encoding, *, end: int | None = None) -> Iterator[Element]:
    """Yield every element of a data set, sequences before what they hold, in the order of the file.

    Parameters
    ----------
    stream
        The file; its position is moved between elements.
    label
        For messages.
    start, end
        Where the data set lies; to the end of the stream where None.
    encoding
        How it is written.

    Raises
    ------
    DicomError
        A length beyond what is there or around it, a value representation that is none, delimiters out of place, more
        than `MAX_DEPTH` sequences within each other or more than `MAX_ELEMENTS` elements.
    """
    size = stream.seek(0, os.SEEK_END) if end is None else end
    return _Walk(stream, label, size, encoding).elements(start)


class _Walk:
    def __init__(self, stream: BinaryIO, label: str, size: int, encoding: Encoding) -> None:
        self._stream, self._label, self._size, self._encoding = stream, label, size, encoding
        self._at = 0

    def elements(self, start: int) -> Iterator[Element]:
        self._at = start
        frames = [_Frame(False, self._size, False, self._encoding.implicit, None)]
        count = 0
        while frames:
            frame = frames[-1]
            if not frame.delimited and self._at >= frame.end:
                frames.pop()
                continue
            if frame.items:
                item = self._open_item(frame)
                if item is None:
                    frames.pop()
                else:
                    frames.append(item)
                continue
            element = self._read(frame, frames)
            if element is None:
                frames.pop()
                continue
            count += 1
            if count > MAX_ELEMENTS:
                raise self._damaged(f"more than {MAX_ELEMENTS} elements")
            yield element
            if sequence := self._enter(element, frame):
                if sum(inner.items for inner in frames) >= MAX_DEPTH:
                    raise self._damaged(f"more than {MAX_DEPTH} sequences within each other")
                frames.append(sequence)
                self._at = element.value_at
            else:
                self._at = element.value_at + element.length

    def _bytes(self, count: int, within: int) -> bytes:
        self._stream.seek(self._at)
        found = self._stream.read(count) if self._at + count <= within else b""
        if len(found) < count:
            cut = "the file is truncated" if within == self._size else "an item ends within an element"
            raise self._damaged(f"{cut}: the header of an element is expected")
        self._at += count
        return found

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little" if self._encoding.little else "big")

    def _tag(self, raw: bytes) -> int:
        return self._number(raw[:2]) << 16 | self._number(raw[2:4])

    def _read(self, frame: _Frame, frames: list[_Frame]) -> Element | None:
        start = self._at
        head = self._bytes(8, frame.end)
        tag = self._tag(head)
        if tag == _ITEM_END:
            if not frame.delimited:
                raise self._damaged("an item delimiter out of place", start)
            return None
        if tag >> 16 == 0xFFFE:
            raise self._damaged("a sequence delimiter or item out of place", start)
        vr, length, length_bytes = b"", self._number(head[4:8]), 4
        if not frame.implicit:
            vr = head[4:6]
            if vr in _LONG:
                length = self._number(self._bytes(4, frame.end))
            elif vr in _SHORT:
                length, length_bytes = self._number(head[6:8]), 2
            else:
                shown = vr.decode("ascii", "backslashreplace")
                raise self._damaged(f"{name_of(tag)} has the value representation {shown!r}, which is none", start)
        if length != UNDEFINED and self._at + length > frame.end:
            there = frame.end - self._at
            raise self._damaged(
                f"truncated or damaged: {name_of(tag)} declares {length} bytes, {there} are there", start
            )
        return Element(
            tag=tag,
            vr=vr.decode("ascii"),
            start=start,
            value_at=self._at,
            length=length,
            path=tuple((inner.tag, inner.item) for inner in frames if inner.items),
            place=Place(self._at - length_bytes, length_bytes, length),
            around=tuple(inner.place for inner in frames if inner.place),
        )

    def _enter(self, element: Element, frame: _Frame) -> _Frame | None:
        """Return what is to be walked inside an element, None where its value is not made of items."""
        undefined = element.length == UNDEFINED
        raw = False
        if element.vr in ("", "UN"):
            # Where the dictionary knows a sequence, pydicom parses one; an unknown one of undefined length has items.
            sequence = undefined or _is_sequence(element.tag)
        else:
            raw = undefined and element.vr != "SQ"
            sequence = undefined or element.vr == "SQ"
        if raw and element.vr not in ("OB", "OW"):
            raise self._damaged(f"{name_of(element.tag)} ({element.vr}) has no length", element.start)
        if not sequence:
            return None
        end = frame.end if undefined else element.value_at + element.length
        return _Frame(True, end, undefined, frame.implicit, element.place, tag=element.tag, raw=raw)

    def _open_item(self, frame: _Frame) -> _Frame | None:
        """Return the next item to walk, an empty one for a fragment of bytes; None at the end of the sequence."""
        start = self._at
        head = self._bytes(8, frame.end)
        tag, length = self._tag(head), self._number(head[4:8])
        if tag == _SEQUENCE_END and frame.delimited:
            return None
        if tag != _ITEM:
            raise self._damaged(f"an item of {name_of(frame.tag)} is expected", start)
        frame.item += 1
        place = Place(self._at - 4, 4, length)
        if length != UNDEFINED and self._at + length > frame.end:
            there = frame.end - self._at
            raise self._damaged(
                f"truncated or damaged: item {frame.item + 1} of {name_of(frame.tag)} declares {length} bytes, "
                f"{there} are there",
                start,
            )
        if frame.raw:
            if length == UNDEFINED:
                raise self._damaged(f"a fragment of {name_of(frame.tag)} has no length", start)
            self._at += length
            return _Frame(False, self._at, False, frame.implicit, place)
        end = frame.end if length == UNDEFINED else self._at + length
        return _Frame(False, end, length == UNDEFINED, self._item_implicit(frame, end), place)

    def _item_implicit(self, frame: _Frame, end: int) -> bool:
        """Tell whether an item is written implicitly: what is unknown (UN) is (PS3.5 6.2.2), and some writers' items.

        pydicom tells it the same way.
        """
        if frame.implicit or end - self._at < 8:
            return frame.implicit
        self._stream.seek(self._at)
        head = self._stream.read(6)
        return self._tag(head) >> 16 != 0xFFFE and not (0x40 < head[4] < 0x5B and 0x40 < head[5] < 0x5B)

    def _damaged(self, what: str, at: int | None = None) -> DicomError:
        place = self._at if at is None else at
        return DicomError(
            f"{self._label}: not a sound DICOM file: {what} (at byte {place}); copy or export it again from its source"
        )


def _is_sequence(tag: int) -> bool:
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        return False
