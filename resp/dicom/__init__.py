"""DICOM: sound in from the hospital, findings back into the record.

Names are imported on first use; pydicom is loaded when an object is read or made, the rest of the extra ``dicom`` where
it is needed.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.dicom.containers import DicomFile, find_files
    from resp.dicom.errors import DicomError
    from resp.dicom.read import read_dicom, read_instance, read_instances
    from resp.dicom.source import DicomChannel, DicomRecording, DicomSource
    from resp.dicom.write import Whose, write_waveform

_NAMES = {
    "DicomChannel": "source",
    "DicomError": "errors",
    "DicomFile": "containers",
    "DicomRecording": "source",
    "DicomSource": "source",
    "find_files": "containers",
    "read_dicom": "read",
    "read_instance": "read",
    "read_instances": "read",
    "Whose": "write",
    "write_waveform": "write",
}

__all__ = [
    "DicomError",
    "read_dicom",
    "read_instance",
    "read_instances",
    "find_files",
    "DicomFile",
    "DicomRecording",
    "DicomSource",
    "DicomChannel",
    "write_waveform",
    "Whose",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
