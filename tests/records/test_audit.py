"""The audit trail and the reviews: who saw and changed what, and that the database lets nobody change it."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from made_records import ADMIN, CLINICIAN, ELSEWHERE, READER, moment, scored, sound
from resp.records import CorrectedCycle


def _actions(desk, **only):
    return [(row.who, row.action, row.subject) for row in desk.audit(1000, **only)][::-1]


def test_everything_that_is_done_is_written_with_who_and_what(records, tmp_path):
    chief, desk = records.desk(ADMIN), records.desk(CLINICIAN)
    patient = desk.add_patient("one")
    recording = desk.add_recording(sound(), "a.wav", patient_id=patient.id).id
    desk.set_site(recording, "PlL")
    desk.set_site(recording, "PlL")
    desk.comment(recording, "a private remark")
    desk.move(recording, None)
    chief.rescore(recording, "other")
    chief.delete_recording(recording, "a mistake")
    subject = f"recording {recording}"
    assert _actions(chief) == [
        ("cleo", "patient added", f"patient {patient.id}"),
        ("cleo", "recording added", subject),
        ("cleo", "recording placed", subject),
        ("cleo", "comment written", subject),
        ("cleo", "recording moved", subject),
        ("ada", "score asked for", subject),
        ("ada", "recording deleted", subject),
        ("ada", "audit trail seen", "audit trail"),
    ]
    rows = {row.action: row for row in chief.audit(1000)}
    assert rows["recording placed"].details == {"before": None, "after": "PlL"}
    assert rows["recording moved"].details == {"before": patient.id, "after": None}
    assert rows["recording added"].who_name == "Cleo Clinician"
    assert (rows["recording added"].role, rows["recording added"].clinic) == ("clinician", "north")
    assert not any("private" in repr(row) or "'one'" in repr(row) for row in rows.values())


def test_looking_is_written_once_in_ten_minutes(records, monkeypatch):
    chief, desk = records.desk(ADMIN), records.desk(READER)
    recording = scored(records, chief).row.id
    clock = [moment("2026-11-01T10:00")]
    monkeypatch.setattr(records, "now", lambda: clock[0])
    for _ in range(3):
        desk.recording(recording)
        desk.content(recording)
        desk.recordings()
        desk.patients("secret search")
    # Another desk of the same person is the same person; another person is not.
    records.desk(READER).recording(recording)
    records.desk(CLINICIAN).recording(recording)
    seen = [
        ("rita", "recording seen", f"recording {recording}"),
        ("rita", "sound read", f"recording {recording}"),
        ("rita", "recordings listed", "recordings"),
        ("rita", "patients listed", "patients"),
    ]
    assert _actions(chief, who="rita") == seen
    assert _actions(chief, who="cleo") == [("cleo", "recording seen", f"recording {recording}")]
    clock[0] += timedelta(minutes=10)
    desk.recording(recording)
    assert _actions(chief, who="rita") == [*seen, seen[0]]
    assert not any("secret" in repr(row) for row in chief.audit(1000))


def test_what_is_not_found_or_not_allowed_is_not_written_as_seen(records):
    chief = records.desk(ADMIN)
    recording = scored(records, chief).row.id
    for call in (lambda: records.desk(ELSEWHERE).recording(recording), lambda: records.desk(READER).sign(recording)):
        with pytest.raises(Exception, match=r"no recording|may not"):
            call()
    assert _actions(chief, who="eve") == _actions(chief, who="rita") == []


def test_the_trail_is_read_in_parts_and_by_subject_who_and_action(records):
    desk = records.desk(ADMIN)
    ids = [desk.add_patient(f"p{index}").id for index in range(5)]
    page = desk.audit(2, 1, action="patient added")
    assert ([row.subject for row in page], page.total, page.more) == (
        [f"patient {ids[3]}", f"patient {ids[2]}"],
        5,
        True,
    )
    assert desk.audit(subject=f"patient {ids[0]}").total == 1
    assert desk.audit(who="nobody").rows == ()


def test_a_clinic_reads_its_own_trail_alone(records):
    scored(records, records.desk(ADMIN))
    eve = records.desk(ELSEWHERE)
    assert _actions(eve) == [("eve", "audit trail seen", "audit trail")]


def test_the_database_refuses_to_change_what_was_said(records):
    desk = records.desk(ADMIN)
    detail = scored(records, desk)
    desk.correct(detail.row.id, [CorrectedCycle(0, 1, "normal")], "why", report_id=detail.report.id)
    before = desk.recording(detail.row.id), desk.audit(1000)
    statements = [
        "UPDATE review SET comment = 'other'",
        "UPDATE review SET by = 'eve'",
        "UPDATE report SET body = '{}'",
        "UPDATE audit SET who = 'eve'",
        "DELETE FROM review",
        "DELETE FROM report",
        "DELETE FROM audit",
        "DELETE FROM recording",
    ]
    if not records.database.is_sqlite:
        statements += ["TRUNCATE audit", "TRUNCATE review CASCADE", "TRUNCATE recording CASCADE"]
    for statement in statements:
        with pytest.raises(DBAPIError, match=r"never|go with their recording"), records.database.writing() as session:
            session.connection().execute(text(statement.replace(" by ", ' "by" ')))
    assert (desk.recording(detail.row.id), desk.audit(1000)) == before
