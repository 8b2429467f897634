"""Files that hold sound but are no audio files: another room reads them, imported when the first one comes.

The audio room knows how such a file begins and what is called to read it, by name alone, as registries do.
"""

from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from resp.audio.limits import Limits
from resp.audio.recording import Recording

DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})
_DICOM = "resp.dicom.sound"
_PREAMBLE = 128


def is_dicom(stream: BinaryIO) -> bool:
    """Tell whether a file begins as a DICOM file does: with its preamble, or with a data set alone.

    Parameters
    ----------
    stream
        A seekable file; its position is moved.
    """
    stream.seek(0)
    head = stream.read(_PREAMBLE + 4)
    if head[_PREAMBLE:] == b"DICM":
        return True
    # Group 2 or 8 and a low element, in either byte order (PS3.5 7.1): how no audio file begins.
    begins = head[:4]
    return len(head) >= 8 and (
        (begins[0] in (0x02, 0x08) and begins[1] == 0 and begins[3] <= 0x30)
        or (begins[0] == 0 and begins[1] in (0x02, 0x08) and begins[2] <= 0x30)
    )


def load_dicom(stream: BinaryIO, label: str, limits: Limits) -> Recording:
    """Read a DICOM file's sound.

    Raises
    ------
    AudioError
        Not sound, or not to be read.
    """
    recording: Recording = _dicom().load_sound(stream, label, limits)
    return recording


def may_be_dicom_sound(path: Path) -> bool:
    """Tell whether a file in a folder is DICOM sound: by its suffix or, as archives export, by its first bytes.

    Exports name their files ``IM000001`` or by a UID, so that a suffix of digits is none.
    """
    suffix = path.suffix.lower()
    if suffix not in DICOM_SUFFIXES and suffix.strip(".0123456789"):
        return False
    found: bool = _begins_dicom(path, suffix) and _dicom().is_sound(path)
    return found


def _begins_dicom(path: Path, suffix: str) -> bool:
    try:
        if not path.is_file():
            # A pipe would be waited for.
            return False
        with path.open("rb") as stream:
            head = stream.read(_PREAMBLE + 4)
    except OSError:
        return suffix in DICOM_SUFFIXES
    return head[_PREAMBLE:] == b"DICM" or suffix in DICOM_SUFFIXES


def _dicom() -> Any:
    return import_module(_DICOM)
