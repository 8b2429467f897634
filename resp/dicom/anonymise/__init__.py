"""De-identification after PS3.15 Annex E, the Basic Application Level Confidentiality Profile."""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.dicom.anonymise.changes import Change, Ledger
    from resp.dicom.anonymise.dataset import anonymise_dataset
    from resp.dicom.anonymise.files import Outcome, anonymise_files, find_inputs
    from resp.dicom.anonymise.keys import read_or_make_key
    from resp.dicom.anonymise.pseudonyms import Pseudonyms
    from resp.dicom.anonymise.report import check_report_name, write_map, write_report
    from resp.dicom.anonymise.speech import listener, measures_speech
    from resp.dicom.anonymise.stream import Anonymised, anonymise_stream
    from resp.dicom.anonymise.wav import anonymise_wav

_NAMES = {
    "Anonymised": "stream",
    "Change": "changes",
    "Ledger": "changes",
    "Outcome": "files",
    "Pseudonyms": "pseudonyms",
    "anonymise_dataset": "dataset",
    "anonymise_files": "files",
    "anonymise_stream": "stream",
    "anonymise_wav": "wav",
    "check_report_name": "report",
    "find_inputs": "files",
    "listener": "speech",
    "measures_speech": "speech",
    "read_or_make_key": "keys",
    "write_map": "report",
    "write_report": "report",
}

__all__ = [
    "anonymise_files",
    "anonymise_dataset",
    "anonymise_stream",
    "Anonymised",
    "anonymise_wav",
    "find_inputs",
    "Outcome",
    "Change",
    "Ledger",
    "Pseudonyms",
    "read_or_make_key",
    "write_report",
    "write_map",
    "check_report_name",
    "listener",
    "measures_speech",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
