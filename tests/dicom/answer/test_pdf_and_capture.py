import numpy as np
import pydicom
import pytest

import judges
from made_reports import NOW
from resp.audio import Recording
from resp.dicom import DicomError
from resp.dicom.answer import answer, make_capture, make_pdf
from resp.dicom.answer.files import write_instance
from resp.report.spectrogram_picture import draw_spectrogram


@pytest.fixture(scope="module")
def answers(report, sound, tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    files = []
    for made in answer(report, sound.source, sound.recording, capture=True, now=NOW):
        files.append(folder / f"{made.Modality}.dcm")
        write_instance(made, files[-1])
    return files


def test_every_object_of_an_answer_is_valid_and_they_agree(answers):
    judges.check_valid(answers)
    judges.check_consistent(answers)


def test_they_are_three_series_of_the_study_that_refer_to_the_source(answers, source):
    made = [pydicom.dcmread(file) for file in answers]
    assert [one.Modality for one in made] == ["SR", "DOC", "OT"]
    assert {one.StudyInstanceUID for one in made} == {source.study_instance_uid}
    assert len({one.SeriesInstanceUID for one in made} | {source.series_instance_uid}) == 4
    _, document, picture = made
    assert document.SourceInstanceSequence[0].ReferencedSOPInstanceUID == source.sop_instance_uid
    assert picture.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == source.sop_instance_uid
    assert document.VerificationFlag == "UNVERIFIED"


def test_pdftotext_shows_whose_it_is_and_what_was_found(answers, tmp_path):
    made = pydicom.dcmread(answers[1])
    (tmp_path / "a.pdf").write_bytes(made.EncapsulatedDocument[: made.EncapsulatedDocumentLength])
    text = judges.pdf_text(tmp_path / "a.pdf")
    for words in (
        "Zwölfgang",
        "PID-770-4711",
        "Preliminary: not verified",
        "not a medical device",
        "Finding: crackle",
        "0.33",
        "posterior left lower",
        "Model ast, version 1.2",
        "the two likeliest classes are too close",
        "a second — warning",
        "Signature",
    ):
        assert words in text, words
    assert "Pages:           1" in judges.run("pdfinfo", tmp_path / "a.pdf")


@pytest.mark.parametrize("name", ["abstained", "failed"])
def test_reports_without_findings_are_answered_too(name, source, request, tmp_path):
    files = []
    for made in answer(request.getfixturevalue(name), source):
        files.append(tmp_path / f"{made.Modality}.dcm")
        write_instance(made, files[-1])
    judges.check_valid(files)


def test_the_picture_holds_the_spectrogram(report, sound, source):
    made = make_capture(report, source, sound.recording)
    made.PhotometricInterpretation = "RGB"
    assert made.pixel_array.shape == (made.Rows, made.Columns, 3)
    assert np.array_equal(made.pixel_array, draw_spectrogram(sound.recording, report))
    assert not {"PID-770-4711"} & set(str(made.get("DerivationDescription")).split())


def test_a_tone_is_drawn_where_it_sounds():
    """At 500 Hz of 2000, a quarter up, in the second half alone."""
    time_s = np.arange(16000) / 4000
    tone = np.where(time_s > 2, np.sin(2 * np.pi * 500 * time_s), 1e-4)
    picture = draw_spectrogram(Recording(tone, 4000)).astype(int).sum(axis=2)
    dark = picture < 60
    rows, columns = np.flatnonzero(dark.mean(axis=1) > 0.3), np.flatnonzero(dark.mean(axis=0) > 0.3)
    plot = picture[rows[0] : rows[-1], columns[0] : columns[-1]]
    height, width = plot.shape
    loud = plot > 450
    assert loud[:, : width // 3].mean() < 0.02
    where = np.flatnonzero(loud[:, width * 2 // 3 : width - 4].mean(axis=1) > 0.9)
    assert where.size
    assert (height - where.mean()) / height == pytest.approx(0.25, abs=0.03)


def test_a_capture_needs_the_sound(report, source):
    with pytest.raises(DicomError, match="needs the recording"):
        answer(report, source, capture=True)


def test_the_same_report_gives_the_same_document(report, source, sound):
    first, second = (make_pdf(report, source, sound.recording, now=NOW) for _ in range(2))
    assert first.EncapsulatedDocument == second.EncapsulatedDocument
