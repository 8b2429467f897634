"""The queue: one job at a time, leases, attempts, and what a dead worker leaves."""

from datetime import timedelta

import pytest

from made_records import ADMIN, moment, report, scored, sound
from resp.records import RecordsError


@pytest.fixture
def clock(records, monkeypatch):
    """The time, which the test moves on."""
    now = [moment("2026-11-01T10:00")]
    monkeypatch.setattr(records, "now", lambda: now[0])

    def pass_time(seconds):
        now[0] += timedelta(seconds=seconds)

    return pass_time


def _add(records, count=1):
    desk = records.desk(ADMIN)
    patient = desk.find_patient("one") or desk.add_patient("one")
    return [
        desk.add_recording(sound(seed), f"{seed}.wav", patient_id=patient.id, site="Tc").id for seed in range(count)
    ]


def test_the_oldest_comes_first_with_what_a_worker_needs(records):
    ids = _add(records, 3)
    jobs = [records.queue.claim("w") for _ in range(4)]
    assert [job and job.recording_id for job in jobs] == [*ids, None]
    job = jobs[0]
    assert (job.model, job.attempt, job.worker, job.file_name, job.site, job.patient_key) == (
        None,
        1,
        "w",
        "0.wav",
        "Tc",
        "one",
    )
    assert records.queue.content(job) == sound(0)


def test_a_result_is_kept_once(records):
    (recording,) = _add(records)
    job = records.queue.claim("w")
    assert records.queue.finish(job, report("crackle"))
    assert not records.queue.finish(job, report("normal"))
    assert not records.queue.fail(job, "late")
    assert not records.queue.heartbeat(job)
    assert not records.queue.release(job)
    detail = records.desk(ADMIN).recording(recording)
    assert [stored.report for stored in detail.reports] == [report("crackle")]
    assert records.queue.claim("w") is None


def test_a_lease_that_ran_out_gives_the_job_to_another(records, clock):
    (recording,) = _add(records)
    lost = records.queue.claim("first", lease_s=60)
    clock(59)
    assert records.queue.claim("second") is None
    assert records.queue.heartbeat(lost, 60)
    clock(59)
    assert records.queue.claim("second") is None
    clock(2)
    found = records.queue.claim("second", 60)
    assert (found.recording_id, found.attempt) == (recording, 2)
    assert not records.queue.heartbeat(lost)
    assert not records.queue.finish(lost, report("wheeze"))
    assert records.queue.finish(found, report("normal"))
    assert records.desk(ADMIN).recording(recording).row.label == "normal"


def test_the_same_worker_name_does_not_make_a_lost_lease_its_own(records, clock):
    _add(records)
    lost = records.queue.claim("w", 10)
    clock(11)
    assert records.queue.claim("w", 10).attempt == 2
    assert not records.queue.finish(lost, report())


def test_a_late_worker_whose_job_nobody_took_may_still_finish(records, clock):
    _add(records)
    job = records.queue.claim("w", 10)
    clock(100)
    assert records.queue.finish(job, report())


def test_three_attempts_that_broke_make_a_failure_with_the_reason(records):
    (recording,) = _add(records)
    for attempt in (1, 2, 3):
        job = records.queue.claim("w")
        assert job.attempt == attempt
        assert records.queue.fail(job, "out of\n memory\0")
    assert records.queue.claim("w") is None
    detail = records.desk(ADMIN).recording(recording)
    assert (detail.row.state, detail.row.reason, detail.row.unread) == ("failed", "out of memory", True)
    assert detail.reports[0].report.recording.file == "0.wav"


def test_three_attempts_that_never_ended_make_a_failure_too(records, clock):
    first, second = _add(records, 2)
    for _ in range(3):
        assert records.queue.claim("w", 10).recording_id == first
        clock(11)
    assert records.queue.claim("w", 10).recording_id == second
    row = records.desk(ADMIN).recording(first).row
    assert row.state == "failed"
    assert "begun 3 times and never ended" in row.reason


def test_a_worker_that_is_told_to_stop_costs_no_attempt(records):
    (recording,) = _add(records)
    for _ in range(5):
        assert records.queue.release(records.queue.claim("w"))
    assert records.desk(ADMIN).recording(recording).row.state == "waiting"
    assert records.queue.claim("w").attempt == 1


def test_scoring_again_after_a_failure_has_three_new_attempts(records):
    (recording,) = _add(records)
    for _ in range(3):
        records.queue.fail(records.queue.claim("w"), "no memory")
    records.desk(ADMIN).rescore(recording)
    assert records.desk(ADMIN).recording(recording).row.state == "waiting"
    assert records.queue.claim("w").attempt == 1


def test_a_recording_that_is_deleted_while_it_is_scored_takes_its_result_with_it(records):
    (recording,) = _add(records)
    job = records.queue.claim("w")
    records.desk(ADMIN).delete_recording(recording, "a mistake")
    assert not records.queue.heartbeat(job)
    assert not records.queue.finish(job, report())
    assert records.queue.state().working == 0


def test_the_list_shows_what_the_queue_does(records):
    desk = records.desk(ADMIN)
    (recording,) = _add(records)
    states = [desk.recording(recording).row.state]
    job = records.queue.claim("w")
    states.append(desk.recording(recording).row.state)
    records.queue.fail(job, "broke")
    states.append(desk.recording(recording).row.state)
    records.queue.finish(records.queue.claim("w"), report(None, status="abstained", reason="too quiet"))
    states.append(desk.recording(recording).row.state)
    assert states == ["waiting", "working", "waiting", "abstained"]


def test_state_tells_how_much_and_since_when(records, clock):
    assert records.queue.state().oldest_waiting_at is None
    _add(records, 2)
    clock(5)
    records.queue.claim("w")
    state = records.queue.state()
    assert (state.waiting, state.working, state.oldest_waiting_at) == (1, 1, moment("2026-11-01T10:00"))


def test_a_result_is_written_into_the_trail_of_its_clinic(records):
    detail = scored(records, records.desk(ADMIN), "crackle")
    row = records.desk(ADMIN).audit(action="recording scored").rows[0]
    assert (row.who, row.role, row.clinic, row.subject) == ("worker", "program", "north", f"recording {detail.row.id}")
    assert row.details == {"report": detail.report.id, "model": "lungs", "status": "scored"}


def test_wrong_leases_and_names_are_told(records):
    for lease in (0, -1, 1e9, float("nan")):
        with pytest.raises(RecordsError, match="a lease of"):
            records.queue.claim("w", lease)
    with pytest.raises(RecordsError, match="worker's name is empty"):
        records.queue.claim("")
