"""One recording: quality first, then the sound, then what was found; what people say is kept beside it."""

import csv
import io
import json

import pytest

pytest.importorskip("streamlit")

from resp.records import CorrectedCycle, User
from resp.score.schema import Report


@pytest.fixture
def judged(clinic, encoded):
    """Open the page of a recording that the straw model has judged."""

    def open_page(name="one.wav", content=None, **given):
        (row,) = clinic.add((name, content or encoded()), **given)
        return clinic.page("recording", id=row.id)

    return open_page


def titles(page):
    return [element.value for element in page.subheader]


def button(page, label):
    return next(one for one in page.button if one.label == label)


def test_it_reads_from_quality_to_summary(judged, words_of):
    page = judged()
    assert titles(page) == [
        "Can it be judged?",
        "Listen and look",
        "Findings",
        "Your judgement",
        "Keep and file",
    ]
    told = words_of(page)
    assert "60 % probable; cannot rule out normal" in told
    assert "Too unsure to say; cannot rule out normal, wheeze" in told
    assert "2 breath cycles: 1 crackle, 1 no finding given. About 14 breaths per minute (13 to 16)." in told.replace(
        "\\", ""
    )
    assert "The device is not one that the model was trained on" in told
    assert "Cut off for loudness" in told, "the measurements behind the verdict"


def test_a_quality_reason_is_told_once(judged, encoded):
    page = judged(content=encoded(seconds=2.0))
    verdict, *others = page.warning
    assert "Can be judged with care" in verdict.value
    assert [one.value for one in others] == ["The device is not one that the model was trained on"]


def test_places_at_fault_are_told_with_their_time(judged, words_of):
    import numpy as np

    from resp.audio import Recording, to_wav_bytes

    samples = 0.1 * np.random.default_rng(0).standard_normal(40_000).astype(np.float32)
    samples[16_000:24_000] = 0
    told = words_of(judged(content=to_wav_bytes(Recording(samples, 8000))))
    assert "2.0–3.0 s" in told


def test_abstention_gives_its_reason_and_no_finding(judged, markup_of):
    markup = markup_of(judged("unsure.wav"))
    verdict = markup[markup.index("resp-verdict") :].split("</p>")[0]
    assert "No finding given" in verdict
    assert "No class is probable enough" in verdict
    assert "Crackle" not in verdict


def test_what_is_no_lung_sound_is_refused_with_its_reason_and_without_any_probability(judged, markup_of, encoded):
    assert "resp-table resp-bars" in markup_of(judged("unsure.wav"))
    page = judged("dog.wav", encoded(seconds=5.0))
    told = markup_of(page)
    assert "Does not sound like a lung sound this model knows (sounds like an animal)" in told
    assert 'class="resp-bar' not in told
    assert "resp-table resp-bars" not in told
    assert "Listen and look" in titles(page), "the sound can still be heard"
    assert all(box.label != "Show what drove the finding of" for box in page.selectbox)


def test_what_could_not_be_scored_keeps_its_sound_and_shows_its_reason_as_it_is(judged):
    page = judged("refused.wav")
    assert r"Refused\_because\_of\_\*stars\*" in page.error[0].value
    assert "Listen and look" in titles(page)
    assert "Findings" not in titles(page)


def test_what_is_no_sound_says_why(judged):
    page = judged("text.wav", b"no sound")
    (error,) = page.error
    assert "could not be scored" in error.value
    assert "Not an audio file that can be read" in error.value
    assert "Listen and look" not in titles(page)


def test_it_can_be_heard_before_it_is_judged_and_the_finding_comes_by_itself(clinic, encoded, words_of):
    (row,) = clinic.add(("one.wav", encoded()), judged=False)
    page = clinic.page("recording", id=row.id)
    assert titles(page)[:2] == ["Can it be judged?", "Listen and look"]
    assert "waits for its turn" in page.info[0].value
    clinic.judge()
    page.run()
    assert "60 % probable" in words_of(page)
    assert not page.info


def test_looking_at_a_result_marks_it_as_read_and_it_can_be_kept_unread(clinic, judged):
    page = judged()
    assert not clinic.desk.states([1])[0].unread
    button(page, "Keep unread").click().run()
    assert not page.exception
    assert page.title[0].value == "Today"
    assert clinic.desk.states([1])[0].unread


def test_from_one_unread_recording_to_the_next(clinic, encoded):
    rows = clinic.add(*((f"{number}.wav", encoded(seconds=3 + number)) for number in range(3)))
    page = clinic.page("recording", id=rows[1].id)
    links = {element.proto.label: element.proto.query_string for element in page.get("page_link")}
    assert links["Newer unread"] == f"id={rows[2].id}"
    assert links["Older unread"] == f"id={rows[0].id}"


def test_an_address_of_nothing(clinic, words_of):
    for asked in ("99", "x", "-1", ""):
        assert "There is no recording at this address" in words_of(clinic.page("recording", id=asked))


