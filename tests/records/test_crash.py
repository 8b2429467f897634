"""Killed at any moment (SIGKILL: nothing can be tidied up): no row without its sound, no sound without a row."""

import os
import signal

import pytest

from made_records import ADMIN, in_child, report, sound
from resp.records import CorrectedCycle, User, recordings, reviews, store


def _die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def _work_until(step, place):
    """Do something with the records, and be killed at a step of it."""
    records = place.open()
    desk = records.desk(ADMIN)
    if step == "sound half written":
        store.os.fsync = _die
    elif step == "sound in place":
        store._sync_folder = _die
    elif step == "row written":
        recordings.ask_for_score = _die
    elif step == "before commit":
        recordings.recording_row = _die
    elif step == "patient deleted, sounds not":
        records.sweep = _die
    elif step == "correction half written":
        reviews.settle = _die
    if step.startswith("patient"):
        desk.delete_patient(1, "asked us to")
    elif step.startswith("correction"):
        desk.correct(1, [CorrectedCycle(0, 1, "wheeze")], report_id=None)
    elif step == "while it is scored":
        assert records.queue.claim("dying", 0.5).recording_id == 1
    else:
        desk.add_recording(sound(2), "new.wav", patient_id=1)
    _die()


@pytest.fixture
def crashed(place):
    """Have a process work on records of one patient with one recording until it is killed; leave the place behind."""

    def crash(step):
        with place.open() as records:
            desk = records.desk(ADMIN)
            desk.add_recording(sound(1), "old.wav", patient_id=desk.add_patient("one").id)
        assert in_child(lambda: _work_until(step, place)) == -signal.SIGKILL
        return place

    return crash


@pytest.mark.parametrize("step", ["sound half written", "sound in place", "row written", "before commit", "confirmed"])
def test_an_upload_is_there_whole_or_not_at_all(crashed, step):
    place = crashed(step)
    with place.open() as records:
        desk = records.desk(ADMIN)
        rows = desk.recordings().rows
        assert [row.file_name for row in rows] == (["new.wav"] if step == "confirmed" else []) + ["old.wav"]
        assert sorted(records.sounds.names()) == sorted(row.sha256 for row in rows)
        assert desk.content(rows[-1].id) == sound(1)
        assert records.queue.state().waiting == len(rows)
        again = desk.add_recording(sound(2), "new.wav", patient_id=rows[-1].patient_id)
        assert again.already == (step == "confirmed")
        assert desk.content(again.id) == sound(2)


def test_a_patient_who_was_deleted_is_deleted_to_the_last_sound(crashed):
    with crashed("patient deleted, sounds not").open() as records:
        assert records.desk(ADMIN).patients().total == 0
        assert list(records.sounds.names()) == []
        assert records.desk(ADMIN).audit(action="patient deleted").total == 1


def test_a_correction_is_kept_whole_or_not_at_all(crashed):
    with crashed("correction half written").open() as records:
        detail = records.desk(ADMIN).recording(1)
        assert (detail.reviews, detail.row.corrected) == ((), False)


def test_a_recording_whose_worker_was_killed_is_scored_by_the_next(crashed):
    with crashed("while it is scored").open() as records:
        assert records.desk(ADMIN).recording(1).row.state == "working"
        assert records.queue.state().working == 1
        while (job := records.queue.claim("next")) is None:
            pass
        assert (job.recording_id, job.attempt) == (1, 2)
        assert records.queue.finish(job, report())
        assert records.desk(User("ada", "Ada", "reader", "north")).recording(1).row.state == "scored"
