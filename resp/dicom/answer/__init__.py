"""A report goes back into the record: structured report, PDF, spectrogram; and comes back from there.

Names are imported on first use.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.dicom.answer.capture import make_capture
    from resp.dicom.answer.make import answer
    from resp.dicom.answer.pdf import make_pdf
    from resp.dicom.answer.reading import SignedReport, read_sr
    from resp.dicom.answer.signing import sign
    from resp.dicom.answer.sr import make_sr

_NAMES = {
    "SignedReport": "reading",
    "answer": "make",
    "make_capture": "capture",
    "make_pdf": "pdf",
    "make_sr": "sr",
    "read_sr": "reading",
    "sign": "signing",
}

__all__ = ["answer", "make_sr", "make_pdf", "make_capture", "sign", "read_sr", "SignedReport"]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
