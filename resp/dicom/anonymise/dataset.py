"""The profile applied to a data set: PS3.15 Annex E, E.1 to E.3.

Beyond the table of attributes: every UID that is not the standard's own is replaced; text that repeats a name or an
identifier of the same object is replaced wherever it stands; so are words in a structured report (E.3.4; a report of
resp says the same without whose sound it was) and the document in an Encapsulated PDF; bytes behind the last sample of
a waveform are cut off.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from resp.dicom.anonymise.blank_pdf import BLANK_PDF
from resp.dicom.anonymise.changes import Ledger
from resp.dicom.anonymise.leftovers import Identifiers, texts_of
from resp.dicom.anonymise.own_report import rewrite_own_report
from resp.dicom.anonymise.profile import EDITION, action_for
from resp.dicom.anonymise.pseudonyms import Pseudonyms
from resp.dicom.errors import DicomError

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

Dates = Literal["remove", "shift"]

METHOD = f"DICOM PS3.15 {EDITION} Annex E Basic Profile; resp"

_PATIENT_NAME, _PATIENT_ID, _BIRTH = 0x00100010, 0x00100020, frozenset({0x00100030, 0x00100032})
_SOP_CLASSES = frozenset({0x00080016, 0x00081150, 0x0008010C, 0x00041510})  # and Coding Scheme UID: no instance's
_TEXT_VALUE, _DOCUMENT, _WAVEFORMS = 0x0040A160, 0x00420011, 0x54000100
# Concepts whose text says nothing of a person: (Algorithm Name), (Algorithm Version) and their like.
_PLAIN_CONCEPTS = frozenset({("111001", "DCM"), ("111003", "DCM"), ("113878", "DCM"), ("113879", "DCM")})
# PS3.5 6.2; what else stands in such an element may be anything, and goes as the profile says.
_DATES = {
    "DA": re.compile("[0-9]{8}"),
    "DT": re.compile(r"[0-9]{8,14}(\.[0-9]{1,6})?([+-][0-9]{4})?"),
    "TM": re.compile(r"[0-9]{2,6}(\.[0-9]{1,6})?"),
}
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)

DUMMIES: dict[str, Any] = {
    "AE": "ANONYMISED",
    "AS": "000Y",
    "CS": "ANONYMISED",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "FD": 0.0,
    "FL": 0.0,
    "IS": "0",
    "LO": "ANONYMISED",
    "LT": "ANONYMISED",
    "PN": "Anonymous",
    "SH": "ANONYMISED",
    "SL": 0,
    "SS": 0,
    "ST": "ANONYMISED",
    "TM": "000000",
    "UC": "ANONYMISED",
    "UL": 0,
    "UR": "urn:anonymised",
    "US": 0,
    "UT": "ANONYMISED",
    "OB": b"\0\0",
}
"""VR → the value that stands in the place of another."""


def anonymise_dataset(dataset: "Dataset", pseudonyms: Pseudonyms, *, dates: Dates, ledger: Ledger) -> "Dataset":
    """Return a de-identified copy of a data set.

    Parameters
    ----------
    dataset
        A composite object; left as it is.
    pseudonyms
        What stands for UIDs and for the patient.
    dates
        ``remove``: dates and times go as the profile says. ``shift``: those that the profile names are moved back by
        the same number of days for all objects of a patient, times kept (E.3.6, Retain Longitudinal Temporal
        Information With Modified Dates); the date of birth goes all the same.
    ledger
        Where the changes are counted.

    Returns
    -------
    pydicom.dataset.Dataset
        Without file meta information; (0012,0062), (0012,0063), (0012,0064) and (0028,0303) say what was done.

    Raises
    ------
    DicomError
        An image that may show a name, or an encapsulated document that is no PDF: neither can be made anonymous here.
    """
    from copy import deepcopy

    _check_possible(dataset)
    cleaned = deepcopy(dataset)
    identity = patient_identity(cleaned)
    identifiers = Identifiers.of(cleaned)
    own = rewrite_own_report(cleaned, ledger)
    cleaner = _Cleaner(pseudonyms, identity, dates, ledger, plain_texts=own)
    cleaner.clean(cleaned)
    _cut_behind_sound(cleaned, ledger)
    identifiers.replace_in(cleaned, DUMMIES, ledger)
    _put_back_empty(cleaned)
    _say_so(cleaned, dates)
    return cleaned


def patient_identity(dataset: "Dataset") -> str:
    """Return what tells this patient from others: the ID and who gave it, else name and birth; empty for neither."""
    patient_id = str(dataset.get("PatientID") or "").strip()
    if patient_id:
        issuer = str(dataset.get("IssuerOfPatientID") or "").strip()
        return f"{patient_id}\0{issuer}" if issuer else patient_id
    known = [str(dataset.get(keyword) or "").strip() for keyword in ("PatientName", "PatientBirthDate")]
    return "\0".join(known) if any(known) else ""


class _Cleaner:
    def __init__(
        self, pseudonyms: Pseudonyms, identity: str, dates: Dates, ledger: Ledger, *, plain_texts: bool
    ) -> None:
        self._pseudonyms, self._identity, self._ledger = pseudonyms, identity, ledger
        self._plain_texts = plain_texts
        self._shift = timedelta(days=pseudonyms.days(identity)) if dates == "shift" else None

    def clean(self, dataset: "Dataset") -> None:
        for element in list(dataset):
            tag, vr = int(element.tag), str(element.VR)
            if tag in (_PATIENT_NAME, _PATIENT_ID):
                self._replace(element, self._pseudonyms.patient(self._identity), "pseudonym")
            elif self._shift is not None and self._is_listed_date(tag, vr) and self._move(element):
                continue
            elif tag == _TEXT_VALUE and not (self._plain_texts or _is_plain(dataset)):
                self._replace(element, DUMMIES["UT"], "dummy")
            elif tag == _DOCUMENT:
                self._replace(element, BLANK_PDF, "dummy")
                dataset.EncapsulatedDocumentLength = len(BLANK_PDF)
            elif tag not in _SOP_CLASSES:
                self._act(dataset, element, tag, vr)

    def _act(self, dataset: "Dataset", element: "DataElement", tag: int, vr: str) -> None:
        match action_for(tag, vr):
            case "remove":
                del dataset[tag]
                self._ledger.note(tag, "removed")
            case "empty":
                self._replace(element, [] if vr == "SQ" else None, "emptied")
            case "dummy" if not element.is_empty:
                if vr in DUMMIES:
                    self._replace(element, DUMMIES[vr], "dummy")
                else:
                    del dataset[tag]
                    self._ledger.note(tag, "removed")
            case "uid":
                self._replace(element, _each(element.value, self._pseudonyms.uid), "new UID")
            case "clean":
                for item in element.value:
                    self.clean(item)

    def _replace(self, element: "DataElement", value: Any, action: str) -> None:
        if element.is_empty and not value:
            return
        before = element.value
        element.value = value
        if element.value != before:
            self._ledger.note(int(element.tag), action)

    def _is_listed_date(self, tag: int, vr: str) -> bool:
        return vr in ("DA", "DT", "TM") and tag not in _BIRTH and action_for(tag, vr) != "keep"

    def _move(self, element: "DataElement") -> bool:
        """Move dates back; False where one cannot be read, so that the profile's own action is taken."""
        form = _DATES[str(element.VR)]
        values = [value.strip() for value in texts_of(element.value)]
        if not all(form.fullmatch(value) for value in values):
            return False
        if element.VR == "TM" or not values or not self._shift:
            return True
        try:
            element.value = _each(element.value, lambda value: _moved(value, self._shift or timedelta()))
        except (ValueError, OverflowError):
            return False
        self._ledger.note(int(element.tag), "date shifted")
        return True


