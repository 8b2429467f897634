"""Names and identifiers of an object that stand once more in text which the profile keeps."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resp.dicom.anonymise.changes import Ledger
from resp.dicom.anonymise.profile import action_for

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
# Whole values that name a person or the case; parts of them may be ordinary words.
_IDENTIFYING = (
    "PatientID",
    "OtherPatientIDs",
    "AccessionNumber",
    "AdmissionID",
    "StudyID",
    "MedicalRecordLocator",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
)
_LEAST_OF_NAME, _LEAST_OF_VALUE = 3, 4
_NOT_NAMES = frozenset({"the", "and", "von", "van", "der", "den", "del", "anonymous", "anonymised"})
_BREAKS = re.compile(r"[\^=\s,.;\\\-]+")


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What names the persons and the case of one object."""

    words: frozenset[str]

    @classmethod
    def of(cls, dataset: "Dataset") -> "Identifiers":
        """Collect the parts of every person's name, and identifiers, of a data set as it came."""
        words = set()
        for element in dataset.iterall():
            if element.VR == "PN":
                parts = (part for value in texts_of(element.value) for part in _BREAKS.split(value))
                words |= {part.casefold() for part in parts if len(part) >= _LEAST_OF_NAME}
            elif element.keyword in _IDENTIFYING:
                values = (value.strip() for value in texts_of(element.value))
                words |= {value.casefold() for value in values if len(value) >= _LEAST_OF_VALUE}
        return cls(frozenset(words - _NOT_NAMES))

    def replace_in(self, dataset: "Dataset", dummies: Mapping[str, Any], ledger: Ledger) -> None:
        """Replace, in place, every text of a cleaned data set that holds one of the words as a word of its own."""
        if not self.words:
            return
        any_word = "|".join(re.escape(word) for word in sorted(self.words, key=len, reverse=True))
        found = re.compile(rf"(?<![^\W_])(?:{any_word})(?![^\W_])")
        for element in dataset.iterall():
            if element.VR not in _TEXT or action_for(int(element.tag), str(element.VR)) != "keep":
                continue
            if any(found.search(value.casefold()) for value in texts_of(element.value)):
                element.value = dummies[str(element.VR)]
                ledger.note(int(element.tag), "held a name or identifier")


def texts_of(value: Any) -> Iterator[str]:
    """Yield the values of an element as text; nothing for an empty one."""
    from pydicom.multival import MultiValue

    yield from (str(one) for one in (value if isinstance(value, MultiValue) else [value]) if one)
