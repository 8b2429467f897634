"""``resp dicom anonymise``: files, reports, warnings, exit status."""

import csv
import json

import numpy as np
import pytest

import makers
from resp.audio import Recording, synthesise_breathing, write_wav
from resp.audio.babble import synthesise_babble
from resp.cli import main
from resp.dicom import DicomError
from resp.dicom.anonymise import anonymise_files, find_inputs, measures_speech


def anonymise(*words):
    with pytest.raises(SystemExit) as ended:
        main(["dicom", "anonymise", "--quiet", *map(str, words)])
    return ended.value.code


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "in"
    for number in range(2):
        makers.write(makers.make_audio(number=number), folder / f"{number}.dcm")
    write_wav(synthesise_breathing(duration_s=4, rate_hz=8000).recording, folder / "101_1b1_Al_sc_Meditron.wav")
    return folder


def test_report_counts_changes_in_csv_and_json(sounds, tmp_path):
    assert anonymise(sounds, "--out", tmp_path / "a", "--no-speech", "--report", tmp_path / "a.csv") == 0
    assert anonymise(sounds, "--out", tmp_path / "b", "--no-speech", "--report", tmp_path / "b.json") == 0
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert {"number": "1", "attribute": "(0010,0010)", "action": "pseudonym"}.items() <= next(
        row for row in rows if row["name"] == "PatientName"
    ).items()
    files = json.loads((tmp_path / "b.json").read_text())["files"]
    assert [file["kind"] for file in files] == ["dicom", "dicom", "wav"]
    assert sum(len(file["changes"]) for file in files) == len(rows)


def test_with_a_key_runs_agree_and_the_map_leads_back(sounds, tmp_path):
    for out in ("a", "b"):
        options = ("--key", tmp_path / "key", "--keep-map", tmp_path / f"{out}.csv", "--no-speech")
        assert anonymise(sounds, "--out", tmp_path / out, *options) == 0
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert (tmp_path / "a.csv").stat().st_mode & 0o077 == 0
    for row in csv.DictReader((tmp_path / "a.csv").open()):
        assert (tmp_path / "a" / row["output"]).read_bytes() == (tmp_path / "b" / row["output"]).read_bytes()
    # What is anonymous already stays as it is, byte for byte.
    again = ("--out", tmp_path / "c", "--key", tmp_path / "key", "--no-speech")
    assert anonymise(tmp_path / "a", *again) == 0
    for file in (tmp_path / "a").rglob("*.dcm"):
        assert (tmp_path / "c" / file.relative_to(tmp_path / "a")).read_bytes() == file.read_bytes()


def test_a_folder_within_is_refused(sounds):
    with pytest.raises(DicomError, match="holds files that are to be anonymised"):
        list(anonymise_files(find_inputs([sounds]), sounds))
    assert anonymise(sounds, "--out", sounds.parent, "--no-speech") == 2


@pytest.mark.parametrize(
    ("words", "status"), [(["--report", "x.txt"], 2), (["--key", "."], 2), (["--model", "nowhere"], 2)]
)
def test_bad_options_are_refused(sounds, tmp_path, words, status):
    assert anonymise(sounds, "--out", tmp_path / "out", *words) == status
    assert not (tmp_path / "out").exists()


def test_two_objects_of_one_identity_are_not_mixed_up(tmp_path):
    for name, patient in (("a", "Anna"), ("b", "Berta")):
        makers.write(makers.make_audio(instance="1.2.3", PatientName=patient), tmp_path / "in" / f"{name}.dcm")
    first, second = anonymise_files(find_inputs([tmp_path / "in"]), tmp_path / "out")
    assert first.refused is None
    assert "one SOP Instance UID and different content" in second.refused


def test_whatever_hears_speech_is_asked_about_every_sound(sounds, tmp_path):
    asked = []

    def hears(recording):
        asked.append(recording)
        return recording.rate_hz == 8000 and recording.duration_s > 1

    outcomes = list(anonymise_files(find_inputs([sounds]), tmp_path / "out", hears_speech=hears))
    assert len(asked) == 3
    assert [len(outcome.warnings) for outcome in outcomes] == [0, 0, 1]
    assert "identifies a person" in outcomes[2].warnings[0]


@pytest.mark.parametrize("sound", [{}, {"wheeze": True}, {"crackles": "coarse"}, {"crackles": "fine", "wheeze": True}])
def test_breath_is_not_taken_for_speech(sound):
    assert not measures_speech(synthesise_breathing(duration_s=10, **sound).recording)


@pytest.mark.parametrize("seed", range(3))
def test_a_voice_over_breath_is_heard(seed):
    breath = synthesise_breathing(duration_s=8, rate_hz=16_000).recording.mono()
    voice = synthesise_babble(duration_s=8, rate_hz=16_000, voices=1, seed=seed)[: len(breath)]
    assert measures_speech(Recording(np.clip(breath + 0.5 * voice, -1, 1), 16_000))


def test_too_short_a_sound_says_nothing():
    assert not measures_speech(Recording(np.full(100, 0.1), 8000))
