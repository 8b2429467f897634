"""What a DICOM file holds, in lines of words."""

from collections.abc import Iterator
from pathlib import Path

from resp.dicom.answer.reading import SignedReport
from resp.dicom.errors import DicomError
from resp.dicom.header import peek_class
from resp.dicom.read import read_instances
from resp.dicom.uids import COMPREHENSIVE_SR, describe_class


def is_report(file: Path) -> bool:
    """Tell whether a file is a Comprehensive SR, ours or not; False for folders.

    Raises
    ------
    DicomError
        The file cannot be read.
    """
    if file.is_dir():
        return False
    try:
        with file.open("rb") as stream:
            return peek_class(stream, str(file)) == COMPREHENSIVE_SR
    except OSError as error:
        raise DicomError(f"{file}: cannot be read: {error.strerror or error}") from error
    except DicomError:
        # An archive, or nothing at all: whoever reads it says so.
        return False


def describe_standing(signed: SignedReport) -> Iterator[str]:
    """Yield whether a report is verified, by whom, and what it is about."""
    if signed.verified:
        for name, organization, when in signed.observers:
            yield f"verified by {_plain(name)}, {_plain(organization)}, at {_plain(when)}"
    else:
        yield "preliminary, not verified by anybody"
    yield f"about {describe_class(signed.waveform.sop_class_uid)}, {signed.waveform.sop_instance_uid}"
    yield f"of study {signed.study_instance_uid}"
    for uid in signed.predecessors:
        yield f"replaces {uid}"


def describe_sound(file: Path) -> Iterator[str]:
    """Yield what the sound of a file, folder or archive is.

    Raises
    ------
    DicomError
        It holds no sound that can be read.
    """
    for one in read_instances(file):
        recording, source = one.recording, one.source
        yield f"{_plain(recording.source)}: {describe_class(source.sop_class_uid)}, {source.sop_instance_uid}"
        yield f"  study {source.study_instance_uid}"
        yield f"  {recording.duration_s:.2f} s, {recording.rate_hz} Hz, channels: {recording.channels}"
        known = {
            "patient": recording.patient_key,
            "body site": recording.body_site,
            "device": recording.device,
            "recorded": recording.started_at.isoformat() if recording.started_at else None,
        }
        yield from (f"  {name}: {_plain(value)}" for name, value in known.items() if value)
        yield from (f"  note: {_plain(note)}" for note in recording.notes)


def _plain(words: str) -> str:
    """Return words without control characters, which must not reach a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in words)
