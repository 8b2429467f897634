"""What the DICOM room refuses."""

from resp.errors import RespError


class DicomError(RespError):
    """A DICOM object, file or peer that cannot be used, or an answer that cannot be made.

    The message says which object or file, what was found, what was expected and what to do. Patients' names are
    never part of it.
    """


def missing_extra(library: str) -> DicomError:
    """Return the error for a library of the extra ``dicom`` that is not installed.

    Parameters
    ----------
    library
        What could not be imported, such as ``"highdicom"``.
    """
    return DicomError(f'{library} is not installed; install it with: pip install "resp[dicom]"')
