"""Where DICOM sounds are found: a file, a folder, a DICOMDIR, a ZIP archive. Nothing is unpacked to disk.

A DICOMDIR names files, and a ZIP members: one name that leaves its folder refuses the whole, as no honest writer makes
one.
"""

import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from resp.audio.errors import AudioError
from resp.audio.stream import Source, opened
from resp.dicom.directory import listed_files
from resp.dicom.errors import DicomError
from resp.dicom.header import PREAMBLE_BYTES, begins_dicom, peek_class
from resp.dicom.uids import MEDIA_STORAGE_DIRECTORY, SOUND_CLASSES

MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 1 << 30
MAX_ARCHIVE_BYTES = 16 << 30
"""What all members of an archive may grow to together; one is held at a time."""
_MAX_LISTING_BYTES = 16 << 20
_PEEK_BYTES = 1 << 20
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class DicomFile:
    """One DICOM file, wherever it lies.

    Parameters
    ----------
    name
        What to call it: its path, with ``archive.zip/member`` for a member.
    open
        Opens it for reading from its middle; may be called again.
    """

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]


def find_files(source: Source, *, name: str | None = None) -> Iterator[DicomFile]:
    """Yield the DICOM files that may hold sound.

    Parameters
    ----------
    source
        A path of a file, folder, DICOMDIR or ZIP archive; the bytes of a file or archive; a seekable binary file. A
        file that is named is yielded whatever it is. In folders, archives and directories, what is not DICOM and
        objects of another class than sound are left out, and damaged ones are yielded, so that they are heard of.
    name
        What to call it in messages; the path by default.

    Raises
    ------
    DicomError
        Nothing there, or an archive or a DICOMDIR that is damaged, too large, or names places outside of its own.
    """
    if isinstance(source, str | os.PathLike) and Path(source).is_dir():
        yield from _in_folder(Path(source))
        return
    with _open(source, name) as (stream, label):
        head = stream.read(PREAMBLE_BYTES)
        archive = head[:4] in _ZIP_STARTS and head[128:] != b"DICM"
        directory = not archive and begins_dicom(head) and _peek(stream, label) == MEDIA_STORAGE_DIRECTORY
        if archive:
            yield from _in_archive(stream, label, source)
        elif directory:
            if not isinstance(source, str | os.PathLike):
                raise DicomError(f"{label}: a DICOMDIR without the files beside it; give its path")
            yield from _in_directory(stream, Path(source))
        else:
            yield DicomFile(label, lambda: _stream_of(source, name))


@contextmanager
def _open(source: Source, name: str | None) -> Iterator[tuple[BinaryIO, str]]:
    try:
        with opened(source, name) as (stream, label):
            yield stream, label
    except AudioError as error:
        raise DicomError(str(error)) from error


@contextmanager
def _stream_of(source: Source, name: str | None) -> Iterator[BinaryIO]:
    with _open(source, name) as (stream, _):
        yield stream


def _file(path: Path) -> DicomFile:
    return DicomFile(os.fspath(path), lambda: _stream_of(path, None))


def _peek(stream: BinaryIO, label: str) -> str | None:
    """Return the SOP class, None where it cannot be told."""
    try:
        return peek_class(stream, label)
    except (DicomError, OSError):
        return None


def may_hold_sound(stream: BinaryIO, *, suffix: str = "") -> bool:
    """Tell whether a file among others is DICOM sound, or DICOM that is too damaged to tell.

    Parameters
    ----------
    stream
        The file; its position is moved.
    suffix
        Of its name: one that says DICOM is believed without a preamble, as data sets alone begin like much else.
    """
    stream.seek(0)
    head = stream.read(PREAMBLE_BYTES)
    if head[128:] != b"DICM" and not (suffix.lower() in (".dcm", ".dicom") and begins_dicom(head)):
        return False
    found = _peek(stream, "")
    return found is None or found in SOUND_CLASSES


