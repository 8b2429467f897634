"""Our structured report comes back as the report that it was made of: equal, and equal in what its codes say.

The text item with JSON holds every digit; the coded findings are what other software reads. Both are read, the report
is laid out again, and every coded item must be the same: a document in which either was changed is refused. highdicom
is not needed for this.
"""

import json
from collections import Counter
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from resp.dicom.answer.findings import REPORT_JSON, TITLE, lay_out
from resp.dicom.answer.items import Item, Quantity, WaveformReference, parse
from resp.dicom.codes import Code
from resp.dicom.errors import DicomError
from resp.dicom.uids import COMPREHENSIVE_SR, describe_class
from resp.score.schema import SCHEMA_VERSION, Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Document = str | PathLike[str] | bytes | BinaryIO
MAX_BYTES = 64 << 20
"""No report of resp is as large as this."""


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report that came back from a record.

    Parameters
    ----------
    report
        As it was.
    waveform
        The object that it is about.
    study_instance_uid, sop_instance_uid
        Of the structured report.
    verified
        Whether a person signed it.
    observers
        Who, at what organisation, and when, as written.
    predecessors
        UIDs of the documents that this one replaces.
    """

    report: Report
    waveform: WaveformReference
    study_instance_uid: str
    sop_instance_uid: str
    verified: bool
    observers: tuple[tuple[str, str, str], ...] = ()
    predecessors: tuple[str, ...] = ()


def load_sr(source: "Document | Dataset") -> "Dataset":
    """Return a Comprehensive SR as a dataset.

    Parameters
    ----------
    source
        A path, bytes, an open file, or a dataset.

    Raises
    ------
    DicomError
        No such file, not DICOM, or an object of another class.
    """
    from pydicom.dataset import Dataset

    document = source if isinstance(source, Dataset) else _read(source)
    kind = str(document.get("SOPClassUID", ""))
    if kind != COMPREHENSIVE_SR:
        found = describe_class(kind) if kind else "an object without a SOP class"
        raise DicomError(f"{found}; expected a Comprehensive SR that resp wrote (resp dicom answer)")
    return document


def read_sr(source: "Document | Dataset") -> SignedReport:
    """Read a structured report that resp wrote.

    Parameters
    ----------
    source
        A path, bytes, an open file, or a dataset.

    Raises
    ------
    DicomError
        Not a Comprehensive SR, not one of resp's, of a later version, or one whose coded findings and JSON differ.
    """
    document = load_sr(source)
    tree = parse(document)
    report = _report_of(tree)
    waveform = _waveform_of(tree)
    if difference := _difference(lay_out(report, waveform), tree):
        raise DicomError(f"the coded findings are not those of the report's JSON: {difference}; do not use it")
    return SignedReport(
        report=report,
        waveform=waveform,
        study_instance_uid=str(document.get("StudyInstanceUID", "")),
        sop_instance_uid=str(document.get("SOPInstanceUID", "")),
        verified=document.get("VerificationFlag") == "VERIFIED",
        observers=tuple(
            (
                str(one.get("VerifyingObserverName", "")),
                str(one.get("VerifyingOrganization", "")),
                str(one.get("VerificationDateTime", "")),
            )
            for one in document.get("VerifyingObserverSequence") or []
        ),
        predecessors=tuple(
            str(instance.ReferencedSOPInstanceUID)
            for study in document.get("PredecessorDocumentsSequence") or []
            for series in study.ReferencedSeriesSequence
            for instance in series.ReferencedSOPSequence
        ),
    )


def _read(source: Document) -> "Dataset":
    from io import BytesIO

    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    label = "the structured report"
    try:
        if isinstance(source, str | PathLike):
            label = str(source)
            if Path(source).stat().st_size > MAX_BYTES:
                raise DicomError(f"{label}: more than {MAX_BYTES >> 20} MiB; expected a structured report of resp")
        return dcmread(BytesIO(source) if isinstance(source, bytes) else source)
    except OSError as error:
        raise DicomError(f"{label}: cannot be read: {error.strerror or error}") from error
    except InvalidDicomError as error:
        raise DicomError(f"{label}: not a DICOM file; expected a structured report of resp") from error
    except Exception as error:
        if isinstance(error, DicomError):
            raise
        # pydicom raises a dozen types for damaged files.
        raise DicomError(f"{label}: damaged ({type(error).__name__}: {error}); copy it again") from error


def _report_of(tree: Item) -> Report:
    lines = [item.value for item in tree.children if item.kind == "TEXT" and item.concept == REPORT_JSON]
    if tree.concept != TITLE or len(lines) != 1 or not isinstance(lines[0], str):
        raise DicomError("a structured report that resp did not write; expected one that resp dicom answer made")
    try:
        values = json.loads(lines[0])
        version = values.get("schema_version") if isinstance(values, dict) else None
        if version != SCHEMA_VERSION:
            raise DicomError(f"a report of schema version {version!r}; this resp reads version {SCHEMA_VERSION!r}")
        return Report.model_validate(values)
    except (ValueError, RecursionError) as error:
        raise DicomError(f"the JSON within the structured report is damaged ({type(error).__name__})") from error


def _waveform_of(tree: Item) -> WaveformReference:
    found = [item.value for item in tree.walk() if isinstance(item.value, WaveformReference)]
    if not found:
        raise DicomError("the structured report refers to no waveform; expected the one that was scored")
    if len(set(found)) > 1:
        raise DicomError("the structured report refers to several waveforms; resp writes about one")
    reference = found[0]
    if not isinstance(reference, WaveformReference):
        raise AssertionError("filtered above")
    return reference


def _difference(expected: Item, found: Item) -> str:
    """Return where the first item is that differs, in words; nothing where the trees say the same."""
    if (expected.kind, expected.concept, expected.relation) != (found.kind, found.concept, found.relation):
        return f"{_named(found)} where {_named(expected)} was expected"
    # Tracking UIDs are replaced when a document is de-identified, and say nothing of the sound.
    if expected.value != found.value and expected.kind != "UIDREF":
        return f"{_named(expected)} is {_shown(found)}, in the JSON {_shown(expected)}"
    for one, other in zip(expected.children, found.children, strict=False):
        if difference := _difference(one, other):
            return difference
    if len(expected.children) == len(found.children):
        return ""
    left = Counter(map(_named, expected.children))
    right = Counter(map(_named, found.children))
    return f"{_named(expected)}: {', '.join((left - right) or (right - left))} is in only one of them"


def _named(item: Item) -> str:
    return f"{item.kind} {item.concept.meaning or item.concept.value!r}"


def _shown(item: Item) -> str:
    value = item.value
    if isinstance(value, Code):
        return value.meaning or value.value
    return f"{value.value!r} {value.unit.value}" if isinstance(value, Quantity) else repr(value)[:60]
