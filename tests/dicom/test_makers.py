"""The files that the other tests read are valid, and the judges tell a wrong file from a right one."""

import numpy as np
import pydicom
import pytest

import judges
import makers


@pytest.mark.parametrize("interpretation", makers.EVERY_INTERPRETATION)
def test_made_files_are_valid(tmp_path, interpretation):
    stored = makers.stored_of(makers.tone(channels=2), interpretation)
    sound = makers.make_audio(makers.Group(stored, interpretation=interpretation))
    judges.check_valid(makers.write(sound, tmp_path / "sound.dcm"))


def test_several_groups_channels_and_a_site_are_valid(tmp_path):
    groups = [
        makers.Group(makers.stored_of(makers.tone(), "SS")),
        makers.Group(makers.stored_of(makers.tone(4000, channels=3), "SL"), 4000, "SL", bits_stored=24, sensitivity=2),
    ]
    sound = makers.make_audio(groups, AcquisitionContextSequence=makers.body_site())
    judges.check_valid(makers.write(sound, tmp_path / "sound.dcm"))


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "WaveformSequence", "ContentDate"])
def test_judge_names_what_is_missing(tmp_path, keyword):
    file = makers.write(makers.make_audio(**{keyword: None}), tmp_path / "sound.dcm")
    assert keyword in " ".join(judges.dciodvfy_errors(file)).replace(" ", "")


def test_judge_accepts_nothing_that_it_did_not_look_at(tmp_path):
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no DICOM at all")
    assert judges.dciodvfy_errors(broken)


@pytest.mark.parametrize("interpretation", makers.LINEAR)
def test_pydicom_reads_back_what_was_stored(interpretation):
    stored = makers.stored_of(makers.tone(channels=2), interpretation)
    sound = makers.make_audio(makers.Group(stored, interpretation=interpretation))
    np.testing.assert_array_equal(sound.waveform_array(0).T, stored)


@pytest.mark.parametrize("interpretation", makers.EVERY_INTERPRETATION)
def test_stored_sound_is_the_sound_to_its_resolution(interpretation):
    sound = makers.tone(channels=2)
    step = {"MB": 0.04, "AB": 0.04}.get(interpretation) or 2.0 ** (1 - makers.LINEAR[interpretation][0])
    heard = makers.sound_of(makers.stored_of(sound, interpretation), interpretation)
    assert np.abs(heard - sound).max() <= step


def test_companding_tables_are_those_of_the_recommendation():
    # ITU-T G.711: the first and last decoder output values of each sign, and the smallest steps.
    mu = makers.mu_law_table() * 8192
    assert [mu[0x00], mu[0x80], mu[0xFF], mu[0x7F], mu[0xFE]] == [-8031, 8031, 0, 0, 2]
    a = makers.a_law_table() * 4096
    assert [a[0x2A], a[0xAA], a[0xD5], a[0x55]] == [-4032, 4032, 1, -1]


def test_a_data_set_without_preamble_is_one(tmp_path):
    bare = makers.as_bytes(makers.make_audio(), preamble=False)
    assert b"DICM" not in bare[:200]
    assert "General" in judges.dcmdump(_written(tmp_path, bare))


def test_dicomdir_lists_the_sounds(tmp_path):
    listed = makers.make_dicomdir(tmp_path, [makers.make_audio(), makers.make_audio()])
    records = pydicom.dcmread(listed).DirectoryRecordSequence
    assert sum(record.DirectoryRecordType == "WAVEFORM" for record in records) == 2


@pytest.mark.parametrize("required", [False, True])
def test_a_missing_program_skips_and_fails_where_it_is_required(monkeypatch, required):
    monkeypatch.setattr(judges, "_PATH", "/nowhere")
    monkeypatch.setenv("RESP_REQUIRE", "dcmtk" if required else "chromium")
    with pytest.raises(pytest.fail.Exception if required else pytest.skip.Exception, match="apt-get install dcmtk"):
        judges.program("dcmdump")


def _written(folder, content):
    path = folder / "bare.dcm"
    path.write_bytes(content)
    return path
