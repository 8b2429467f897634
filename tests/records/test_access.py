"""Roles: what each may, method by method; nothing is forgotten."""

import inspect

import pytest

from made_records import ADMIN, CLINICIAN, READER, scored
from resp.records import CorrectedCycle, Desk, NotAllowedError, RecordsError, User

READING = {
    "patients",
    "patient",
    "find_patient",
    "recordings",
    "recording_counts",
    "states",
    "unread_around",
    "recording",
    "content",
    "visits",
}
WRITING = {
    "add_patient",
    "rename_patient",
    "add_recording",
    "set_site",
    "move",
    "mark_read",
    "mark_unread",
    "rescore",
    "correct",
    "sign",
    "comment",
}
MANAGING = {"delete_patient", "delete_recording", "audit", "export_training_set"}


def _calls(desk, patient, recording, folder):
    return {
        "patients": lambda: desk.patients(),
        "patient": lambda: desk.patient(patient),
        "find_patient": lambda: desk.find_patient("one"),
        "recordings": lambda: desk.recordings(),
        "recording_counts": lambda: desk.recording_counts(),
        "states": lambda: desk.states([recording]),
        "unread_around": lambda: desk.unread_around(recording),
        "recording": lambda: desk.recording(recording),
        "content": lambda: desk.content(recording),
        "visits": lambda: desk.visits(patient),
        "add_patient": lambda: desk.add_patient("new"),
        "rename_patient": lambda: desk.rename_patient(patient, "renamed"),
        "add_recording": lambda: desk.add_recording(b"new", "new.wav", patient_id=patient),
        "set_site": lambda: desk.set_site(recording, "Tc"),
        "move": lambda: desk.move(recording, patient),
        "mark_read": lambda: desk.mark_read(recording),
        "mark_unread": lambda: desk.mark_unread(recording),
        "rescore": lambda: desk.rescore(recording, "other"),
        "correct": lambda: desk.correct(recording, [CorrectedCycle(0, 1, "normal")], report_id=None),
        "sign": lambda: desk.sign(recording),
        "comment": lambda: desk.comment(recording, "hello"),
        "audit": lambda: desk.audit(),
        "export_training_set": lambda: desk.export_training_set(folder / "set"),
        "delete_recording": lambda: desk.delete_recording(recording, "a mistake"),
        "delete_patient": lambda: desk.delete_patient(patient, "a mistake"),
    }


def test_every_method_has_its_right():
    methods = {name for name, _ in inspect.getmembers(Desk, inspect.isfunction) if not name.startswith("_")}
    assert methods == READING | WRITING | MANAGING | {"may"}


@pytest.mark.parametrize(
    ("user", "allowed"),
    [(READER, READING), (CLINICIAN, READING | WRITING), (ADMIN, READING | WRITING | MANAGING)],
    ids=["reader", "clinician", "admin"],
)
def test_a_role_may_what_it_may_and_nothing_else(records, tmp_path, user, allowed):
    chief = records.desk(ADMIN)
    patient = chief.add_patient("one")
    recording = scored(records, chief, "crackle", patient_id=patient.id, site="Tc").row.id
    before = chief.recording(recording)
    calls = _calls(records.desk(user), patient.id, recording, tmp_path)
    for name in calls.keys() - allowed:
        with pytest.raises(NotAllowedError, match=f"needs the role .* and this is a {user.role}"):
            calls[name]()
    assert chief.recording(recording) == before
    assert not (tmp_path / "set").exists()
    for name in [name for name in calls if name in allowed]:
        calls[name]()


def test_a_desk_tells_what_its_buttons_may(records):
    rights = ("read", "write", "manage")
    for user, may in ((READER, (True, False, False)), (CLINICIAN, (True, True, False)), (ADMIN, (True, True, True))):
        assert tuple(records.desk(user).may(right) for right in rights) == may


def test_users_are_kept_changed_and_removed(records):
    users = records.users
    assert users.all() == ()
    users.save(CLINICIAN)
    users.save(User("zoe", "Zoe", "reader", "east"))
    users.save(User("cleo", "Cleo", "admin", "north"))
    assert users.all() == (User("zoe", "Zoe", "reader", "east"), User("cleo", "Cleo", "admin", "north"))
    assert users.find("cleo").role == "admin"
    assert users.find("nobody") is None
    assert users.find("\0") is None
    users.remove("cleo")
    with pytest.raises(RecordsError, match="no user 'cleo'"):
        users.remove("cleo")
    said = [(row.action, row.subject, row.role) for row in records.desk(ADMIN).audit() if row.subject == "user cleo"]
    assert said == [
        ("user removed", "user cleo", "program"),
        ("user saved", "user cleo", "program"),
        ("user saved", "user cleo", "program"),
    ]
