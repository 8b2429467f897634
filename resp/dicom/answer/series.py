"""The series and UIDs of an answer: one series for each kind of object, the same for the same answer."""

from resp.dicom.source import DicomSource
from resp.dicom.uids import derived_uid

SR_SERIES = "Lung-sound findings (resp)"
PDF_SERIES = "Lung-sound report (resp)"
CAPTURE_SERIES = "Spectrogram (resp)"


def instance_uid(kind: str, report_json: str, source: DicomSource) -> str:
    """Return the UID of one object of an answer.

    Parameters
    ----------
    kind
        ``sr``, ``pdf`` or ``capture``.
    report_json
        The report, as `resp.dicom.answer.findings.report_json` writes it.
    source
        What is answered.
    """
    return derived_uid("instance", kind, source.sop_instance_uid, str(source.group), report_json)


def series_uid(kind: str, report_json: str, source: DicomSource) -> str:
    """Return the UID of the series that holds this object alone, until it is signed; parameters as `instance_uid`."""
    return derived_uid("series", kind, source.sop_instance_uid, str(source.group), report_json)
