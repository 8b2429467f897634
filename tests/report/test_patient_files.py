"""Label tracks, clips, tables and the archive of a patient, read back by others' readers."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import soundfile

from heard_recordings import EARLIER, NOON, RATE_HZ, corrected, heard, report, sound
from resp.report.bundle import write_bundle
from resp.report.clips import MARGIN_S, clip_name, clip_sound, finding_clips
from resp.report.file_names import different_names, safe_name
from resp.report.heard import Correction, Remark
from resp.report.label_tracks import RAVEN_COLUMNS, audacity_labels, model_cycles, raven_table
from resp.score.schema import Report, Segment
from resp.words import words

SOUND = sound()


def windows(*labels):
    """Windows of 2 s, each a second after the one before."""
    segments = tuple(
        Segment(kind="window", start_s=at, end_s=at + 2, probabilities={"normal": 0.2, "crackle": 0.8}, label=label)
        for at, label in enumerate(labels)
    )
    return heard(report=report("normal", segments=segments))


def test_audacity_reads_a_line_a_cycle():
    one = corrected(heard("normal", None, "crackle"), "normal", None, "wheeze")
    lines = [line.split("\t") for line in audacity_labels(one.cycles).decode().splitlines()]
    assert [(float(start), float(end)) for start, end, _ in lines] == [(0.0, 1.5), (1.5, 3.0), (3.0, 4.5)]
    assert [label for _, _, label in lines] == ["normal 0.30", "? 0.70", "wheeze* 0.90"]
    assert [
        label for *_, label in (line.split("\t") for line in audacity_labels(model_cycles(one)).decode().splitlines())
    ][2] == ("crackle 0.90")


def test_raven_reads_a_selection_a_cycle():
    one = corrected(heard("normal", "crackle"), "normal", "wheeze")
    rows = list(csv.DictReader(io.StringIO(raven_table(one.cycles, "a\tb.wav", rate_hz=3000).decode()), delimiter="\t"))
    assert tuple(rows[0]) == RAVEN_COLUMNS
    assert [row["Selection"] for row in rows] == ["1", "2"]
    second = rows[1]
    assert (float(second["Begin Time (s)"]), float(second["End Time (s)"])) == (1.5, 3.0)
    assert (float(second["Low Freq (Hz)"]), float(second["High Freq (Hz)"])) == (0.0, 1500.0)
    assert (second["Finding"], second["Corrected"], second["Model Finding"]) == ("wheeze", "yes", "crackle")
    assert second["Begin File"] == "a b.wav"


def test_labels_stand_in_order_of_time_on_one_line_each():
    one = replace(heard(), correction=Correction(Remark("A", NOON), ((3.0, 4.0, "a\nb\tc"), (1.0, 2.0, "crackle"))))
    assert audacity_labels(one.cycles) == b"1.000000\t2.000000\tcrackle*\n3.000000\t4.000000\ta b c*\n"


def test_a_clip_is_the_finding_with_what_is_around_it():
    (clip,) = finding_clips(heard("normal", "crackle", None))
    content, rate_hz = soundfile.read(io.BytesIO(clip_sound(SOUND, clip)), dtype="float32")
    assert rate_hz == RATE_HZ
    first, last = round((1.5 - MARGIN_S) * RATE_HZ), round((3.0 + MARGIN_S) * RATE_HZ)
    np.testing.assert_allclose(content, SOUND.samples[0, first:last], atol=1 / 32768)


@pytest.mark.parametrize(("start_s", "end_s", "length_s"), [(0.0, 1.0, 1.5), (5.5, 6.5, 1.0), (9.0, 9.5, 0.0)])
def test_a_clip_ends_where_the_recording_does(start_s, end_s, length_s):
    (clip,) = finding_clips(replace(heard(), correction=Correction(Remark("A", NOON), ((start_s, end_s, "wheeze"),))))
    content, rate_hz = soundfile.read(io.BytesIO(clip_sound(SOUND, clip)))
    assert len(content) == max(1, round(length_s * rate_hz))


def test_windows_of_one_finding_are_one_clip_and_cycles_are_not():
    assert [(one.start_s, one.end_s) for one in finding_clips(windows("crackle", "crackle", "normal", "crackle"))] == [
        (0.0, 3.0),
        (3.0, 5.0),
    ]
    assert len(finding_clips(heard("wheeze", "wheeze"))) == 2
    assert finding_clips(heard("normal", None)) == ()


def test_names_say_where_when_and_what():
    one = corrected(heard("normal", "normal", file_name="böse datei (1).WAV"), "normal", "crackle")
    assert clip_name(one, finding_clips(one)[0]) == "PlL_bose-datei-1_001.5-003.0s_crackle_corrected.wav"


@pytest.mark.parametrize(
    ("name", "safe"),
    [("../../etc/passwd", "passwd"), ("名前.wav", "recording"), ("a" * 300, "a" * 80), ("C:\\x\\y.mp3", "y")],
)
def test_names_are_safe_everywhere(name, safe):
    assert safe_name(name) == safe
    assert different_names([name, name.upper(), name])[2].endswith("-3")


def bundle(recordings, **more):
    stream = io.BytesIO()
    given = {
        "patient_key": "=K-17",
        "made_at": NOON,
        "sounds": lambda _: SOUND,
        "contents": lambda one: one.file_name.encode(),
    }
    write_bundle(stream, recordings, **(given | more))
    return stream.getvalue()


@pytest.fixture(scope="module")
def recordings():
    said = corrected(heard("normal", "normal", site="PrL", file_name="a.WAV"), "normal", "wheeze", text="=1+1")
    return [
        said,
        heard("crackle", site="ArU", file_name="a.wav"),
        heard("normal", site="Tc", day=EARLIER, file_name="old.flac"),
        heard(file_name="waits.m4a"),
        heard(report=Report.failure("bad.wav", "broken"), file_name="bad.wav"),
    ]


@pytest.fixture(scope="module")
def archive(recordings):
    return zipfile.ZipFile(io.BytesIO(bundle(recordings)))


def test_the_archive_holds_everything_under_checksums(archive):
    assert archive.testzip() is None
    sums = dict(reversed(line.split("  ", 1)) for line in archive.read("SHA256SUMS").decode().splitlines())
    assert {*sums, "SHA256SUMS"} == set(archive.namelist())
    for name, total in sums.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == total
    names = archive.namelist()
    assert [name for name in names if name.endswith(".pdf")] == ["report-2026-10-03.pdf", "report-2026-11-21.pdf"]
    assert sum(name.startswith("recordings/") for name in names) == 5
    assert "recordings/2026-11-21_a-2.wav" in names
    assert [name for name in names if name.startswith("clips/")] == [
        "clips/2026-11-21_PrL_a_001.5-003.0s_wheeze_corrected.wav",
        "clips/2026-11-21_ArU_a_000.0-001.5s_crackle.wav",
    ]
    assert "labels/2026-11-21_a.model.audacity.txt" in names


def test_recordings_are_as_they_were_given(archive):
    assert archive.read("recordings/2026-11-21_a.wav") == b"a.WAV"


def test_tables_say_what_stands_and_what_the_model_said(archive):
    rows = {
        row["site"] + row["file"]: row for row in csv.DictReader(io.StringIO(archive.read("recordings.csv").decode()))
    }
    first = rows["PrLa.WAV"]
    assert (first["finding"], first["model_finding"], first["corrected_by"]) == ("wheeze", "normal", "Dr. Who")
    assert rows["PlLwaits.m4a"]["status"] == "waiting"
    assert rows["PlLbad.wav"]["reason"] == "broken"
    cycles = list(csv.DictReader(io.StringIO(archive.read("cycles.csv").decode())))
    assert [row["finding"] for row in cycles] == ["normal", "wheeze", "crackle", "normal"]
    assert cycles[1]["model_finding"] == "normal"
    assert float(cycles[1]["p_normal"]) == pytest.approx(0.7)


def test_the_json_holds_the_whole_reports_and_what_people_said(archive, recordings):
    told = json.loads(archive.read("reports.json"))
    assert told["patient"] == "=K-17"
    assert Report.model_validate(told["recordings"][0]["report"]) == recordings[0].report
    assert told["recordings"][0]["correction"]["text"] == "=1+1"
    assert told["recordings"][3]["report"] is None


def test_no_field_is_a_formula_to_a_spreadsheet(recordings):
    commented = replace(recordings[0], comments=(Remark("=cmd", NOON, "@x"),))
    with zipfile.ZipFile(io.BytesIO(bundle([commented]))) as archive:
        (row,) = csv.DictReader(io.StringIO(archive.read("recordings.csv").decode()))
    assert row["comments"] == "'@x"


def test_the_archive_is_the_same_each_time_and_of_its_time(recordings):
    one = bundle(recordings[1:2])
    assert bundle(recordings[1:2]) == one
    assert zipfile.ZipFile(io.BytesIO(one)).infolist()[0].date_time[:4] == (2026, 11, 21, 12)
    assert bundle(recordings[1:2], made_at=NOON + timedelta(days=1)) != one


def test_what_is_not_at_hand_is_left_out(recordings):
    with zipfile.ZipFile(io.BytesIO(bundle(recordings, sounds=None, contents=None, language=words("de")))) as archive:
        assert not [name for name in archive.namelist() if name.startswith(("clips/", "recordings/"))]
        assert "Dateien zu Patient =K-17" in archive.read("README.txt").decode()


def test_an_archive_of_nothing_is_one_too():
    with zipfile.ZipFile(io.BytesIO(bundle([]))) as archive:
        assert set(archive.namelist()) == {"README.txt", "recordings.csv", "cycles.csv", "reports.json", "SHA256SUMS"}
