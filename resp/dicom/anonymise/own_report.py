"""A structured report that resp wrote stays one that resp can read: it knows which of its words say whose it is."""

from typing import TYPE_CHECKING

from resp.dicom.anonymise.changes import Ledger
from resp.dicom.errors import DicomError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_FILE = "anonymised"
_CONTENT = 0x0040A730


def rewrite_own_report(dataset: "Dataset", ledger: Ledger) -> bool:
    """Replace, in place, the content of a report of resp by the same without file, checksum, patient and start.

    Returns
    -------
    bool
        False where it is no report of resp, or one that somebody has changed: its words are not to be trusted.
    """
    if "ContentSequence" not in dataset:
        return False
    from resp.dicom.answer.reading import read_sr
    from resp.dicom.answer.sr import content_of

    try:
        signed = read_sr(dataset)
        report = signed.report
        known = report.recording
        unnamed = known.model_copy(update={"file": _FILE, "sha256": None, "patient_key": None, "started_at": None})

        def without_file(words: str) -> str:
            return words.replace(known.file, _FILE)

        clean = report.model_copy(
            update={
                "recording": unnamed,
                "reason": without_file(report.reason) if report.reason else report.reason,
                "warnings": tuple(map(without_file, report.warnings)),
            }
        )
        dataset.ContentSequence = content_of(clean, signed.waveform)
    except DicomError:
        return False
    ledger.note(_CONTENT, "file, checksum, patient and start removed")
    return True
