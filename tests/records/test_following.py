"""What a page asks again and again while recordings are scored and read; and what papers are given of a recording."""

import pytest

from made_records import ADMIN, CLINICIAN, ELSEWHERE, READER, report, scored, sound
from resp.records import CorrectedCycle
from resp.records.heard import heard, heard_by


@pytest.fixture
def desk(records):
    return records.desk(CLINICIAN)


def test_counts_agree_with_the_lists(records, desk):
    patient = desk.add_patient("P-1")
    scored(records, desk, "crackle", seed=1, patient_id=patient.id)
    scored(records, desk, "normal", seed=2)
    desk.mark_read(2)
    desk.add_recording(sound(3), "waits.wav")
    records.desk(ELSEWHERE).add_recording(sound(4), "elsewhere.wav")
    for search in ("", "P-1", "waits", "nothing"):
        counts = desk.recording_counts(search)
        assert counts == {only: desk.recordings(search, only=only).total for only in counts}
    assert desk.recording_counts() == {"all": 3, "unread": 1, "abstained": 0, "failed": 0, "waiting": 1}


def test_states_come_in_the_order_that_was_asked_and_of_the_own_clinic_alone(records, desk):
    first, second = (desk.add_recording(sound(seed), f"{seed}.wav").id for seed in range(2))
    other = records.desk(ELSEWHERE).add_recording(sound(), "elsewhere.wav").id
    assert [row.id for row in desk.states([second, other, 99, -1, first])] == [second, first]
    assert desk.states([]) == ()


def test_a_state_can_be_asked_for_often_without_filling_the_audit_trail(records, desk):
    row = desk.add_recording(sound(), "one.wav")
    admin = records.desk(ADMIN)
    admin.audit()
    before = admin.audit().total
    for _ in range(5):
        desk.states([row.id])
        desk.recording_counts()
        desk.unread_around(row.id)
    assert admin.audit().total == before


def test_the_nearest_unread_recordings(records, desk):
    numbers = [scored(records, desk, seed=seed).row.id for seed in range(4)]
    desk.mark_read(numbers[1])
    assert desk.unread_around(numbers[2]) == (numbers[3], numbers[0])
    assert records.desk(READER).unread_around(numbers[0]) == (numbers[2], None)


def test_what_papers_are_given_stands_as_people_left_it(records, desk):
    patient = desk.add_patient("P-1")
    detail = scored(records, desk, "normal", "crackle", patient_id=patient.id, site="PlL")
    review = desk.correct(detail.row.id, [CorrectedCycle(0.0, 1.0, "wheeze")], "why", report_id=detail.report.id)
    desk.sign(detail.row.id, "seen")
    told = heard(desk.recording(detail.row.id))
    assert (told.site, told.label, told.model_label) == ("PlL", "wheeze", "normal")
    assert told.correction.remark.text == "why"
    assert (told.signature.by, told.signature.text) == (CLINICIAN.name, "seen")
    # A later correction leaves what the earlier one said.
    desk.correct(detail.row.id, [], report_id=detail.report.id)
    later = desk.recording(detail.row.id)
    assert heard(later).signature is None
    assert heard_by(later, review).label == "wheeze"
    assert heard_by(later, review).report == report("normal", "crackle")


def test_comments_that_stand_with_a_correction_are_told_once(records, desk):
    detail = scored(records, desk)
    desk.correct(detail.row.id, [], "of the correction", report_id=detail.report.id)
    desk.comment(detail.row.id, "alone")
    desk.sign(detail.row.id, "of the signature")
    told = heard(desk.recording(detail.row.id))
    assert [remark.text for remark in told.comments] == ["alone"]
