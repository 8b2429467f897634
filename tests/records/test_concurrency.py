"""Many at once: nobody gets what another has, and nothing is lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

from made_records import ADMIN, CLINICIAN, in_child, report, scored, sound
from resp.records import CorrectedCycle, RecordsError
from resp.records.store import SoundStore

THREADS = 10


def _at_once(call, count=THREADS):
    """Run a call in as many threads, begun together; its answers, and the errors it raised."""
    barrier = threading.Barrier(count)

    def begin(index):
        barrier.wait()
        try:
            return call(index)
        except RecordsError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(begin, range(count)))
    return [one for one in answers if not isinstance(one, RecordsError)], [
        one for one in answers if isinstance(one, RecordsError)
    ]


def test_two_claimers_never_get_one_job(records):
    desk = records.desk(ADMIN)
    for seed in range(20):
        desk.add_recording(str(seed).encode(), f"{seed}.wav")

    def claim(index):
        return [job.id for job in iter(lambda: records.queue.claim(f"w{index}"), None)]

    answers, errors = _at_once(claim, 4)
    claimed = [number for some in answers for number in some]
    assert errors == []
    assert len(claimed) == len(set(claimed)) == 20


def test_two_processes_never_get_one_job(place):
    with place.open() as records:
        for seed in range(20):
            records.desk(ADMIN).add_recording(str(seed).encode(), f"{seed}.wav")

    def claim(name):
        with place.open() as records, (place.folder / name).open("w") as told:
            while job := records.queue.claim(name):
                print(job.id, file=told)

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(lambda name: in_child(lambda: claim(name)), ("one", "other")))
    assert statuses == [0, 0]
    claimed = [line for name in ("one", "other") for line in (place.folder / name).read_text().split()]
    assert len(claimed) == len(set(claimed)) == 20


def test_ten_writers_lose_nothing(records):
    desk = records.desk(CLINICIAN)
    patient = desk.add_patient("one")

    def write(index):
        rows = [
            desk.add_recording(f"{index} {turn}".encode(), f"{index}.wav", patient_id=patient.id) for turn in range(3)
        ]
        desk.add_patient(f"of {index}")
        desk.comment(rows[0].id, "heard")
        return [row.id for row in rows]

    answers, errors = _at_once(write)
    ids = [number for some in answers for number in some]
    assert errors == []
    assert len(set(ids)) == desk.recordings(patient_id=patient.id).total == 30
    assert desk.patients().total == 11
    assert records.queue.state().waiting == 30
    assert len(list(records.sounds.names())) == 30
    chief = records.desk(ADMIN)
    assert (chief.audit(action="recording added").total, chief.audit(action="comment written").total) == (30, 10)


def test_the_same_sound_added_by_all_is_there_once(records):
    desk = records.desk(CLINICIAN)
    patient = desk.add_patient("one")
    for whose in (patient.id, None):
        answers, errors = _at_once(lambda _, whose=whose: desk.add_recording(b"same", "a.wav", patient_id=whose))
        assert errors == []
        assert len({row.id for row in answers}) == 1
        assert sorted(row.already for row in answers) == [False] + [True] * (THREADS - 1)


def test_the_same_key_added_by_all_is_one_patients(records):
    desk = records.desk(CLINICIAN)
    answers, errors = _at_once(lambda _: desk.add_patient("same"))
    assert (len(answers), len(errors)) == (1, THREADS - 1)
    assert all("there is a patient" in str(error) for error in errors)


def test_corrections_of_all_are_kept_and_of_those_who_saw_the_same_only_one_stands(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk)
    number, seen = detail.row.id, detail.report.id

    def correct(index):
        return desk.correct(number, [CorrectedCycle(0, 1 + index / 100, "wheeze")], report_id=seen, seen=0)

    answers, errors = _at_once(correct)
    assert (len(answers), len(errors)) == (1, THREADS - 1)
    answers, errors = _at_once(lambda index: desk.correct(number, [], f"{index}", report_id=seen))
    assert errors == []
    assert len(desk.recording(number).reviews) == THREADS + 1


def test_a_patient_who_is_deleted_while_sounds_are_added_leaves_no_row_and_no_sound(records):
    desk = records.desk(ADMIN)
    patient = desk.add_patient("one")
    other = desk.add_patient("other")

    def work(index):
        if index == 0:
            return desk.delete_patient(patient.id, "asked us to")
        desk.add_recording(b"shared", "s.wav", patient_id=other.id)
        return desk.add_recording(f"{index}".encode(), "a.wav", patient_id=patient.id)

    _, errors = _at_once(work)
    assert all("no patient" in str(error) for error in errors)
    records.sweep()
    rows = desk.recordings().rows
    assert {row.patient_id for row in rows} == {other.id}
    assert sorted(records.sounds.names()) == sorted({row.sha256 for row in rows})
    assert desk.content(rows[0].id) == b"shared"


def test_a_sound_is_not_swept_between_the_look_and_its_row(records, monkeypatch):
    desk = records.desk(CLINICIAN)
    has = SoundStore.has
    sweeper = threading.Thread(target=records.sweep)

    def sweeps_after_it_looked(store, name):
        there = has(store, name)
        sweeper.start()
        sweeper.join(0.5)
        return there

    monkeypatch.setattr(SoundStore, "has", sweeps_after_it_looked)
    row = desk.add_recording(sound(), "a.wav")
    sweeper.join(30)
    assert desk.content(row.id) == sound()


def test_processes_that_open_and_add_sweep_nothing_of_each_other(place):
    def add(index):
        with place.open() as records:
            records.desk(CLINICIAN).add_recording(f"{index}".encode(), "a.wav")

    for _ in range(2):
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda index: in_child(lambda: add(index)), range(4)))
        assert statuses == [0, 0, 0, 0]
        with place.open() as records:
            rows = records.desk(CLINICIAN).recordings().rows
            assert sorted(records.desk(CLINICIAN).content(row.id) for row in rows) == [b"0", b"1", b"2", b"3"]
            records.desk(ADMIN).delete_recording(rows[0].id, "to add it again")


def test_a_recording_that_is_deleted_while_it_is_finished_is_gone(records):
    desk = records.desk(ADMIN)
    for seed in range(4):
        recording = desk.add_recording(sound(seed), "a.wav").id
        job = records.queue.claim("w")

        def work(index, recording=recording, job=job):
            return desk.delete_recording(recording, "why") if index else records.queue.finish(job, report())

        assert _at_once(work, 2)[1] == []
        assert desk.recordings().total == 0


def test_records_opened_by_all_at_once_are_made_once(bare_place):
    answers, errors = _at_once(lambda index: bare_place.open(), 4)
    assert errors == []
    for index, records in enumerate(answers):
        with records:
            records.desk(ADMIN).add_patient(f"{index}")
    with bare_place.open() as records:
        assert records.desk(ADMIN).patients().total == 4