def _in_folder(folder: Path) -> Iterator[DicomFile]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for one in sorted(files):
            path = Path(place, one)
            if one.startswith(".") or not path.is_file():
                continue
            try:
                with path.open("rb") as stream:
                    taken = may_hold_sound(stream, suffix=path.suffix)
            except OSError:
                # Reading it will say why.
                taken = path.suffix.lower() in (".dcm", ".dicom")
            if taken:
                yield _file(path)


def _in_directory(stream: BinaryIO, path: Path) -> Iterator[DicomFile]:
    for file in listed_files(stream, path):
        yield _file(file)


@contextmanager
def _still_open(archive: zipfile.ZipFile, source: Source) -> Iterator[zipfile.ZipFile]:
    """Yield the archive, opened once more where the search that found the member has ended."""
    if archive.fp is not None:
        yield archive
        return
    with _stream_of(source, None) as stream, zipfile.ZipFile(stream) as again:
        yield again


def _in_archive(stream: BinaryIO, label: str, source: Source) -> Iterator[DicomFile]:
    _check_listing(stream, label)
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check_members(members, label)
            for member in members:
                yield from _member(archive, member, label, source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, zlib.error, RuntimeError) as error:
        raise DicomError(f"{label}: the ZIP archive is damaged or unusual ({error}); pack it again") from error


def _check_listing(stream: BinaryIO, label: str) -> None:
    """Refuse a ZIP whose list of members is itself too long to hold: zipfile reads it whole."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - (1 << 16) - 128))
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    listing = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    long_end = tail.rfind(b"PK\x06\x06")
    if long_end >= 0:
        listing = max(
            listing if listing != 0xFFFFFFFF else 0, int.from_bytes(tail[long_end + 40 : long_end + 48], "little")
        )
    if listing > _MAX_LISTING_BYTES:
        raise DicomError(f"{label}: the ZIP archive lists more than {MAX_MEMBERS} members; divide it")


def _check_members(members: list[zipfile.ZipInfo], label: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise DicomError(f"{label}: {len(members)} members in the ZIP archive; at most {MAX_MEMBERS} are taken")
    total = sum(member.file_size for member in members)
    if total > MAX_ARCHIVE_BYTES:
        raise DicomError(
            f"{label}: the ZIP archive unpacks to {total >> 30} GiB; at most {MAX_ARCHIVE_BYTES >> 30} are"
        )
    for member in members:
        # zipfile has put "/" for this system's separator and cut at a NUL; the original name is judged.
        parts = re.split(r"[/\\]", member.orig_filename)
        if ".." in parts or parts[0] == "" or ":" in parts[0] or "\0" in member.orig_filename:
            raise DicomError(f"{label}: a member of the ZIP archive names a place outside of it; nothing of it is read")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, label: str, source: Source) -> Iterator[DicomFile]:
    name = f"{label}/{member.filename}"
    if Path(member.filename).name.startswith("."):
        return
    if member.flag_bits & 1:
        raise DicomError(f"{name}: encrypted; unpack the archive first")
    with archive.open(member) as packed:
        beginning = io.BytesIO(packed.read(_PEEK_BYTES))
    if not may_hold_sound(beginning, suffix=Path(member.filename).suffix):
        return

    @contextmanager
    def unpacked() -> Iterator[BinaryIO]:
        if member.file_size > MAX_MEMBER_BYTES:
            raise DicomError(f"{name}: unpacks to more than {MAX_MEMBER_BYTES >> 20} MiB; unpack the archive first")
        try:
            with _still_open(archive, source) as whole, whole.open(member) as packed:
                # zipfile gives no more than the member declares, whatever is packed.
                content = io.BytesIO(packed.read(MAX_MEMBER_BYTES))
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error, OSError) as error:
            raise DicomError(f"{name}: damaged in the ZIP archive ({error}); pack it again") from error
        yield content

    yield DicomFile(name, unpacked)
