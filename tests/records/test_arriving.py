"""DICOM that comes in says no longer whose it is; its sound is the same."""

import numpy as np
import pytest

import makers
from made_records import CLINICIAN, sound
from resp import load_recording
from resp.records import RecordsError


def test_a_dicom_file_is_de_identified_at_the_door(records):
    desk = records.desk(CLINICIAN)
    content = makers.as_bytes(makers.make_audio())
    for told in (makers.PATIENT_ID, "19610203", "ACC-99", "berweiser"):
        assert told.encode() in content
    row = desk.add_recording(content, "one.dcm")
    kept = desk.content(row.id)
    for told in (makers.PATIENT_ID, "19610203", "ACC-99", "berweiser", "20240229"):
        assert told.encode() not in kept, told
    before, after = load_recording(content), load_recording(kept)
    np.testing.assert_array_equal(before.samples, after.samples)
    assert before.rate_hz == after.rate_hz
    assert before.patient_key is not None
    assert after.patient_key != before.patient_key
    assert makers.PATIENT_ID not in str(after)


def test_the_same_dicom_file_is_there_already(records):
    desk = records.desk(CLINICIAN)
    content = makers.as_bytes(makers.make_audio())
    first = desk.add_recording(content, "one.dcm")
    again = desk.add_recording(content, "two.dcm")
    assert again.already
    assert again.id == first.id


def test_dicom_that_cannot_be_de_identified_is_not_kept(records):
    desk = records.desk(CLINICIAN)
    broken = makers.make_audio(StudyInstanceUID=None)
    with pytest.raises(RecordsError, match="cannot be de-identified, and was not kept: no StudyInstanceUID"):
        desk.add_recording(makers.as_bytes(broken), "broken.dcm")
    assert desk.recordings().total == 0
    assert not list(records.sounds.names())


def test_what_is_no_dicom_stays_as_it_came(records):
    desk = records.desk(CLINICIAN)
    assert desk.content(desk.add_recording(sound(), "a.wav").id) == sound()
    assert desk.content(desk.add_recording(b"no sound at all", "a.txt").id) == b"no sound at all"
