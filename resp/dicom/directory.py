"""The files that a DICOMDIR lists (PS3.3 annex F): their names are judged before one is touched.

The links between its records are not followed: the list of records is complete without them, and links can run in
rings.
"""

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from resp.dicom.errors import DicomError
from resp.dicom.header import MAX_HEADER_BYTES, read_plain
from resp.dicom.uids import SOUND_CLASSES
from resp.dicom.values import Values

# PS3.10 8.2 has capitals, digits and underscores alone; real media have more, and no separator or drive.
_PART = re.compile(r"[^/\\:\0]{1,128}")


def listed_files(stream: BinaryIO, path: Path) -> Iterator[Path]:
    """Yield the sounds that a DICOMDIR lists, each file once.

    Parameters
    ----------
    stream, path
        The DICOMDIR, and where it lies: names are below its folder.

    Raises
    ------
    DicomError
        A damaged DICOMDIR, or one that names a place outside of its folder. A file that is not there is yielded: who
        opens it hears of it.
    """
    label = os.fspath(path)
    size = stream.seek(0, os.SEEK_END)
    if size > MAX_HEADER_BYTES:
        raise DicomError(f"{label}: a DICOMDIR of {size >> 20} MiB; at most {MAX_HEADER_BYTES >> 20} are taken")
    stream.seek(0)
    records = Values(read_plain(BytesIO(stream.read()), label), label).inner("DirectoryRecordSequence")
    root = path.parent.resolve()
    wanted: dict[Path, None] = {}
    for record in records:
        kind = record.text("ReferencedSOPClassUIDInFile")
        parts = _parts(record)
        if parts and (kind is None or kind in SOUND_CLASSES):
            wanted[_find(root, parts, record)] = None
    yield from wanted


def _parts(record: Values) -> list[str]:
    value = record.raw("ReferencedFileID")
    if value is None:
        return []
    parts = [value] if isinstance(value, str) else [str(part) for part in value]
    for part in parts:
        if part.strip() in ("", ".", "..") or not _PART.fullmatch(part):
            raise record.bad(
                "ReferencedFileID", "names a place outside of the DICOMDIR's folder; nothing of it is read"
            )
    return parts


def _find(root: Path, parts: list[str], record: Values) -> Path:
    """Return where a listed file lies: under its name, or in other letters (media are copied to lower case)."""
    place = root
    for part in parts:
        inner = place / part
        if not inner.exists() and place.is_dir():
            inner = next((one for one in sorted(place.iterdir()) if one.name.casefold() == part.casefold()), inner)
        place = inner
    if not place.resolve().is_relative_to(root):
        raise record.bad("ReferencedFileID", "leads outside of the DICOMDIR's folder; nothing of it is read")
    return place
