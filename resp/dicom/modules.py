"""The parts of a dataset that say whose it is: Patient, General Study and Patient Study (PS3.3 C.7.1.1, C.7.2)."""

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
)
_WHERE_GIVEN = (
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "StudyInstanceUID",
    # Patient
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "TypeOfPatientID",
    "OtherPatientIDsSequence",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    # General Study
    "StudyDescription",
    "IssuerOfAccessionNumberSequence",
    "ReferencedStudySequence",
    "ProcedureCodeSequence",
    "ConsultingPhysicianName",
    # Patient Study
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "AdmissionID",
    "IssuerOfAdmissionIDSequence",
)


def copy_patient_and_study(header: "Dataset") -> "Dataset":
    """Return a new dataset with what the three modules hold; type 2 elements that are missing are there and empty.

    Parameters
    ----------
    header
        Any composite object of the study.
    """
    from pydicom.dataset import Dataset

    copy = Dataset()
    for keyword in (*_TYPE_2, *_WHERE_GIVEN):
        if keyword in header:
            copy[keyword] = deepcopy(header[keyword])
        elif keyword in _TYPE_2:
            setattr(copy, keyword, "")
    return copy
