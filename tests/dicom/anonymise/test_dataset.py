"""The profile applied: which attributes go, what stays, and that what belonged together still does."""

import copy

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

import fuzz_cases
import judges
import makers
from resp.dicom import DicomError
from resp.dicom.anonymise import Ledger, Pseudonyms, anonymise_dataset, anonymise_files, find_inputs

KEY = bytes(range(32))


def anonymise(data, *, key=KEY, dates="remove"):
    return anonymise_dataset(data, Pseudonyms(key), dates=dates, ledger=Ledger())


@pytest.mark.parametrize("interpretation", makers.EVERY_INTERPRETATION)
def test_sound_is_untouched(interpretation):
    stored = makers.stored_of(makers.tone(duration_s=0.11, channels=3), interpretation)
    sound = makers.make_audio(makers.Group(stored, interpretation=interpretation))
    cleaned = anonymise(sound)
    assert cleaned.WaveformSequence[0].WaveformData == sound.WaveformSequence[0].WaveformData


def test_the_given_data_set_is_left_as_it_is():
    sound = makers.make_audio()
    before = copy.deepcopy(sound)
    anonymise(sound)
    assert sound == before


def test_it_says_what_was_done():
    cleaned = anonymise(makers.make_audio())
    assert cleaned.PatientIdentityRemoved == "YES"
    assert "PS3.15" in cleaned.DeidentificationMethod
    assert [code.CodeValue for code in cleaned.DeidentificationMethodCodeSequence] == ["113100", "113104"]
    assert cleaned.LongitudinalTemporalInformationModified == "REMOVED"


def test_acquisition_context_is_put_back_empty(tmp_path):
    for sound in (makers.make_audio(AcquisitionContextSequence=makers.body_site()), makers.make_audio()):
        cleaned = anonymise(sound)
        assert len(cleaned.AcquisitionContextSequence) == 0


def test_uids_stay_consistent_over_a_study():
    first = makers.make_audio()
    second = makers.make_audio(study=first.StudyInstanceUID, series=first.SeriesInstanceUID)
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = first.SOPClassUID, first.SOPInstanceUID
    second.ReferencedInstanceSequence = Items([reference])
    one, two = anonymise(first), anonymise(second)
    assert one.StudyInstanceUID == two.StudyInstanceUID != first.StudyInstanceUID
    assert one.SeriesInstanceUID == two.SeriesInstanceUID
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert two.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert two.ReferencedInstanceSequence[0].ReferencedSOPClassUID == first.SOPClassUID
    assert one.PatientID == two.PatientID


def test_patients_stay_apart():
    one, two = (anonymise(makers.make_audio(PatientID=name)).PatientID for name in ("a", "b"))
    assert one != two


def test_another_key_leads_to_other_pseudonyms():
    sound = makers.make_audio()
    one, two = anonymise(sound), anonymise(sound, key=None)
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.PatientID != two.PatientID


@pytest.mark.parametrize("dates", ["remove", "shift"])
def test_a_second_time_changes_nothing(dates):
    once = anonymise(makers.make_audio(AcquisitionContextSequence=makers.body_site()), dates=dates)
    ledger = Ledger()
    twice = anonymise_dataset(once, Pseudonyms(KEY), dates=dates, ledger=ledger)
    assert list(ledger) == [change for change in ledger if change.action == "date shifted"]
    assert makers.as_bytes(with_meta(twice)) == makers.as_bytes(with_meta(once))


def with_meta(data):
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return data


def test_shifted_dates_keep_their_distances_and_times():
    def dates_of(data):
        return pydicom.valuerep.DA(data.StudyDate), pydicom.valuerep.DT(data.AcquisitionDateTime)

    early = makers.make_audio()
    late = makers.make_audio(StudyDate="20240307", AcquisitionDateTime="20240307091533.25+0100")
    moved = [dates_of(anonymise(sound, dates="shift")) for sound in (early, late)]
    given = [dates_of(sound) for sound in (early, late)]
    assert moved[1][0] - moved[0][0] == given[1][0] - given[0][0]
    assert moved[0][0] < given[0][0]
    assert str(moved[1][1])[8:] == "091533.25+0100"
    cleaned = anonymise(early, dates="shift")
    assert not cleaned.PatientBirthDate
    assert cleaned.LongitudinalTemporalInformationModified == "MODIFIED"
    assert "113107" in [code.CodeValue for code in cleaned.DeidentificationMethodCodeSequence]


