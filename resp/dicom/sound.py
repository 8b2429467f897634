"""What the audio room asks for when it meets a DICOM file: its first sound, under the audio room's own error."""

from pathlib import Path
from typing import BinaryIO

from resp.audio.errors import AudioError
from resp.audio.limits import Limits
from resp.audio.recording import Recording
from resp.dicom.containers import may_hold_sound
from resp.dicom.errors import DicomError
from resp.dicom.read import read_stream


def load_sound(stream: BinaryIO, label: str, limits: Limits) -> Recording:
    """Return the first multiplex group of an instance; a note says where there are more.

    Raises
    ------
    AudioError
        With the message of the `DicomError`.
    """
    try:
        first = read_stream(stream, label, limits, first_only=True)[0]
    except DicomError as error:
        raise AudioError(str(error)) from error
    if first.source.groups == 1:
        return first.recording
    told = f"the first of {first.source.groups} multiplex groups; resp.dicom.read_dicom reads all"
    return first.recording.with_known(notes=(*first.recording.notes, told))


def is_sound(path: Path) -> bool:
    """Tell whether a file that was found in a folder is DICOM sound, or DICOM that is too damaged to tell."""
    try:
        with path.open("rb") as stream:
            return may_hold_sound(stream, suffix=path.suffix)
    except OSError:
        return False
