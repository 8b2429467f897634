import json
from types import SimpleNamespace

import numpy as np
import pytest

import judges
import makers
from resp.cli import main
from resp.dicom import read_dicom
from resp.dicom.answer import make_sr, read_sr
from resp.dicom.answer.files import write_instance
from resp.score import Scorer


@pytest.fixture
def scorer(monkeypatch, report):
    """Gives the same report for every sound, so that no network is needed."""

    def score(recording):
        known = report.recording.model_copy(update={"file": recording.source})
        return report.model_copy(update={"recording": known})

    monkeypatch.setattr(Scorer, "load", lambda *_, **__: SimpleNamespace(score=score))


def run(*words):
    try:
        main(["dicom", *map(str, words)])
    except SystemExit as ended:
        return ended.code or 0
    return 0


def test_answer_then_sign_then_show(scorer, tmp_path, capsys, report):
    noise = np.random.default_rng(0).normal(scale=0.1, size=(1, 8000))
    sound = makers.write(makers.make_audio(makers.Group(makers.stored_of(noise, "SS"))), tmp_path / "in" / "a.dcm")
    out = tmp_path / "out"
    assert run("answer", sound, "--out", out, "--capture") == 0
    assert sorted(file.name for file in out.iterdir()) == ["a.pdf.dcm", "a.spectrogram.dcm", "a.sr.dcm"]
    judges.check_valid(sorted(out.iterdir()))
    assert "scored: crackle" in capsys.readouterr().err

    assert run("sign", out / "a.sr.dcm", "--observer", "Arzt^Ada", "--organization", "Klinik") == 0
    signed = out / "a.sr.verified.dcm"
    back = read_sr(signed)
    assert back.verified
    # Not where the file lay on this machine.
    assert back.report.recording.file == f"{back.waveform.sop_instance_uid}.dcm"
    judges.check_valid(signed)
    capsys.readouterr()

    assert run("show", signed) == 0
    shown = capsys.readouterr().out
    assert "verified by Arzt^Ada, Klinik" in shown
    assert "crackle" in shown
    assert run("show", "--json", signed) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["probabilities"]["normal"] == report.summary.probabilities["normal"]


def test_what_cannot_be_answered_is_told_and_the_rest_is(scorer, tmp_path, capsys):
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no sound")
    sound = makers.write(makers.make_audio(), tmp_path / "a.dcm")
    assert run("answer", broken, sound, "--out", tmp_path / "out", "--no-pdf", "--quiet") == 1
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.sr.dcm"]
    assert "broken.dcm: failed" in capsys.readouterr().err


def test_two_files_of_one_name_are_both_answered(scorer, tmp_path):
    for place in ("1", "2"):
        makers.write(makers.make_audio(), tmp_path / place / "a.dcm")
    assert run("answer", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "out", "--no-pdf") == 0
    first, second = sorted((tmp_path / "out").iterdir())
    assert read_sr(first).waveform.sop_instance_uid != read_sr(second).waveform.sop_instance_uid


def test_show_tells_what_sound_a_file_holds(tmp_path, capsys):
    sound = makers.write(makers.make_audio(), tmp_path / "a.dcm")
    assert run("show", sound) == 0
    shown = capsys.readouterr().out
    (recording,) = read_dicom(sound)
    assert "General Audio Waveform" in shown
    assert f"{recording.duration_s:.2f} s, 8000 Hz" in shown
    assert makers.PATIENT_ID in shown


def test_signing_what_was_changed_ends_with_one_line(tmp_path, capsys, report, source):
    made = make_sr(report, source)
    made.ContentSequence = list(made.ContentSequence)[:-1]
    write_instance(made, tmp_path / "sr.dcm")
    assert run("sign", tmp_path / "sr.dcm", "--observer", "A", "--organization", "B") == 2
    said = capsys.readouterr().err
    assert said.startswith("resp: ")
    assert said.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["sr.dcm"]
