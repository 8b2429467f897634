"""The network's libraries, which are part of the extra ``dicom``."""

from importlib.util import find_spec

from resp.dicom.errors import missing_extra


def need(library: str) -> None:
    """Check that a library of the extra is installed.

    Raises
    ------
    DicomError
        It is not.
    """
    if find_spec(library) is None:
        raise missing_extra(library)
