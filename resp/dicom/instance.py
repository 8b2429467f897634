"""What every object that resp makes has in common: file meta information, series, equipment, time (PS3.3 C.7, C.12)."""

from datetime import datetime
from typing import TYPE_CHECKING

from resp import __version__
from resp.dicom.codes import scheme_item
from resp.dicom.errors import DicomError
from resp.dicom.uids import EXPLICIT_LITTLE, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MANUFACTURER = "The resp authors"
MODEL_NAME = "resp"
CHARACTER_SET = "ISO_IR 192"


def complete(
    instance: "Dataset", *, sop_class: str, instance_uid: str, series_uid: str, modality: str, now: datetime
) -> "Dataset":
    """Add to a dataset what makes it an instance: identifiers, character set, dates, file meta information.

    Parameters
    ----------
    instance
        Holds patient and study already; it is changed and returned.
    sop_class, instance_uid, series_uid, modality
        What it is and where it belongs.
    now
        When it was made; with a time zone, its offset is stated.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    # Everything was decoded when it was read, and is encoded anew.
    instance.SpecificCharacterSet = CHARACTER_SET
    instance.SOPClassUID, instance.SOPInstanceUID = sop_class, instance_uid
    instance.SeriesInstanceUID, instance.Modality = series_uid, modality
    instance.InstanceCreationDate = instance.ContentDate = date_of(now)
    instance.InstanceCreationTime = instance.ContentTime = time_of(now)
    instance.InstanceCreatorUID = IMPLEMENTATION_CLASS_UID
    instance.CodingSchemeIdentificationSequence = [scheme_item()]
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    instance.file_meta = meta
    instance.preamble = b"\x00" * 128
    return instance


def our_equipment(instance: "Dataset") -> "Dataset":
    """Say that resp made the instance (General Equipment); it is changed and returned."""
    instance.Manufacturer = MANUFACTURER
    instance.ManufacturerModelName = MODEL_NAME
    instance.SoftwareVersions = __version__
    return instance


def reference(instance: "Dataset") -> "Dataset":
    """Return an item that refers to an instance: SOP class and instance UID."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = instance.SOPClassUID
    item.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return item


def as_bytes(instance: "Dataset") -> bytes:
    """Return an instance as a DICOM file.

    Raises
    ------
    DicomError
        A value in it cannot be encoded.
    """
    from io import BytesIO

    from pydicom import dcmwrite

    stream = BytesIO()
    try:
        dcmwrite(stream, instance, enforce_file_format=True)
    except Exception as error:
        # A value copied from the source that its representation does not allow: pydicom raises a dozen types for it.
        raise DicomError(
            f"an object for the study cannot be encoded ({type(error).__name__}: {error}); "
            "correct the source's patient and study elements"
        ) from error
    return stream.getvalue()


def date_of(moment: datetime) -> str:
    """Return the date as DA."""
    return moment.strftime("%Y%m%d")


def time_of(moment: datetime) -> str:
    """Return the time of day as TM, to the microsecond where it has any."""
    return moment.strftime("%H%M%S.%f" if moment.microsecond else "%H%M%S")


def datetime_of(moment: datetime) -> str:
    """Return a moment as DT, with the offset from UTC where it is known."""
    return date_of(moment) + time_of(moment) + moment.strftime("%z")[:5]
