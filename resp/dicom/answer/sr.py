"""A report becomes a Comprehensive SR, a measurement report after TID 1500, by highdicom."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from resp import __version__
from resp.dicom.answer.findings import lay_out, report_json
from resp.dicom.answer.items import Item, Quantity, WaveformReference
from resp.dicom.answer.series import SR_SERIES, instance_uid, series_uid
from resp.dicom.codes import Code
from resp.dicom.errors import DicomError, missing_extra
from resp.dicom.instance import MANUFACTURER, MODEL_NAME, complete, our_equipment
from resp.dicom.source import DicomSource
from resp.dicom.uids import COMPREHENSIVE_SR
from resp.score.schema import Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SERIES_NUMBER = 9101
_TEMPLATE = "1500"


def waveform_of(source: DicomSource) -> WaveformReference:
    """Return the reference to the multiplex group that a recording was read from; to all where there is only one."""
    channels = range(1, len(source.channels) + 1) if source.groups > 1 else ()
    return WaveformReference(
        source.sop_class_uid, source.sop_instance_uid, tuple((source.group, channel) for channel in channels)
    )


def make_sr(report: Report, source: DicomSource, *, now: datetime | None = None) -> "Dataset":
    """Return a report as a structured report: partial, unverified and preliminary until somebody signs it.

    The same report on the same source has the same UIDs whenever it is made, so that an answer that is sent twice is
    one object in the archive.

    Parameters
    ----------
    report
        Any, failed and abstained ones too.
    source
        Where the recording came from; study and patient are taken from it.
    now
        When it is made; the clock where None.

    Raises
    ------
    DicomError
        highdicom is not installed, or the report cannot be said in DICOM.
    """
    try:
        from highdicom.sr import ComprehensiveSR
    except ImportError as error:
        raise missing_extra("highdicom") from error
    now = now or datetime.now().astimezone()
    tree, concepts = lay_out(report, waveform_of(source)), _Concepts()
    uid = instance_uid("sr", report_json(report), source)
    try:
        document: Dataset = ComprehensiveSR(
            evidence=[_evidence(source)],
            # highdicom knows no waveforms within a tree (a KeyError), and copies the tree three times: only its head is
            # given here, the whole is put in below.
            content=_render(replace(tree, children=tuple(c for c in tree.children if c.kind != "CONTAINER")), concepts),
            series_instance_uid=series_uid("sr", report_json(report), source),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=uid,
            instance_number=1,
            manufacturer=MANUFACTURER,
            is_complete=False,
            is_final=False,
            is_verified=False,
            series_description=SR_SERIES,
            manufacturer_model_name=MODEL_NAME,
            software_versions=__version__,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DicomError(f"{source.name}: the report cannot be written as SR ({error})") from error
    document = _plain(document)
    document.ContentSequence = _render(tree, concepts).ContentSequence
    document.update(source.patient_and_study())
    our_equipment(document)
    return complete(
        document,
        sop_class=COMPREHENSIVE_SR,
        instance_uid=uid,
        series_uid=document.SeriesInstanceUID,
        modality="SR",
        now=now,
    )


def content_of(report: Report, waveform: WaveformReference) -> Any:
    """Return the Content Sequence of a structured report that says what a report says.

    Raises
    ------
    DicomError
        highdicom is not installed.
    """
    try:
        return _render(lay_out(report, waveform), _Concepts()).ContentSequence
    except ImportError as error:
        raise missing_extra("highdicom") from error


def _evidence(source: DicomSource) -> "Dataset":
    """Return the source as highdicom wants it; patient and study are left empty, as it refuses what real files hold."""
    from pydicom.dataset import Dataset

    evidence = Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(evidence, keyword, "")
    evidence.StudyDate = evidence.StudyTime = ""
    evidence.StudyInstanceUID, evidence.SeriesInstanceUID = source.study_instance_uid, source.series_instance_uid
    evidence.SOPClassUID, evidence.SOPInstanceUID = source.sop_class_uid, source.sop_instance_uid
    return evidence


def _plain(document: "Dataset") -> "Dataset":
    """Return the document's elements without highdicom's classes around them."""
    from pydicom.dataset import Dataset

    plain = Dataset()
    plain.update(document)
    return plain


def _render(item: Item, concepts: "_Concepts") -> Any:
    """Return an item and what is below it as content items of highdicom."""
    made = _content_item(item, concepts)
    if item.children:
        made.ContentSequence = [_render(child, concepts) for child in item.children]
    return made


def _content_item(item: Item, concepts: "_Concepts") -> Any:
    from highdicom import sr

    about: dict[str, Any] = {"name": concepts[item.concept], "relationship_type": item.relation or None}
    value: Any = item.value
    if item.kind == "CONTAINER":
        return sr.ContainerContentItem(
            **about, is_content_continuous=False, template_id=None if item.relation else _TEMPLATE
        )
    if item.kind == "TEXT":
        return sr.TextContentItem(**about, value=value)
    if item.kind == "UIDREF":
        return sr.UIDRefContentItem(**about, value=value)
    if isinstance(value, Code):
        return sr.CodeContentItem(**about, value=concepts[value])
    if isinstance(value, Quantity):
        return sr.NumContentItem(**about, value=_shortest(value.value), unit=concepts[value.unit])
    if isinstance(value, WaveformReference):
        # Pairs, as highdicom's text says; its annotation says numbers.
        channels: Any = value.channels or None
        return sr.WaveformContentItem(
            **about,
            referenced_sop_class_uid=value.sop_class_uid,
            referenced_sop_instance_uid=value.sop_instance_uid,
            referenced_waveform_channels=channels,
        )
    return sr.TcoordContentItem(**about, temporal_range_type="SEGMENT", referenced_time_offsets=value)


def _shortest(value: float) -> float:
    """Return a whole number as one: highdicom then writes no decimals, and no second, exact form that none needs."""
    return int(value) if value.is_integer() and abs(value) < 1e12 else value


class _Concepts(dict[Code, Any]):
    """Codes as highdicom has them, each made once."""

    def __missing__(self, code: Code) -> Any:
        from highdicom.sr import CodedConcept

        concept = CodedConcept(value=code.value, scheme_designator=code.scheme, meaning=code.meaning[:64])
        if code.equivalents:
            concept.EquivalentCodeSequence = [one.item() for one in code.equivalents]
        self[code] = concept
        return concept
