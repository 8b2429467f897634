"""Files and folders scored: a report each, in order, with annotations beside them."""

import numpy as np
import pytest

import resp
from loudness_scorer import RATE_HZ, make_scorer, noise
from resp.audio import Recording, write_wav


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    write_wav(noise(5, seed=1), place / "a_good.WAV")
    (place / "b_text.wav").write_text("this is a letter, not a sound\n" * 50)
    (place / "c_empty.wav").touch()
    write_wav(noise(5, seed=2), place / "d_cut.wav")
    whole = (place / "d_cut.wav").read_bytes()
    (place / "d_cut.wav").write_bytes(whole[:30])
    write_wav(Recording(np.zeros(RATE_HZ * 5), RATE_HZ), place / "e_silent.wav")
    write_wav(noise(5, seed=3), place / "f_good.wav")
    return place


def test_every_file_gets_a_report_in_order(folder):
    reports = list(make_scorer().score_paths([folder, folder / "gone.wav"]))
    names = [report.recording.file.rpartition("/")[2] for report in reports]
    assert names == [
        "a_good.WAV",
        "b_text.wav",
        "c_empty.wav",
        "d_cut.wav",
        "e_silent.wav",
        "f_good.wav",
        "gone.wav",
    ]
    status = [report.status for report in reports]
    assert status == ["scored", "failed", "failed", "failed", "abstained", "scored", "failed"]
    assert all(report.reason for report in reports if report.status != "scored")
    assert all("unexpected" not in (report.reason or "") for report in reports)


def test_score_file_says_the_same_as_score_paths(folder):
    one = make_scorer()
    assert [one.score_file(path) for path in sorted(folder.iterdir())] == list(one.score_paths([folder]))


def test_score_file_says_the_same_as_score(folder):
    path = folder / "a_good.WAV"
    one = make_scorer()
    assert one.score_file(path) == one.score(resp.load_recording(path).with_known(source=str(path)))


def test_an_empty_folder_gets_a_report(tmp_path):
    (report,) = make_scorer().score_paths([tmp_path])
    assert report.status == "failed"
    assert report.reason is not None
    assert "no sound file" in report.reason


def test_a_folder_for_one_file_gets_a_report_that_says_so(folder):
    report = make_scorer().score_file(folder)
    assert report.status == "failed"
    assert report.reason is not None
    assert "a folder where one recording is expected" in report.reason


def test_a_reader_may_stop_early(folder):
    reports = make_scorer().score_paths([folder])
    assert next(reports).status == "scored"
    reports.close()


def test_annotations_beside_the_recordings(folder, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "a_good.txt").write_text("0.1\t2.0\t0\t0\n2.0\t4.5\t1\t0\n")
    (marks / "e_silent.txt").write_text("0\t99\t0\t0\n")
    reports = list(make_scorer().score_paths([folder], annotations=marks))
    assert [segment.start_s for segment in reports[0].segments] == [0.1, 2.0]
    assert reports[4].status == "failed"
    assert "annotations of this recording" in reports[4].reason
    assert {segment.kind for segment in reports[5].segments} == {"window"}
    assert make_scorer().score_file(folder / "a_good.WAV", marks / "a_good.txt") == reports[0]


@pytest.mark.parametrize(("text", "reason"), [("", "no cycle"), ("0 x 0 0\n", "line 1")])
def test_a_bad_annotation_fails_the_recording(folder, tmp_path, text, reason):
    (tmp_path / "bad.txt").write_text(text)
    report = make_scorer().score_file(folder / "a_good.WAV", tmp_path / "bad.txt")
    assert report.status == "failed"
    assert reason in report.reason


def test_a_missing_annotation_fails_the_recording(folder, tmp_path):
    report = make_scorer().score_file(folder / "a_good.WAV", tmp_path / "gone.txt")
    assert report.status == "failed"
    assert "no such annotation" in report.reason
