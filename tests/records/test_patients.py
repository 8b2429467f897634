"""Patients: keys, lists, counts, deletion."""

import pytest

from made_records import ADMIN, CLINICIAN, ELSEWHERE, moment, report, scored, sound
from resp.records import NotFoundError, RecordsError


def test_a_key_is_unique_in_its_clinic_and_letters_of_either_case_are_the_same(records, desk):
    added = desk.add_patient("  Müller-7 ")
    assert added.key == "Müller-7"
    for same in ("müller-7", "MÜLLER-7", "Mu\u0308ller-7"):
        with pytest.raises(RecordsError, match="there is a patient"):
            desk.add_patient(same)
        assert desk.find_patient(same).id == added.id
    assert records.desk(ELSEWHERE).add_patient("Müller-7").id != added.id
    assert desk.find_patient("Müller") is None


def test_renaming_keeps_the_patient_and_refuses_a_taken_key(desk):
    one, other = desk.add_patient("one"), desk.add_patient("other")
    assert desk.rename_patient(one.id, "uno").key == "uno"
    assert desk.rename_patient(one.id, "UNO").key == "UNO"
    with pytest.raises(RecordsError, match="there is a patient"):
        desk.rename_patient(one.id, "OTHER")
    assert [row.key for row in desk.patients()] == ["other", "UNO"]
    assert desk.patient(other.id).key == "other"


def test_whom_something_was_added_to_last_stands_first(desk):
    first, second, third = (desk.add_patient(key) for key in ("a", "b", "c"))
    assert [row.id for row in desk.patients()] == [third.id, second.id, first.id]
    desk.add_recording(sound(), "old.wav", patient_id=first.id, recorded_at=moment("2019-03-01T10:00"))
    rows = desk.patients().rows
    assert [row.id for row in rows] == [first.id, third.id, second.id]
    assert rows[0].last_heard_at == moment("2019-03-01T10:00")
    assert rows[1].last_heard_at is None


def test_a_list_is_handed_out_in_parts(desk):
    for index in range(7):
        desk.add_patient(f"p{index}")
    page = desk.patients(limit=3, offset=3)
    assert ([row.key for row in page], page.total, page.more, len(page)) == (["p3", "p2", "p1"], 7, True, 3)
    last = desk.patients(limit=3, offset=6)
    assert ([row.key for row in last], last.more) == (["p0"], False)
    assert desk.patients(offset=100).rows == ()


def test_counts_are_those_of_the_patient_alone(records, desk):
    one, other = desk.add_patient("one"), desk.add_patient("other")
    scored(records, desk, "crackle", seed=1, patient_id=one.id)
    read = scored(records, desk, "normal", seed=2, patient_id=one.id)
    desk.mark_read(read.row.id)
    desk.add_recording(sound(3), "3.wav", patient_id=one.id)
    assert records.queue.finish(records.queue.claim("w"), report(None, status="abstained", reason="too quiet"))
    desk.add_recording(sound(4), "4.wav", patient_id=one.id)
    assert records.queue.finish(records.queue.claim("w"), report(status="failed", reason="no audio"))
    desk.add_recording(sound(5), "5.wav", patient_id=one.id)
    desk.add_recording(sound(6), "6.wav", patient_id=one.id)
    records.queue.claim("w")
    row = desk.patient(one.id)
    counts = (row.recordings, row.unread, row.abstained, row.failed, row.waiting, row.abnormal)
    assert counts == (6, 3, 1, 1, 2, 1)
    assert desk.patient(other.id).recordings == 0


def test_what_a_person_says_decides_what_is_abnormal(records, desk):
    from resp.records import CorrectedCycle

    patient = desk.add_patient("one")
    detail = scored(records, desk, "crackle", patient_id=patient.id)
    assert desk.patient(patient.id).abnormal == 1
    desk.correct(detail.row.id, [CorrectedCycle(0, 1, "normal")], report_id=detail.report.id)
    assert desk.patient(patient.id).abnormal == 0
    desk.correct(detail.row.id, [CorrectedCycle(0, 1, "normal"), CorrectedCycle(1, 2, "wheeze")], report_id=None)
    assert desk.patient(patient.id).abnormal == 1
    desk.correct(detail.row.id, [CorrectedCycle(0, 1, None)], report_id=None)
    assert desk.recording(detail.row.id).row.abnormal is None