def _moved(value: str, shift: timedelta) -> str:
    day, rest = value.strip()[:8], value.strip()[8:]
    return f"{datetime.strptime(day, '%Y%m%d') - shift:%Y%m%d}{rest}" if day else value


def _each(value: Any, change: Callable[[str], str]) -> Any:
    from pydicom.multival import MultiValue

    return [change(str(one)) for one in value] if isinstance(value, MultiValue) else change(str(value or ""))


def _is_plain(item: "Dataset") -> bool:
    names = item.get("ConceptNameCodeSequence") or []
    return any((name.get("CodeValue"), name.get("CodingSchemeDesignator")) in _PLAIN_CONCEPTS for name in names)


def _check_possible(dataset: "Dataset") -> None:
    if any(tag in dataset for tag in _PIXELS) and dataset.get("BurnedInAnnotation") != "NO":
        raise DicomError(
            "an image whose (0028,0301) Burned In Annotation is not NO may show the patient's name in its pixels, "
            "which this does not clean; clean the image with a tool for that, or leave it out"
        )
    if _DOCUMENT in dataset and dataset.get("MIMETypeOfEncapsulatedDocument") != "application/pdf":
        raise DicomError("an encapsulated document that is not a PDF cannot be made anonymous; leave it out")


def _cut_behind_sound(dataset: "Dataset", ledger: Ledger) -> None:
    for group in dataset.get("WaveformSequence") or []:
        parts = [group.get(word) for word in ("NumberOfWaveformChannels", "NumberOfWaveformSamples")]
        bits = group.get("WaveformBitsAllocated")
        if "WaveformData" not in group or not all(isinstance(number, int) and number > 0 for number in (*parts, bits)):
            continue
        length = parts[0] * parts[1] * (bits // 8)
        held = group.WaveformData
        whole = held[:length] + b"\0" * (length % 2)
        if len(held) > length and held != whole:
            group.WaveformData = whole
            ledger.note(0x54001010, "bytes behind the last sample removed")


def _put_back_empty(dataset: "Dataset") -> None:
    """Empty the acquisition context, as the profile says, and keep it: a waveform without one is not valid (type 2)."""
    if "WaveformSequence" in dataset or "AcquisitionContextSequence" in dataset:
        dataset.AcquisitionContextSequence = []


def _say_so(dataset: "Dataset", dates: Dates) -> None:
    from pydicom.dataset import Dataset

    # A property of the patient in DICOM's model: the same for all objects, whether or not they are reports.
    codes = [("113100", "Basic Application Confidentiality Profile"), ("113104", "Clean Structured Content Option")]
    if dates == "shift":
        codes.append(("113107", "Retain Longitudinal Temporal Information Modified Dates Option"))
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    dataset.DeidentificationMethodCodeSequence = []
    for value, meaning in codes:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        dataset.DeidentificationMethodCodeSequence.append(code)
    dataset.LongitudinalTemporalInformationModified = "MODIFIED" if dates == "shift" else "REMOVED"
