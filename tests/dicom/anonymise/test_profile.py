"""The table of attributes against lists that others keep, and against DICOM's dictionary."""

import pydicom
import pytest
from pydicom.datadict import dictionary_has_tag, keyword_for_tag, tag_for_keyword

from resp.dicom.anonymise.profile import action_for, table

# The 18 identifiers of HIPAA's Safe Harbor (45 CFR 164.514(b)(2)) as DICOM attributes.
SAFE_HARBOR = (
    "PatientName",
    "PatientBirthName",
    "PatientMotherBirthName",
    "OtherPatientNames",
    "ReferringPhysicianName",
    "PatientAddress",
    "ReferringPhysicianAddress",
    "InstitutionAddress",
    "RegionOfResidence",
    "CountryOfResidence",
    "PatientBirthDate",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "AdmittingDate",
    "PatientTelephoneNumbers",
    "ReferringPhysicianTelephoneNumbers",
    "PatientID",
    "OtherPatientIDs",
    "OtherPatientIDsSequence",
    "MedicalRecordLocator",
    "AccessionNumber",
    "AdmissionID",
    "IssuerOfPatientID",
    "PatientInsurancePlanCodeSequence",
    "DeviceSerialNumber",
    "GantryID",
    "PatientComments",
    "AdditionalPatientHistory",
    "PatientAge",
)

# What pydicom's own page "Anonymize" removes, beside every PN element, private tags and dates of birth.
PYDICOM = ("OtherPatientIDs", "OtherPatientIDsSequence", "PatientBirthDate")

# As dcmtk's dcmodify lists them for --gen-stud-uid, --gen-ser-uid and --gen-inst-uid.
IDENTIFIERS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "FrameOfReferenceUID",
    "ReferencedSOPInstanceUID",
)

# Rows of Table E.1-1 in an earlier edition, typed from another copy of it than the table was made of:
# the alphabet's first, and what a waveform or report has.
EARLIER_EDITION = {
    "AccessionNumber": "Z",
    "AcquisitionComments": "X",
    "AcquisitionContextSequence": "X/Z",
    "AcquisitionDate": "X/Z",
    "AcquisitionDateTime": "X/Z/D",
    "AcquisitionDeviceProcessingDescription": "X/D",
    "AcquisitionProtocolDescription": "X",
    "AcquisitionTime": "X/Z",
    "ActualHumanPerformersSequence": "X",
    "AdditionalPatientHistory": "X",
    "AdmissionID": "X",
    "AdmittingDate": "X",
    "AdmittingDiagnosesDescription": "X",
    "AffectedSOPInstanceUID": "X",
    "Allergies": "X",
    "AuthorObserverSequence": "X",
    "BranchOfService": "X",
    "CassetteID": "X",
    "ClinicalTrialProtocolID": "D",
    "ClinicalTrialSubjectID": "D",
    "ConcatenationUID": "U",
    "ConsultingPhysicianName": "Z",
    "ContentCreatorName": "Z/D",
    "ContentDate": "Z/D",
    "ContentSequence": "D",
    "ContentTime": "Z/D",
    "ContributionDescription": "X",
    "CustodialOrganizationSequence": "X",
    "DataSetTrailingPadding": "X",
    "DeviceSerialNumber": "X/Z/D",
    "DeviceUID": "U",
    "DigitalSignatureUID": "U",
}


@pytest.mark.parametrize("keyword", sorted({*SAFE_HARBOR, *PYDICOM}))
def test_identifying_attributes_are_not_kept(keyword):
    tag = tag_for_keyword(keyword)
    assert action_for(tag, pydicom.datadict.dictionary_VR(tag)) in ("remove", "empty", "dummy")


@pytest.mark.parametrize("keyword", IDENTIFIERS)
def test_identifiers_are_replaced(keyword):
    assert action_for(tag_for_keyword(keyword), "UI") == "uid"


@pytest.mark.parametrize(("keyword", "letters"), EARLIER_EDITION.items())
def test_rows_are_those_of_another_copy(keyword, letters):
    assert table()[f"{tag_for_keyword(keyword):08X}"] == letters


def test_every_name_of_a_person_goes():
    names = [tag for tag, entry in pydicom.datadict.DicomDictionary.items() if entry[0] == "PN"]
    assert len(names) > 30
    assert {action_for(tag, "PN") for tag in names} <= {"remove", "empty", "dummy"}


def test_keywords_of_the_table_are_those_of_the_dictionary():
    from importlib.resources import files

    rows = (files("resp.dicom.anonymise") / "profile.tsv").read_text().splitlines()[2:]
    assert len(rows) > 600
    for row in rows:
        tag, keyword, _ = row.split("\t")
        if "X" not in tag and dictionary_has_tag(int(tag, 16)):
            assert keyword_for_tag(int(tag, 16)) == keyword


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00091001, "LO"),
        (0x50000010, "US"),
        (0x50FE3000, "OW"),
        (0x60003000, "OW"),
        (0x00081301, "UN"),
        (0x00080000, "UL"),
    ],
)
def test_private_curves_overlays_and_unknown_go(tag, vr):
    assert action_for(tag, vr) == "remove"


@pytest.mark.parametrize("keyword", ["WaveformSequence", "ChannelDefinitionSequence", "ReferencedSOPSequence"])
def test_other_sequences_are_entered(keyword):
    assert action_for(tag_for_keyword(keyword), "SQ") == "clean"
