"""Recordings: added once, listed, searched, placed, moved, scored again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from made_records import CLINICIAN, ELSEWHERE, moment, report, scored, sound
from resp.records import RecordsError


def test_a_recording_is_kept_with_all_that_is_known_and_waits(records):
    desk = records.desk(CLINICIAN)
    patient = desk.add_patient("P-1")
    made = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    row = desk.add_recording(
        sound(),
        "C:\\Users\\x\\101_1b1_Pl_sc_Meditron.wav",
        patient_id=patient.id,
        site="PlL",
        recorded_at=made,
        visit=date(2026, 3, 2),
        duration_s=2.0,
    )
    assert (row.patient_id, row.patient_key, row.file_name) == (patient.id, "P-1", "101_1b1_Pl_sc_Meditron.wav")
    assert (row.site, row.recorded_at, row.visit, row.heard_at) == ("PlL", made, date(2026, 3, 2), made)
    assert (row.state, row.unread, row.already, row.size, row.duration_s) == ("waiting", False, False, len(sound()), 2)
    assert row == desk.recording(row.id).row == desk.recordings().rows[0]
    assert desk.content(row.id) == sound()
    assert row.added_at.utcoffset() == timedelta(0)


def test_the_same_sound_of_the_same_patient_is_there_already(records):
    desk = records.desk(CLINICIAN)
    one, other = desk.add_patient("one"), desk.add_patient("other")
    first = desk.add_recording(sound(), "a.wav", patient_id=one.id, site="Tc")
    again = desk.add_recording(sound(), "b.wav", patient_id=one.id, site="Al")
    assert again.already
    assert (again.id, again.file_name, again.site) == (first.id, "a.wav", "Tc")
    assert not desk.add_recording(sound(), "a.wav", patient_id=other.id).already
    assert not desk.add_recording(sound(), "a.wav").already
    assert desk.add_recording(sound(), "a.wav").already
    assert not records.desk(ELSEWHERE).add_recording(sound(), "a.wav").already
    assert len(list(records.sounds.names())) == 1
    assert records.queue.state().waiting == 4


def test_a_time_without_a_zone_is_this_machines(records):
    row = records.desk(CLINICIAN).add_recording(sound(), "a.wav", recorded_at=datetime(2026, 3, 1, 12))
    assert row.recorded_at == datetime(2026, 3, 1, 12).astimezone()
    assert row.visit == date(2026, 3, 1)


def test_a_result_shows_in_the_list_and_is_unread_until_it_was_read(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk, "crackle", "normal")
    row = detail.row
    assert (row.state, row.label, row.p_abnormal, row.abnormal, row.model) == ("scored", "crackle", 0.9, True, "lungs")
    assert (row.unread, row.duration_s) == (True, 2.0)
    desk.mark_read(row.id)
    assert not desk.recording(row.id).row.unread
    desk.mark_unread(row.id)
    assert [one.id for one in desk.recordings(only="unread")] == [row.id]


def test_only_shows_what_is_asked_for(records):
    desk = records.desk(CLINICIAN)
    ids = {}
    for seed, (name, result) in enumerate(
        {
            "scored": report("normal"),
            "abstained": report(None, status="abstained", reason="too quiet"),
            "failed": report(status="failed", reason="no audio"),
        }.items()
    ):
        ids[name] = desk.add_recording(sound(seed), f"{name}.wav").id
        assert records.queue.finish(records.queue.claim("w"), result)
    ids["working"] = desk.add_recording(sound(8), "8.wav").id
    records.queue.claim("w")
    ids["waiting"] = desk.add_recording(sound(9), "9.wav").id
    desk.mark_read(ids["scored"])

    def listed(only):
        page = desk.recordings(only=only)
        assert page.total == len(page)
        return [row.id for row in page]

    assert listed("all") == sorted(ids.values(), reverse=True)
    assert listed("waiting") == [ids["waiting"], ids["working"]]
    assert listed("abstained") == [ids["abstained"]]
    assert listed("failed") == [ids["failed"]]
    assert listed("unread") == [ids["failed"], ids["abstained"]]
    counts = desk.recording_counts()
    assert counts == {name: len(listed(name)) for name in ("all", "unread", "abstained", "failed", "waiting")}
    assert desk.recording_counts("8.wav") == {"all": 1, "unread": 0, "abstained": 0, "failed": 0, "waiting": 1}
    assert records.desk(ELSEWHERE).recording_counts()["all"] == 0
    assert desk.unread_around(ids["failed"]) == (None, ids["abstained"])
    assert desk.unread_around(ids["scored"]) == (ids["abstained"], None)
    wanted = [ids["failed"], 999, "x", ids["scored"]]
    assert [row.state for row in desk.states(wanted)] == ["failed", "scored"]
    assert records.desk(ELSEWHERE).states(wanted) == ()
    reasons = {row.state: row.reason for row in desk.recordings()}
    assert (reasons["abstained"], reasons["failed"]) == ("too quiet", "no audio")
    with pytest.raises(RecordsError, match="expected one of all, unread"):
        desk.recordings(only="odd")


def test_search_finds_parts_of_names_and_keys_and_nothing_in_it_is_special(records):
    desk = records.desk(CLINICIAN)
    patient = desk.add_patient("Ärzte_50%")
    one = desk.add_recording(sound(1), "Left_Base.WAV", patient_id=patient.id).id
    other = desk.add_recording(sound(2), "straße\\100%.wav").id
    third = desk.add_recording(sound(3), "plain.wav").id

    def found(search):
        page = desk.recordings(search)
        assert page.total == len(page)
        return [row.id for row in page]

    assert found("left_") == [one]
    assert found("t_b") == [one]
    assert found("ÄRZTE") == [one]
    assert found("%") == [other, one]
    assert found("0%.") == [other]
    assert found("_") == [one]
    assert found("  ") == [third, other, one]
    for nothing in ("\\", "'; DROP TABLE recording; --", "\0", "\ud800", "*", "x" * 10_000):
        assert found(nothing) == []
        assert desk.patients(nothing).total == 0
    assert desk.patients("50%").rows[0].id == patient.id
    assert desk.patients("_").rows[0].id == patient.id
    assert desk.patients("5_%").total == 0


def test_placing_and_moving(records):
    desk = records.desk(CLINICIAN)
    one, other = desk.add_patient("one"), desk.add_patient("other")
    row = desk.add_recording(sound(), "a.wav")
    assert (row.patient_id, row.patient_key) == (None, None)
    assert desk.set_site(row.id, "ArU").site == "ArU"
    assert desk.set_site(row.id, None).site is None
    assert desk.move(row.id, one.id).patient_key == "one"
    assert desk.patients().rows[0].id == one.id
    twin = desk.add_recording(sound(), "a.wav", patient_id=other.id)
    with pytest.raises(RecordsError, match="the same sound is with this patient already"):
        desk.move(row.id, other.id)
    assert desk.recording(row.id).row.patient_id == one.id
    desk.move(twin.id, None)
    with pytest.raises(RecordsError, match="among those of no patient"):
        desk.move(row.id, None)
    assert [row.id for row in desk.recordings(patient_id=one.id)] == [row.id]


def test_visits_are_days_the_newest_first_in_the_order_of_listening(records):
    desk = records.desk(CLINICIAN)
    patient = desk.add_patient("one")
    for seed, day in enumerate(("2026-01-02T11:00", "2026-01-02T10:00", "2026-02-01T10:00")):
        desk.add_recording(
            sound(seed), f"{seed}.wav", patient_id=patient.id, recorded_at=moment(day), visit=moment(day).date()
        )
    days = desk.visits(patient.id)
    assert [(day.day, [row.file_name for row in day.recordings]) for day in days] == [
        (date(2026, 2, 1), ["2.wav"]),
        (date(2026, 1, 2), ["1.wav", "0.wav"]),
    ]
    assert days[0].recordings[0].patient_key == "one"


def test_scoring_again_keeps_what_was_there(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk, "crackle")
    desk.mark_read(detail.row.id)
    desk.rescore(detail.row.id, "other")
    desk.rescore(detail.row.id, "other")
    again = desk.recording(detail.row.id)
    assert (again.pending, again.row.state, again.row.label) == (("other",), "waiting", "crackle")
    job = records.queue.claim("w")
    assert (job.model, job.recording_id) == ("other", detail.row.id)
    assert records.queue.finish(job, report("normal", model="other"))
    after = desk.recording(detail.row.id)
    assert [stored.model for stored in after.reports] == ["other", "lungs"]
    assert after.reports[1] == detail.reports[0]
    assert (after.row.label, after.row.unread, after.pending) == ("normal", True, ())
    assert {name: stored.id for name, stored in after.newest_by_model.items()} == {
        "other": after.reports[0].id,
        "lungs": detail.reports[0].id,
    }
    assert records.queue.claim("w") is None


def test_a_failure_does_not_hide_an_earlier_result(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk, "wheeze")
    desk.rescore(detail.row.id, "gone")
    assert records.queue.finish(records.queue.claim("w"), report(status="failed", reason="no such model", model="gone"))
    after = desk.recording(detail.row.id)
    assert (after.row.state, after.row.label, after.row.reason) == ("scored", "wheeze", None)
    assert after.report == detail.report
    assert after.reports[0].report.reason == "no such model"