def test_deleting_takes_everything_of_the_patient_and_leaves_only_the_fact(place):
    from resp.records import CorrectedCycle

    with place.open() as records:
        desk = records.desk(ADMIN)
        patient, other = desk.add_patient("Zacharias"), desk.add_patient("other")
        detail = scored(records, desk, "crackle", seed=1, patient_id=patient.id)
        desk.correct(detail.row.id, [CorrectedCycle(0, 1, "wheeze")], "Zacharias coughed", report_id=detail.report.id)
        desk.sign(detail.row.id)
        desk.add_recording(sound(2), "Zacharias.wav", patient_id=patient.id)
        shared = desk.add_recording(sound(3), "both.wav", patient_id=patient.id)
        kept = desk.add_recording(sound(3), "both.wav", patient_id=other.id)
        deleted = desk.delete_patient(patient.id, "asked us to, in writing")
        assert (deleted.recordings, deleted.reports, deleted.reviews, deleted.sounds) == (3, 1, 2, 2)
        assert list(records.sounds.names()) == [kept.sha256]
        assert desk.content(kept.id) == sound(3)
        for gone in (detail.row.id, shared.id):
            with pytest.raises(NotFoundError):
                desk.recording(gone)
        with pytest.raises(NotFoundError):
            desk.patient(patient.id)
        assert desk.patients().total == 1
        assert records.queue.state().waiting == 1
        said = desk.audit(1000, subject=f"patient {patient.id}").rows[0]
        assert (said.action, said.who, said.details) == (
            "patient deleted",
            "ada",
            {"reason": "asked us to, in writing", "recordings": 3, "reports": 1, "reviews": 2},
        )
        assert not any("Zacharias" in repr(row) for row in desk.audit(1000))
    if place.url is None:
        for file in place.folder.glob("records.sqlite3*"):
            assert b"Zacharias" not in file.read_bytes()


def test_the_number_of_a_deleted_row_is_never_given_again(records, desk):
    patient = desk.add_patient("a")
    row = desk.add_recording(sound(), "a.wav", patient_id=patient.id)
    desk.delete_patient(patient.id, "a mistake")
    again = desk.add_patient("b")
    assert again.id > patient.id
    assert desk.add_recording(sound(), "a.wav", patient_id=again.id).id > row.id


def test_the_reason_is_wanted_and_may_not_name_the_patient(records):
    desk = records.desk(ADMIN)
    patient = desk.add_patient("P-17")
    for reason, said in (("  ", "empty"), ("p-17 asked us to", "names the patient"), ("x" * 501, "at most 500")):
        with pytest.raises(RecordsError, match=said):
            desk.delete_patient(patient.id, reason)
    assert desk.patients().total == 1
    desk.delete_patient(patient.id, "the clinic has p-170 files too many")


def test_one_recording_can_be_deleted_alone(records):
    desk = records.desk(ADMIN)
    one, other = scored(records, desk, seed=1), scored(records, desk, seed=2)
    assert desk.delete_recording(one.row.id, "wrong file").sounds == 1
    assert [row.id for row in desk.recordings()] == [other.row.id]


def test_a_patient_deleted_by_one_is_not_found_by_the_other(records):
    desk, colleague = records.desk(ADMIN), records.desk(CLINICIAN)
    patient = desk.add_patient("a")
    desk.delete_patient(patient.id, "a mistake")
    for call in (
        lambda: colleague.patient(patient.id),
        lambda: colleague.visits(patient.id),
        lambda: colleague.rename_patient(patient.id, "b"),
        lambda: colleague.add_recording(sound(), "a.wav", patient_id=patient.id),
        lambda: desk.delete_patient(patient.id, "again"),
    ):
        with pytest.raises(NotFoundError, match=f"no patient {patient.id}"):
            call()
    assert list(records.sounds.names()) == []
