"""A clinician signs: a preliminary report becomes a verified one, a new document that names the one it replaces."""

from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING

from resp.dicom.answer.reading import Document, load_sr, read_sr
from resp.dicom.errors import DicomError
from resp.dicom.instance import complete, datetime_of, reference
from resp.dicom.uids import COMPREHENSIVE_SR, new_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# A person's name has five parts of at most 64 characters in all.
_LONGEST_NAME, _MOST_PARTS = 64, 5


def sign(
    source: "Document | Dataset",
    observer: str,
    organization: str,
    *,
    observer_id: str | None = None,
    now: datetime | None = None,
) -> "Dataset":
    """Return a report of ours as a verified document: complete, final, with who verified it and when.

    The findings stay as they were; the given document is not changed. The new one stands in the same series and refers
    to the given one as its predecessor.

    Parameters
    ----------
    source
        The structured report that resp wrote: a path, bytes, an open file, or a dataset.
    observer
        Who takes the responsibility, as DICOM writes names: ``Family^Given``, or one word.
    organization
        For which institution.
    observer_id
        The observer's number there, if it has one.
    now
        When it is signed; the clock where None.

    Raises
    ------
    DicomError
        Not a report of ours, one that was changed since it was written, one that is verified already, a failed one, in
        which there is nothing to verify, or a name that DICOM cannot hold.
    """
    from pydicom.dataset import Dataset

    name = checked_name(observer)
    organization = organization.strip()
    if not organization or len(organization) > 64 or "\\" in organization or not organization.isprintable():
        raise DicomError(f"organization {organization!r}; expected 1 to 64 characters without backslash")
    document = load_sr(source)
    before = read_sr(document)
    if before.verified:
        raise DicomError("the report is verified already; nothing to sign")
    if before.report.status == "failed":
        raise DicomError("the recording could not be scored: there is no finding to verify; record or score it again")
    now = now or datetime.now().astimezone()

    signed = deepcopy(document)
    signed.CompletionFlag, signed.VerificationFlag, signed.PreliminaryFlag = "COMPLETE", "VERIFIED", "FINAL"
    observed = Dataset()
    observed.VerifyingOrganization = organization
    observed.VerificationDateTime = datetime_of(now)
    observed.VerifyingObserverName = name
    observed.VerifyingObserverIdentificationCodeSequence = [_identification(observer_id)] if observer_id else []
    signed.VerifyingObserverSequence = [observed]
    signed.PredecessorDocumentsSequence = [_predecessor(document)]
    signed.InstanceNumber = int(document.get("InstanceNumber") or 1) + 1
    return complete(
        signed,
        sop_class=COMPREHENSIVE_SR,
        instance_uid=new_uid(),
        series_uid=str(document.SeriesInstanceUID),
        modality="SR",
        now=now,
    )


def checked_name(observer: str) -> str:
    """Return a person's name as DICOM holds it; `DicomError` for one that it cannot hold."""
    name = observer.strip()
    if not name.strip("^ "):
        raise DicomError("no observer; expected a name such as Family^Given")
    if len(name) > _LONGEST_NAME or name.count("^") >= _MOST_PARTS or set(name) & set("\\=") or not name.isprintable():
        raise DicomError(
            f"observer {name!r}; expected at most {_LONGEST_NAME} characters in at most {_MOST_PARTS} parts between ^, "
            "without backslash or ="
        )
    return name


def _identification(observer_id: str) -> "Dataset":
    from resp.dicom.codes import Code

    if len(observer_id) > 64 or "\\" in observer_id or not observer_id.isprintable():
        raise DicomError(f"observer ID {observer_id!r}; expected at most 64 characters without backslash")
    # The institution's own numbers: a private scheme (PS3.16 section 8.2).
    return Code(observer_id, "99LOCAL", observer_id).item()


def _predecessor(document: "Dataset") -> "Dataset":
    from pydicom.dataset import Dataset

    series = Dataset()
    series.SeriesInstanceUID = document.SeriesInstanceUID
    series.ReferencedSOPSequence = [reference(document)]
    study = Dataset()
    study.StudyInstanceUID = document.StudyInstanceUID
    study.ReferencedSeriesSequence = [series]
    return study
