"""The report on paper, as an object of the study: Encapsulated PDF (PS3.3 A.45.1)."""

from datetime import datetime
from typing import TYPE_CHECKING

from resp.dicom.answer.findings import TITLE, report_json
from resp.dicom.answer.series import PDF_SERIES, instance_uid, series_uid
from resp.dicom.instance import complete, datetime_of, our_equipment, reference
from resp.dicom.source import DicomSource
from resp.dicom.uids import ENCAPSULATED_PDF
from resp.score.schema import Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from resp.audio import Recording

_SERIES_NUMBER = 9102
_SUBJECT = {
    "Patient": "PatientName",
    "Patient ID": "PatientID",
    "Birth date": "PatientBirthDate",
    "Sex": "PatientSex",
    "Accession number": "AccessionNumber",
    "Study": "StudyDescription",
    "Study date": "StudyDate",
}


def make_pdf(
    report: Report, source: DicomSource, recording: "Recording | None" = None, *, now: datetime | None = None
) -> "Dataset":
    """Return a report as an Encapsulated PDF of one page.

    Parameters
    ----------
    report
        Any.
    source
        Where the recording came from; study and patient are taken from it.
    recording
        Its sound, for a spectrogram on the page.
    now
        When it is made; the clock where None.

    Raises
    ------
    ReportError
        reportlab is not installed.
    """
    from resp.report.pdf import report_pdf

    now = now or datetime.now().astimezone()
    data = our_equipment(source.patient_and_study())
    document = report_pdf(report, recording, subject=subject_of(data))
    line = report_json(report)
    data.SeriesNumber, data.InstanceNumber = _SERIES_NUMBER, 1
    data.SeriesDescription = data.DocumentTitle = PDF_SERIES
    data.ConversionType = "WSD"
    data.AcquisitionDateTime = datetime_of(report.recording.started_at) if report.recording.started_at else ""
    data.BurnedInAnnotation = "YES"
    data.RecognizableVisualFeatures = "NO"
    data.VerificationFlag = "UNVERIFIED"
    data.SourceInstanceSequence = [reference(source.header)]
    data.ConceptNameCodeSequence = [TITLE.item()]
    data.MIMETypeOfEncapsulatedDocument = "application/pdf"
    data.EncapsulatedDocumentLength = len(document)
    data.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return complete(
        data,
        sop_class=ENCAPSULATED_PDF,
        instance_uid=instance_uid("pdf", line, source),
        series_uid=series_uid("pdf", line, source),
        modality="DOC",
        now=now,
    )


def subject_of(data: "Dataset") -> dict[str, str]:
    """Return the lines that say whose report it is, as `resp.report.pdf.report_pdf` takes them."""
    lines = {}
    for name, keyword in _SUBJECT.items():
        words = str(data.get(keyword) or "").replace("^", " ").strip()
        if keyword.endswith("Date") and len(words) == 8:
            words = f"{words[:4]}-{words[4:6]}-{words[6:]}"
        lines[name] = " ".join(words.split())
    return lines