def test_a_date_that_cannot_be_read_is_not_kept():
    cleaned = anonymise(makers.make_audio(StudyDate=""), dates="shift")
    assert cleaned.StudyDate == ""
    for keyword, vr, words in (
        ("StudyDate", "DA", "about May"),
        ("StudyDate", "DA", "20240229 Anna"),
        ("StudyTime", "TM", "10 Anna"),
        ("StudyTime", "TM", "10:15"),
    ):
        broken = makers.make_audio()
        broken[keyword] = pydicom.DataElement(keyword, vr, words, validation_mode=pydicom.config.IGNORE)
        assert not anonymise(broken, dates="shift")[keyword].value


def test_an_image_that_may_show_a_name_is_refused():
    image = makers.make_audio()
    image.add_new(0x7FE00010, "OW", b"\0\0")
    with pytest.raises(DicomError, match="Burned In Annotation"):
        anonymise(image)
    image.BurnedInAnnotation = "NO"
    assert "PixelData" in anonymise(image)


def test_a_document_that_is_no_pdf_is_refused():
    document = makers.make_audio(MIMETypeOfEncapsulatedDocument="text/XML", EncapsulatedDocument=b"<a/>")
    with pytest.raises(DicomError, match="not a PDF"):
        anonymise(document)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"])
def test_every_transfer_syntax_comes_out_valid(tmp_path, syntax):
    sound = makers.make_audio()
    big = syntax == "1.2.840.10008.1.2.2"
    group = sound.WaveformSequence[0]
    expected = np.frombuffer(group.WaveformData, "<i2")
    if big:
        group.WaveformData = expected.astype(">i2").tobytes()
    sound.file_meta.TransferSyntaxUID = syntax
    makers.write(sound, tmp_path / "in" / "sound.dcm")
    (outcome,) = anonymise_files(find_inputs([tmp_path / "in"]), tmp_path / "out")
    assert outcome.refused is None
    made = tmp_path / "out" / outcome.output
    judges.check_valid(made)
    held = pydicom.dcmread(made).WaveformSequence[0].WaveformData
    np.testing.assert_array_equal(np.frombuffer(held, ">i2" if big else "<i2"), expected)


def test_a_data_set_without_preamble_is_taken(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sound").write_bytes(makers.as_bytes(makers.make_audio(), preamble=False))
    (outcome,) = anonymise_files(find_inputs([tmp_path / "in"]), tmp_path / "out")
    assert outcome.refused is None
    judges.check_valid(tmp_path / "out" / outcome.output)


def test_a_dicomdir_is_left_out(tmp_path):
    makers.make_dicomdir(tmp_path / "in", [makers.make_audio(), makers.make_audio()])
    outcomes = list(anonymise_files(find_inputs([tmp_path / "in"]), tmp_path / "out"))
    assert sorted(outcome.kind for outcome in outcomes) == ["dicom", "dicom", "other"]
    assert [path.name for path in (tmp_path / "out").rglob("DICOMDIR")] == []


@pytest.mark.parametrize("kind", ["flipped", "wrong_vr", "recursion"])
def test_broken_input_is_written_or_refused_in_one_sentence(tmp_path, kind):
    (tmp_path / "in").mkdir()
    for number, (_, content) in enumerate(fuzz_cases.make(kind, tmp_path)):
        if number < 120:
            (tmp_path / "in" / f"{number}.dcm").write_bytes(content)
    outcomes = list(anonymise_files(find_inputs([tmp_path / "in"]), tmp_path / "out"))
    assert any(outcome.refused for outcome in outcomes)
    for outcome in outcomes:
        assert (outcome.output is None) == (outcome.refused is not None)
        words = outcome.refused or ""
        assert "\n" not in words
        assert str(tmp_path) not in words
        assert "Zwölfgang" not in words
        assert makers.PATIENT_ID not in words
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert all(path.suffix == ".dcm" for path in written)
    assert all(tmp_path / "out" in path.resolve().parents for path in written)