def test_a_comment_and_a_signature_are_kept_with_who_and_when(clinic, judged, words_of):
    page = judged()
    page.text_area[0].set_value("Fine crackles at the base.").run()
    button(page, "Keep the comment").click().run()
    assert page.text_area[0].value == ""
    button(page, "Sign what stands").click().run()
    assert "Signed by" in page.success[-1].value
    comment, signature = clinic.desk.recording(1).reviews
    assert (comment.kind, comment.comment) == ("comment", "Fine crackles at the base.")
    assert (signature.kind, signature.signs) == ("signature", None)
    told = words_of(page)
    assert "<q>Fine crackles at the base.</q>" in told
    assert "Signed." in told


def test_a_correction_stands_before_the_model_and_the_history_keeps_both(clinic, judged, words_of):
    judged()
    detail = clinic.desk.recording(1)
    end_s = detail.report.report.segments[1].end_s
    cycles = [CorrectedCycle(0.0, end_s / 2, "wheeze"), CorrectedCycle(end_s / 2, end_s, "normal")]
    clinic.desk.correct(1, cycles, "heard twice", report_id=detail.report.id)
    told = words_of(clinic.page("recording", id=1))
    assert "Corrected by Ada. The model said: crackle." in told
    assert "Corrected 2 cycles." in told
    assert "<q>heard twice</q>" in told
    verdict = told[told.index("resp-verdict") :].split("</p>")[0]
    assert ">W<" in verdict


def test_a_colleagues_correction_that_came_between_is_not_signed_unseen(clinic, judged):
    page = judged()
    report_id = clinic.desk.recording(1).report.id
    other = clinic.records.desk(User("b", "Bert", "clinician"))
    other.correct(1, [CorrectedCycle(0.0, 1.0, "wheeze")], report_id=report_id)
    button(page, "Sign what stands").click().run()
    assert not page.exception
    assert page.error, "what changed meanwhile is told"
    assert clinic.desk.recording(1).signature is None
    button(page, "Sign what stands").click().run()
    assert clinic.desk.recording(1).signature is not None


def test_the_last_visit_at_this_place_stands_beside(clinic, encoded, words_of):
    from datetime import date

    patient = clinic.desk.add_patient("P-1")
    clinic.add(("before.wav", encoded(seconds=5)), patient_id=patient.id, site="PlL", visit=date(2026, 1, 2))
    (row,) = clinic.add(("now.wav", encoded()), patient_id=patient.id, site="PlL")
    page = clinic.page("recording", id=row.id)
    labels = [element.proto.label for element in page.get("page_link")]
    assert r"Last visit at this place, 2 Jan 2026\: crackle" in labels


def test_it_can_be_given_to_a_patient_and_another_place(clinic, judged):
    clinic.desk.add_patient("P-7")
    page = judged()
    place = next(box for box in page.selectbox if box.label == "Place")
    place.set_value("PlL").run()
    assert clinic.desk.states([1])[0].site == "PlL"
    assert page.title[0].value == "Back left lower"
    whose = next(box for box in page.selectbox if box.label == "Patient")
    whose.set_value("P-7").run()
    assert clinic.desk.states([1])[0].patient_key == "P-7"
    next(box for box in page.selectbox if box.label == "Patient").set_value("No patient yet").run()
    assert clinic.desk.states([1])[0].patient_id is None


def test_files_to_keep(judged):
    labels = [one.proto.label for one in judged().get("download_button")]
    assert labels == [
        "Report (PDF)",
        "A row per recording (CSV)",
        "A row per cycle (CSV)",
        "Reports (JSON)",
        "Labels (Audacity)",
        "Labels (Raven)",
        "Sounds of the findings (ZIP)",
        "The recording as it came",
    ]


def test_tables_hold_every_report(clinic, encoded):
    import resp
    from resp_page.downloads import written

    good = clinic.scorer.score(resp.load_recording(encoded(), name="good.wav"))
    reports = [good, Report.failure("bad.wav", "no sound")]
    listed = json.loads(written(reports, "json", "recording", clinic.scorer.classes))
    assert [row["status"] for row in listed] == ["scored", "failed"]
    assert Report.model_validate(listed[0]["report"]) == good
    rows = list(csv.DictReader(io.StringIO(written(reports, "csv", "segment", clinic.scorer.classes).decode())))
    assert [row["file"] for row in rows] == ["good.wav", "good.wav", "bad.wav"]
    assert float(rows[0]["p_crackle"]) == pytest.approx(0.6)


def test_a_recording_that_should_not_be_there_is_deleted_with_a_reason(clinic, judged):
    page = judged()
    label = "Delete this recording"
    button(page, label).click().run()
    assert page.error, "a reason is asked for"
    assert clinic.desk.recordings().total == 1
    next(one for one in page.text_input if one.label == "Why").set_value("added by mistake")
    button(page, label).click().run()
    assert page.title[0].value == "Today"
    assert clinic.desk.recordings().total == 0
