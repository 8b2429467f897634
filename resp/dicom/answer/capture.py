"""The spectrogram as a picture that every viewer shows: Secondary Capture (PS3.3 A.8.1)."""

from datetime import datetime
from typing import TYPE_CHECKING

from resp.dicom.answer.findings import report_json
from resp.dicom.answer.series import CAPTURE_SERIES, instance_uid, series_uid
from resp.dicom.codes import SOURCE_OF_MEASUREMENT
from resp.dicom.instance import complete, our_equipment, reference
from resp.dicom.source import DicomSource
from resp.dicom.uids import SECONDARY_CAPTURE
from resp.score.schema import Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from resp.audio import Recording

_SERIES_NUMBER = 9103


def make_capture(
    report: Report, source: DicomSource, recording: "Recording", *, now: datetime | None = None
) -> "Dataset":
    """Return a recording's spectrogram, axes in s and Hz, with the segments of its report, as a Secondary Capture.

    Nothing on the picture says whose it is.

    Parameters
    ----------
    report
        Whose segments are marked.
    source
        Where the recording came from; study and patient are taken from it.
    recording
        Its sound.
    now
        When it is made; the clock where None.
    """
    from resp.report.spectrogram_picture import draw_spectrogram

    now = now or datetime.now().astimezone()
    picture = draw_spectrogram(recording, report)
    data = our_equipment(source.patient_and_study())
    data.SeriesNumber, data.InstanceNumber = _SERIES_NUMBER, 1
    data.SeriesDescription = CAPTURE_SERIES
    data.ConversionType = "WSD"
    # Nothing is known of either; the attributes have to be there.
    data.Laterality = data.PatientOrientation = ""
    data.ImageType = ["DERIVED", "SECONDARY"]
    data.DerivationDescription = "Spectrogram of a lung sound, level in dB over time and frequency"
    data.BurnedInAnnotation = "NO"
    data.RecognizableVisualFeatures = "NO"
    origin = reference(source.header)
    origin.PurposeOfReferenceCodeSequence = [SOURCE_OF_MEASUREMENT.item()]
    data.ReferencedInstanceSequence = [origin]
    data.SamplesPerPixel = 3
    data.PhotometricInterpretation = "RGB"
    data.PlanarConfiguration = 0
    data.Rows, data.Columns = picture.shape[:2]
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    pixels = picture.tobytes()
    data.add_new(0x7FE00010, "OB", pixels + b"\0" * (len(pixels) % 2))
    line = report_json(report)
    return complete(
        data,
        sop_class=SECONDARY_CAPTURE,
        instance_uid=instance_uid("capture", line, source),
        series_uid=series_uid("capture", line, source),
        modality="OT",
        now=now,
    )
