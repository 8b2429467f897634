"""All that goes back into the record for one recording."""

from datetime import datetime
from typing import TYPE_CHECKING

from resp.dicom.answer.capture import make_capture
from resp.dicom.answer.pdf import make_pdf
from resp.dicom.answer.sr import make_sr
from resp.dicom.errors import DicomError
from resp.dicom.source import DicomSource
from resp.score.schema import Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from resp.audio import Recording


def answer(
    report: Report,
    source: DicomSource,
    recording: "Recording | None" = None,
    *,
    pdf: bool = True,
    capture: bool = False,
    now: datetime | None = None,
) -> "tuple[Dataset, ...]":
    """Return the objects that answer a recording: in the same study, each in a series of its own.

    The same report on the same source gives the same UIDs again, so that an answer that is sent twice is kept once.

    Parameters
    ----------
    report
        Any, failed and abstained ones too.
    source
        Where the recording came from (`resp.dicom.read_instance`).
    recording
        Its sound, for the pictures.
    pdf
        Whether an Encapsulated PDF comes along with the structured report.
    capture
        Whether the spectrogram comes along as a Secondary Capture; needs ``recording``.
    now
        When they are made; the clock where None.

    Returns
    -------
    tuple of Dataset
        Comprehensive SR, then PDF and picture where wanted; `resp.dicom.instance.as_bytes` makes files of them.

    Raises
    ------
    DicomError
        A library is missing, a capture is wanted without a recording, or the report cannot be said in DICOM.
    """
    if capture and recording is None:
        raise DicomError("a spectrogram needs the recording; give it, or leave the capture out")
    now = now or datetime.now().astimezone()
    made = [make_sr(report, source, now=now)]
    if pdf:
        made.append(make_pdf(report, source, recording, now=now))
    if capture and recording is not None:
        made.append(make_capture(report, source, recording, now=now))
    return tuple(made)
