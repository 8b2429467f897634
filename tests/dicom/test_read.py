"""DICOM sound becomes recordings: its multiplex groups, and what it says of patient, device and time."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import numpy as np
import pytest

import makers
import resp
from makers import Group, as_bytes, make_audio, sound_of, stored_of, tone
from one_recording import SYNTAXES, only
from resp.dicom import DicomError, read_dicom, read_instance


def test_every_multiplex_group_is_a_recording():
    groups = [Group(stored_of(tone(8000), "SS"), 8000), Group(stored_of(tone(11025, channels=2), "UB"), 11025, "UB")]
    content = as_bytes(make_audio(groups))
    first, second = read_dicom(content, name="two.dcm")
    assert (first.rate_hz, first.channels, first.source) == (8000, 1, "two.dcm")
    assert (second.rate_hz, second.channels, second.source) == (11025, 2, "two.dcm#2")
    np.testing.assert_array_equal(second.samples, sound_of(groups[1].stored, "UB"))
    source = read_instance(content, group=2).source
    assert (source.group, source.groups) == (2, 2)
    loaded = resp.load_recording(content)
    np.testing.assert_array_equal(loaded.samples, first.samples)
    assert "first of 2 multiplex groups" in loaded.notes[0]
    with pytest.raises(DicomError, match="multiplex group 3; expected 1 to 2"):
        read_instance(content, group=3)


def test_patient_device_start_and_checksum():
    content = as_bytes(make_audio(TimezoneOffsetFromUTC="+0130"))
    recording = only(content, name="a.dcm")
    assert recording.patient_key == makers.PATIENT_ID
    assert recording.device == "Stethoscope works Ear 3"
    assert recording.started_at == datetime(2024, 2, 29, 10, 15, tzinfo=timezone(timedelta(minutes=90)))
    assert recording.sha256 == sha256(content).hexdigest()
    assert recording.source == "a.dcm"
    assert not recording.synthetic


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"AcquisitionDateTime": "20240229101530.25+0000"}, datetime(2024, 2, 29, 10, 15, 30, 250_000, UTC)),
        ({"AcquisitionDateTime": None}, datetime(2024, 2, 29, 10, 15)),
        ({"AcquisitionDateTime": "20240229"}, datetime(2024, 2, 29, 10, 15)),
        ({"AcquisitionDateTime": None, "ContentTime": None}, None),
    ],
)
def test_the_start_is_looked_for_where_it_may_stand(elements, expected):
    assert only(as_bytes(make_audio(**elements))).started_at == expected


def test_the_start_of_a_group_is_that_of_the_group():
    data = make_audio()
    data.WaveformSequence[0].MultiplexGroupTimeOffset = "2500"
    assert only(as_bytes(data)).started_at == datetime(2024, 2, 29, 10, 15, 2, 500_000)


@pytest.mark.parametrize(
    ("maker", "model", "device"),
    [
        ("3M", "Littmann 3200", "Litt3200"),
        ("3M Littmann", "Electronic Stethoscope 3200", "Litt3200"),
        ("Welch Allyn", "Meditron Master Elite", "Meditron"),
        ("AKG", "C 417 L", "AKGC417L"),
        ("Eko", "Eko CORE", "Eko CORE"),
        (None, "Litt3200", "Litt3200"),
    ],
)
def test_stethoscopes_that_models_know_get_their_names(maker, model, device):
    assert only(as_bytes(make_audio(Manufacturer=maker, ManufacturerModelName=model))).device == device


def test_a_rate_that_is_no_whole_number_is_rounded_and_told():
    recording = only(as_bytes(make_audio(Group(stored_of(tone(8000), "SS"), 8000.4))))
    assert recording.rate_hz == 8000
    assert "8000.4 Hz" in recording.notes[0]


def test_dictation_is_read_with_a_note():
    recording = only(
        as_bytes(make_audio(Group(stored_of(tone(), "MB"), interpretation="MB"), sop_class=makers.BASIC_VOICE))
    )
    assert "Basic Voice Audio" in recording.notes[0]


def test_the_source_has_what_an_answer_needs():
    data = make_audio(AccessionNumber=None)
    data.add_new(0x00081030, "LO", "Ausküpfen")
    source = read_instance(as_bytes(data), name="a.dcm").source
    assert source.sop_class_uid == makers.GENERAL_AUDIO
    assert source.sop_instance_uid == data.SOPInstanceUID
    assert source.series_instance_uid == data.SeriesInstanceUID
    assert source.study_instance_uid == data.StudyInstanceUID
    assert source.transfer_syntax_uid == SYNTAXES["explicit"]
    assert "WaveformData" not in source.header.WaveformSequence[0] or not source.header.WaveformSequence[0].WaveformData
    told = source.patient_and_study()
    assert str(told.PatientName) == makers.PATIENT_NAME
    assert (told.AccessionNumber, told.StudyDescription) == ("", "Ausküpfen")
    assert "SOPInstanceUID" not in told
    told.PatientName = "changed"
    assert str(source.header.PatientName) == makers.PATIENT_NAME
