"""One DICOM file, from a stream, without whose it is."""

from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from resp.dicom.anonymise.changes import Ledger
from resp.dicom.anonymise.dataset import Dates, anonymise_dataset, patient_identity
from resp.dicom.anonymise.pseudonyms import Pseudonyms
from resp.dicom.errors import DicomError
from resp.errors import RespError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class Anonymised(NamedTuple):
    """A file without whose it is.

    Parameters
    ----------
    content
        Of the new file.
    patient
        The pseudonym of whose it was.
    instance_uid
        Its new SOP Instance UID.
    """

    content: bytes
    patient: str
    instance_uid: str


def anonymise_stream(
    stream: BinaryIO, names: Pseudonyms, *, dates: Dates = "remove", ledger: Ledger | None = None
) -> Anonymised:
    """Take everything out of a DICOM file that says whose it is; the sound stays bit for bit.

    Parameters
    ----------
    stream
        Seekable, at its beginning.
    names
        Makes the pseudonyms.
    dates
        See `anonymise_dataset`.
    ledger
        Notes what was changed.

    Raises
    ------
    DicomError
        No DICOM file, or one that cannot be made anonymous.
    """
    from resp.dicom.header import read_plain

    dataset = read_plain(stream, "it")
    try:
        for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"):
            if not dataset.get(keyword):
                raise DicomError(f"no {keyword}: not a composite object that can be made anonymous")
        patient = names.patient(patient_identity(dataset)) or "unknown-patient"
        cleaned = anonymise_dataset(dataset, names, dates=dates, ledger=ledger or Ledger())
        content = _encoded(cleaned, little=dataset.original_encoding[1] is not False)
        return Anonymised(content, patient, str(cleaned.SOPInstanceUID))
    except RespError:
        raise
    except Exception as error:
        # pydicom raises a dozen types for values that are not as they should be, and quotes them.
        raise DicomError(
            f"a value in it cannot be read or written ({type(error).__name__}); export it again"
        ) from error


def _encoded(dataset: "Dataset", *, little: bool) -> bytes:
    """Return the file: a preamble of zeros, meta information of our own, Explicit VR."""
    import pydicom
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    from resp.dicom.uids import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

    dataset.file_meta = meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    # Values of 16 bits lie in the byte order in which they came.
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE if little else EXPLICIT_BIG)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    dataset.preamble = b"\0" * 128
    stream = BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()
