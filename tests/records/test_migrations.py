"""Records of every older program become those of this one, with all that is in them; nothing goes back."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from made_records import ADMIN
from resp.records import RecordsError
from resp.records.store import SoundStore
from resp.records.tables import METADATA
from resp.records.upgrading import _config, known_revisions, newest_revision, upgrade

# Rows as the first program wrote them, in its own columns.
_FIRST_ROWS = (
    """INSERT INTO patient (id, clinic, key, key_folded, added_at, added_by, listed_at)
    VALUES (7, 'north', 'One', 'one', '2026-01-01 10:00:00', 'ada', '2026-01-01 10:00:00')""",
    """INSERT INTO recording (id, clinic, patient_id, file_name, file_folded, added_at, added_by, visit, sha256, size,
    state, unread, corrected) VALUES (8, 'north', 7, 'A.wav', 'a.wav', '2026-01-01 10:00:00', 'ada', '2026-01-01',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 3, 'waiting', FALSE, FALSE)""",
    "INSERT INTO job (id, recording_id, asked_at, attempt) VALUES (9, 8, '2026-01-01 10:00:00', 0)",
    """INSERT INTO review (id, recording_id, kind, "by", by_name, role, at, comment)
    VALUES (10, 8, 'comment', 'ada', 'Ada', 'admin', '2026-01-01 10:00:00', 'heard')""",
    """INSERT INTO audit (id, at, who, who_name, role, clinic, action, subject, details)
    VALUES (11, '2026-01-01 10:00:00', 'ada', 'Ada', 'admin', 'north', 'patient added', 'patient 7', '{}')""",
    "INSERT INTO person (id, name, role, clinic) VALUES ('ada', 'Ada', 'admin', 'north')",
)


@pytest.mark.parametrize("revision", known_revisions())
def test_from_every_step_on_everything_is_kept(bare_place, revision):
    SoundStore(bare_place.folder / "sounds").put(b"abc")
    database = bare_place.database
    assert upgrade(database, revision) == (None, revision)
    with database.upgrading() as connection:
        for statement in _FIRST_ROWS:
            connection.execute(text(statement))
    database.close()
    with bare_place.open() as records:
        desk = records.desk(ADMIN)
        assert [(row.id, row.key) for row in desk.patients()] == [(7, "One")]
        detail = desk.recording(8)
        assert (detail.row.file_name, detail.row.patient_key, detail.reviews[0].comment) == ("A.wav", "One", "heard")
        assert records.queue.content(records.queue.claim("w")) == b"abc"
        assert desk.audit(action="patient added").rows[0].subject == "patient 7"
        assert records.users.find("ada").role == "admin"
        with pytest.raises(DBAPIError, match="never"), records.database.writing() as session:
            session.connection().execute(text("DELETE FROM audit"))


def test_the_steps_lead_to_the_very_tables_of_the_program(bare_place):
    bare_place.folder.mkdir()
    database = bare_place.database
    upgrade(database)
    with database.upgrading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert upgrade(database) == (newest_revision(), newest_revision())
    database.close()


def test_going_back_is_refused_at_every_step(place):
    database = place.database
    for revision in ("base", *known_revisions()[:-1]):
        with pytest.raises(RecordsError, match="never brought back"), database.upgrading() as connection:
            command.downgrade(_config(connection), revision)
    database.close()


def test_records_of_a_newer_program_are_refused_and_not_touched(place):
    with place.open() as records:
        records.desk(ADMIN).add_patient("one")
        with records.database.upgrading() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(RecordsError, match=r"written by a newer program \(step 9999"):
            place.open()
    finally:
        database = place.database
        with database.upgrading() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{newest_revision()}'"))
        database.close()
    with place.open() as records:
        assert records.desk(ADMIN).patients().total == 1


def test_a_step_that_breaks_leaves_the_records_as_they_were(bare_place, monkeypatch):
    from alembic.operations import Operations

    bare_place.folder.mkdir()
    database = bare_place.database
    upgrade(database, "0001")
    execute = Operations.execute

    def breaks(operations, statement, *words, **settings):
        if "audit" in str(statement):
            raise RuntimeError("the power went")
        return execute(operations, statement, *words, **settings)

    monkeypatch.setattr(Operations, "execute", breaks)
    with pytest.raises(RuntimeError, match="the power went"):
        upgrade(database)
    monkeypatch.undo()
    assert upgrade(database) == ("0001", newest_revision())
    database.close()
