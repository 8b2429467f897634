"""Everything that a person or a page can get wrong is one clear sentence, and changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from made_records import ADMIN, CLINICIAN, ELSEWHERE, scored, sound
from resp.records import CorrectedCycle, NotFoundError, RecordsError, User

NO_IDS = (0, -1, 999, 2**31, 2**70, "1", "1 OR 1=1", None, True, 1.0, [1])


def test_keys(records):
    desk = records.desk(ADMIN)
    patient = desk.add_patient("there")
    for key, said in (
        ("", "is empty"),
        (" \t\n ", "is empty"),
        ("x" * 65, "65 characters"),
        ("a\nb", "cannot be seen"),
        ("a\0b", "cannot be seen"),
        ("\u202eabc", "cannot be seen"),
        ("a\u200bb", "cannot be seen"),
        ("\ud800", "cannot be seen"),
        (17, "expected a text"),
        (None, "expected a text"),
    ):
        with pytest.raises(RecordsError, match=said):
            desk.add_patient(key)
        with pytest.raises(RecordsError, match=said):
            desk.rename_patient(patient.id, key)
    assert [row.key for row in desk.patients()] == ["there"]


def test_keys_that_are_odd_but_right(records):
    desk = records.desk(ADMIN)
    for key in ("x" * 64, "日本", "O'Brien; DROP TABLE patient", "<b>bold</b>", "a b", "%", "-1", "NULL"):
        assert desk.find_patient(desk.add_patient(key).key).key == key


def test_a_file_name_is_cleaned_and_never_a_reason_to_lose_an_upload(records):
    desk = records.desk(CLINICIAN)
    names = (
        ("../../etc/passwd", "passwd"),
        ("a\0b\n.wav", "a_b_.wav"),
        ("", "recording"),
        ("...", "recording"),
        ("\u202egpj.wav", "_gpj.wav"),
        ("bad\udcff.wav", "bad_.wav"),
        ("/tmp/ordner/ü.wav", "ü.wav"),
    )
    rows = [desk.add_recording(str(index).encode(), name) for index, (name, _) in enumerate(names)]
    assert [row.file_name for row in rows] == [kept for _, kept in names]


def test_a_huge_file_name_loses_its_middle(records):
    name = records.desk(CLINICIAN).add_recording(sound(), f"begin{'x' * 100_000}end.wav").file_name
    assert len(name) == 200
    assert name.startswith("begin")
    assert name.endswith("end.wav")


def test_recordings(records):
    desk = records.desk(CLINICIAN)
    for given, said in (
        ({"content": b""}, "is empty"),
        ({"site": "Xx"}, "no place 'Xx'"),
        ({"site": ""}, "no place ''"),
        ({"site": "x" * 10_000}, "no place"),
        ({"recorded_at": datetime(1899, 1, 1, tzinfo=UTC)}, "set the clock"),
        ({"recorded_at": datetime.now(UTC) + timedelta(days=3)}, "set the clock"),
        ({"recorded_at": datetime.max}, "set the clock"),
        ({"recorded_at": datetime.min}, "set the clock"),
        ({"duration_s": float("nan")}, "a length of nan"),
        ({"duration_s": -1}, "a length of -1"),
        ({"model": ""}, "the model's name is empty"),
        *(({"patient_id": number}, "no patient") for number in NO_IDS if number is not None),
    ):
        with pytest.raises(RecordsError, match=said) as told:
            desk.add_recording(**{"content": sound(), "file_name": "a.wav", **given})
        assert len(str(told.value)) < 400
    assert desk.recordings().total == 0
    assert list(records.sounds.names()) == []


def test_numbers_of_nothing_are_not_found_whatever_they_are(records):
    desk = records.desk(ADMIN)
    row = scored(records, desk).row
    for number in NO_IDS:
        for call in (
            lambda number: desk.patient(number),
            lambda number: desk.rename_patient(number, "x"),
            lambda number: desk.delete_patient(number, "why"),
            lambda number: desk.visits(number),
            lambda number: desk.recording(number),
            lambda number: desk.content(number),
            lambda number: desk.set_site(number, "Tc"),
            lambda number: desk.mark_read(number),
            lambda number: desk.rescore(number),
            lambda number: desk.correct(number, [], report_id=None),
            lambda number: desk.sign(number),
            lambda number: desk.comment(number, "hello"),
            lambda number: desk.delete_recording(number, "why"),
        ):
            if number == row.id and number is not True and isinstance(number, int):
                continue
            with pytest.raises(NotFoundError, match=r"no (patient|recording)"):
                call(number)
        if number is not None:
            with pytest.raises(NotFoundError):
                desk.move(row.id, number)
            with pytest.raises(NotFoundError, match="no result"):
                desk.correct(row.id, [], report_id=number if number != 1 or number is True else 99)


def test_what_is_of_another_clinic_is_not_found_in_the_very_words_of_what_is_not_there(records):
    desk, eve = records.desk(ADMIN), records.desk(ELSEWHERE)
    patient = desk.add_patient("secret")
    detail = scored(records, desk, "crackle", patient_id=patient.id)
    recording, report = detail.row.id, detail.report.id
    hers = eve.add_patient("hers")
    theirs = scored(records, eve, seed=1)
    calls = (
        lambda patient, recording, _: eve.patient(patient),
        lambda patient, recording, _: eve.rename_patient(patient, "x"),
        lambda patient, recording, _: eve.delete_patient(patient, "why"),
        lambda patient, recording, _: eve.visits(patient),
        lambda patient, recording, _: eve.recordings(patient_id=patient),
        lambda patient, recording, _: eve.add_recording(b"x", "x.wav", patient_id=patient),
        lambda patient, recording, _: eve.recording(recording),
        lambda patient, recording, _: eve.content(recording),
        lambda patient, recording, _: eve.set_site(recording, "Tc"),
        lambda patient, recording, _: eve.move(recording, hers.id),
        lambda patient, recording, _: eve.move(theirs.row.id, patient),
        lambda patient, recording, _: eve.mark_read(recording),
        lambda patient, recording, _: eve.rescore(recording),
        lambda patient, recording, report: eve.correct(recording, [], report_id=report),
        lambda patient, recording, report: eve.correct(theirs.row.id, [], report_id=report),
        lambda patient, recording, _: eve.sign(recording),
        lambda patient, recording, _: eve.comment(recording, "x"),
        lambda patient, recording, _: eve.delete_recording(recording, "why"),
    )
    for call in calls:
        with pytest.raises(NotFoundError) as foreign:
            call(patient.id, recording, report)
        with pytest.raises(NotFoundError) as absent:
            call(7001, 7002, 7003)
        words = [
            str(told.value).replace(str(number), "N")
            for told, numbers in ((foreign, (patient.id, recording, report)), (absent, (7001, 7002, 7003)))
            for number in numbers
            if str(number) in str(told.value)
        ]
        assert words[0] == words[-1]
    assert eve.find_patient("secret") is None
    assert eve.patients("secret").total == 0
    assert [row.id for row in eve.recordings()] == [theirs.row.id]
    assert eve.recordings("secret").total == 0
    assert not any(row.subject == "recording 1" for row in eve.audit(1000))
    assert desk.recording(recording) == detail


def test_cycles(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk)
    for cycles, said in (
        ([(1, 1, "normal")], "no length"),
        ([(1, 0.5, "normal")], "no length"),
        ([(-0.1, 1, "normal")], "begins before"),
        ([(0, 2.06, "normal")], "lasts 2.00 s"),
        ([(0, float("nan"), "normal")], "not a number"),
        ([(0, float("inf"), "normal")], "not a number"),
        ([("0", 1, "normal")], "not a number"),
        ([(None, 1, "normal")], "not a number"),
        ([(0, 1, "Rhonchus")], "expected one of normal, crackle, wheeze, both"),
        ([(0, 1, "")], "expected one of"),
        ([(0, 1, "normal"), (0, 1, "wheeze")], "there twice"),
        ([(index / 10_001, 1, "normal") for index in range(10_001)], "at most 10000"),
    ):
        with pytest.raises(RecordsError, match=said):
            desk.correct(detail.row.id, [CorrectedCycle(*cycle) for cycle in cycles], report_id=detail.report.id)
    assert desk.recording(detail.row.id) == detail


def test_comments(records):
    desk = records.desk(CLINICIAN)
    row = scored(records, desk).row
    for text, said in (("", "empty"), (" \n", "empty"), ("x" * 10_001, "at most"), ("a\0b", "cannot be seen")):
        with pytest.raises(RecordsError, match=said):
            desk.comment(row.id, text)
    assert desk.recording(row.id).reviews == ()
    said = "two\nlines\tand 👩‍⚕️, ‌نمی‌دانم"
    assert desk.comment(row.id, f"  {said} ").comment == said.strip()


def test_parts_of_lists(records):
    desk = records.desk(ADMIN)
    for window in ({"limit": 0}, {"limit": -1}, {"limit": 1001}, {"limit": None}, {"offset": -1}, {"offset": 2**70}):
        for call in (desk.patients, desk.recordings, desk.audit):
            with pytest.raises(RecordsError, match="rows; expected"):
                call(**window)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "owner"}, "expected one of reader, clinician, admin"),
        ({"role": None}, "expected one of"),
        ({"id": ""}, "user id is empty"),
        ({"clinic": ""}, "clinic is empty"),
        ({"clinic": " north"}, "blanks"),
        ({"name": "a\nb"}, "cannot be seen"),
        ({"id": "x" * 201}, "at most 200"),
    ],
)
def test_users(given, said):
    with pytest.raises(RecordsError, match=said):
        User(**{"id": "a", "name": "A", "role": "reader", "clinic": "north", **given})
