"""Coded concepts: what resp calls things in DICOM.

Codes of DICOM (DCM), SNOMED CT (SCT) and UCUM stand in the dictionaries of pydicom, except those marked "unconfirmed":
they were taken from public terminology browsers and nobody has checked them against a release of SNOMED CT. What the
standard has no word for is in a scheme of our own, ``99RESP`` (PS3.16 section 8: private schemes begin with 99).

A model's classes are always our own codes: what a model learned to call "crackle" is coarser than a clinician's word.
Where SNOMED CT has a concept that means about the same, it stands beside ours as an equivalent (PS3.3 table 8.8-1b).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resp.dicom.uids import derived_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

OURS = "99RESP"
_MOST_VALUE, _MOST_MEANING = 16, 64


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: value, scheme, words; two are equal where value and scheme are.

    Parameters
    ----------
    value, scheme, meaning
        As in the triplet of PS3.3 section 8; a value of more than 16 characters becomes a Long Code Value.
    equivalents
        What means the same in other schemes.
    """

    value: str
    scheme: str
    meaning: str
    equivalents: tuple["Code", ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Code):
            return NotImplemented
        return (self.value, self.scheme) == (other.value, other.scheme)

    def __hash__(self) -> int:
        return hash((self.value, self.scheme))

    def item(self) -> "Dataset":
        """Return the item of a code sequence."""
        from pydicom.dataset import Dataset

        item = Dataset()
        setattr(item, "CodeValue" if len(self.value) <= _MOST_VALUE else "LongCodeValue", self.value)
        item.CodingSchemeDesignator = self.scheme
        item.CodeMeaning = self.meaning[:_MOST_MEANING]
        if self.equivalents:
            item.EquivalentCodeSequence = [one.item() for one in self.equivalents]
        return item


def code_of(item: "Dataset") -> Code:
    """Return the code that an item of a code sequence holds; empty words where it lacks any."""
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue") or ""
    return Code(str(value), str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeMeaning", "")))


def ours(value: str, meaning: str, *equivalents: Code) -> Code:
    """Return a code of our own scheme."""
    return Code(value, OURS, meaning, equivalents)


def scheme_item() -> "Dataset":
    """Return our scheme's item for the Coding Scheme Identification Sequence (PS3.3 C.12.1.1.1)."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodingSchemeDesignator = OURS
    item.CodingSchemeUID = derived_uid("coding scheme", OURS)
    item.CodingSchemeName = "Lung-sound terms of resp"
    item.CodingSchemeResponsibleOrganization = "The resp authors"
    return item


# Unconfirmed: see above.
_NORMAL = Code("48348007", "SCT", "Normal breath sounds")
_CRACKLES = Code("48409008", "SCT", "Respiratory crackles")
_WHEEZING = Code("56018004", "SCT", "Wheezing")
AUSCULTATION = Code("37931006", "SCT", "Auscultation")

_CLASSES = {
    "normal": ours("normal", "Normal breath sound", _NORMAL),
    "crackle": ours("crackle", "Crackle", _CRACKLES),
    "wheeze": ours("wheeze", "Wheeze", _WHEEZING),
    # Two findings at once: no single concept of SNOMED CT says it.
    "both": ours("both", "Crackle and wheeze"),
}


def class_code(name: str) -> Code:
    """Return the code of a model's class."""
    return _CLASSES.get(name) or ours(name, name.replace("_", " "))


def dcm(value: str, meaning: str) -> Code:
    """Return a code of DICOM's own scheme."""
    return Code(value, "DCM", meaning)


def sct(value: str, meaning: str) -> Code:
    """Return a code of SNOMED CT."""
    return Code(value, "SCT", meaning)


def ucum(value: str, meaning: str) -> Code:
    """Return a unit."""
    return Code(value, "UCUM", meaning)


FINDING = dcm("121071", "Finding")
FINDING_SITE = sct("363698007", "Finding Site")
LATERALITY = sct("272741003", "Laterality")
SOURCE_OF_MEASUREMENT = dcm("121112", "Source of Measurement")
NO_UNITS = ucum("1", "no units")
FULL_SCALE = ucum("{full_scale}", "share of full scale")
"""Unit of a sensitivity that brings stored numbers back to [−1, 1]; braces make it an annotation of UCUM's unit 1."""
SECOND = ucum("s", "second")
HERTZ = ucum("Hz", "Hertz")
DECIBEL = ucum("dB", "decibel")
PER_MINUTE = ucum("/min", "/min")
