"""What a file tells of a person beside its sound does not come into the records: DICOM is de-identified at the door."""

from io import BytesIO
from pathlib import Path

from resp.audio.elsewhere import is_dicom
from resp.records.errors import RecordsError

KEY = "pseudonyms.key"


def without_identity(content: bytes, file_name: str, folder: Path) -> bytes:
    """Return a file that says no longer whose it is, if it is DICOM; any other as it came.

    Parameters
    ----------
    content, file_name
        The file.
    folder
        Of the records. A key in it makes the same file the same again whenever it comes.

    Raises
    ------
    RecordsError
        DICOM that cannot be de-identified.
    """
    stream = BytesIO(content)
    if not is_dicom(stream):
        return content
    from resp.dicom import DicomError
    from resp.dicom.anonymise import Pseudonyms, anonymise_stream, read_or_make_key

    stream.seek(0)
    try:
        return anonymise_stream(stream, Pseudonyms(read_or_make_key(folder / KEY))).content
    except DicomError as error:
        raise RecordsError(
            f"{file_name}: this DICOM file cannot be de-identified, and was not kept: {error}"
        ) from error
