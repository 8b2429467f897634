"""Opening: made where missing, safe settings, and what cannot be opened told in one sentence."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from made_records import ADMIN, CLINICIAN, scored, sound
from resp.records import RecordsError, database, open_records
from resp.records.store import UNFINISHED_S


def test_import_resp_loads_no_records_and_records_load_no_torch():
    code = (
        "import sys, resp; assert not {'sqlmodel', 'alembic', 'sqlalchemy'} & set(sys.modules)\n"
        "import resp.records.desk, resp.records.open; assert not {'torch', 'streamlit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ}, timeout=60)


def test_what_was_kept_is_there_when_opened_again(place):
    with place.open() as records:
        detail = scored(records, records.desk(ADMIN), "crackle")
    with place.open() as records:
        again = records.desk(ADMIN).recording(detail.row.id)
        assert again == detail
        assert records.desk(ADMIN).content(detail.row.id) == sound()


def test_folder_and_files_are_for_their_owner_alone(tmp_path):
    with open_records(folder=tmp_path / "new" / "records") as records:
        records.desk(ADMIN).add_recording(sound(), "a.wav")
        folders = [path for path in (tmp_path / "new" / "records").rglob("*") if path.is_dir()]
        sounds = [records.sounds.path(name) for name in records.sounds.names()]
    assert stat.S_IMODE((tmp_path / "new" / "records").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*folders, *sounds)} == {0o700, 0o600}


def test_sqlite_is_set_to_lose_nothing(tmp_path):
    with open_records(folder=tmp_path) as records, records.database.reading() as session:
        told = {
            name: session.connection().execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert told == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 30_000,
    }


def test_a_new_file_that_another_program_is_beginning_is_waited_for(tmp_path):
    # SQLite itself waits for this lock everywhere but where a file's log is begun.
    other = sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.rollback)
    ending.start()
    with open_records(folder=tmp_path) as records:
        assert records.desk(ADMIN).patients().total == 0
    ending.join()
    other.close()


def test_a_lock_that_is_never_given_back_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    with closing(sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordsError, match="cannot be reached or written"):
            open_records(folder=tmp_path)


def test_sounds_that_nobody_owns_go_when_records_are_opened(place):
    with place.open() as records:
        kept = records.desk(ADMIN).add_recording(sound(), "a.wav").sha256
        orphan = records.sounds.put(b"nobody's")
    with place.open() as records:
        assert list(records.sounds.names()) == [kept]
        assert not records.sounds.has(orphan)


def test_what_a_dead_writer_left_unfinished_goes_after_an_hour_and_not_before(place):
    with place.open() as records:
        incoming = records.sounds.folder / "incoming"
    old, young = incoming / "old", incoming / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    long_ago = time.time() - UNFINISHED_S - 10
    os.utime(old, (long_ago, long_ago))
    with place.open():
        assert [path.name for path in incoming.iterdir()] == ["young"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/name", "postgresql:// or sqlite"),
        ("no address", "cannot be read"),
        ("sqlite://", "in memory would be lost"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(tmp_path, url, said):
    with pytest.raises(RecordsError, match=said) as told:
        open_records(url, tmp_path)
    assert "secret" not in str(told.value)


def test_a_folder_that_cannot_be_one_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(RecordsError, match="cannot be made"):
        open_records(folder=file)
    with pytest.raises(RecordsError, match="without a folder"):
        open_records()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "records.sqlite3").write_bytes(b"this is no database, whatever it is called" * 100)
    with pytest.raises(RecordsError, match="not a database"):
        open_records(folder=tmp_path / "broken")


def test_a_password_in_the_folder_name_is_no_interpolation(tmp_path):
    with open_records(folder=tmp_path / "100% of %(here)s") as records:
        assert records.desk(ADMIN).add_patient("a").key == "a"


def test_a_sound_that_was_damaged_or_lost_is_told_and_mended_by_adding_it_again(records):
    desk = records.desk(CLINICIAN)
    row = desk.add_recording(sound(), "a.wav")
    path: Path = records.sounds.path(row.sha256)
    path.write_bytes(sound()[:-1] + b"?")
    with pytest.raises(RecordsError, match="damaged"):
        desk.content(row.id)
    assert desk.add_recording(sound(), "b.wav").already
    assert desk.content(row.id) == sound()
    path.unlink()
    with pytest.raises(RecordsError, match="cannot be read"):
        desk.content(row.id)
    assert desk.add_recording(sound(), "b.wav").already
    assert desk.content(row.id) == sound()


def test_a_disk_that_is_full_is_told_and_nothing_is_kept(records, monkeypatch):
    desk = records.desk(CLINICIAN)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordsError, match="No space left"):
        desk.add_recording(sound(), "a.wav")
    monkeypatch.undo()
    assert desk.recordings().total == 0
    assert list((records.sounds.folder / "incoming").iterdir()) == []


def test_sounds_of_other_records_are_never_swept(tmp_path, postgresql):
    """Such as when somebody forgets to give the address of the database."""
    url = postgresql.new()
    with open_records(url, tmp_path / "one") as records:
        row = records.desk(ADMIN).add_recording(sound(), "a.wav")
    with open_records(folder=tmp_path / "two") as records:
        records.desk(ADMIN).add_patient("other")
    for wrong_url, wrong_folder in ((None, "one"), (url, "two"), (postgresql.new(), "one"), (url, "new")):
        with pytest.raises(RecordsError, match="not those of the records in"):
            open_records(wrong_url, tmp_path / wrong_folder)
    assert not (tmp_path / "one" / "records.sqlite3").exists()
    with open_records(url, tmp_path / "one") as records:
        assert records.desk(ADMIN).content(row.id) == sound()


def test_sounds_that_were_copied_to_a_new_folder_are_found_there(place, tmp_path):
    with place.open() as records:
        row = records.desk(ADMIN).add_recording(sound(), "a.wav")
    moved = tmp_path / "moved"
    shutil.copytree(place.folder / "sounds", moved / "sounds")
    with pytest.raises(RecordsError, match="not those of the records in"):
        open_records(folder=moved)
    (moved / "records.sqlite3").unlink()
    if place.url is None:
        shutil.copy(place.folder / "records.sqlite3", moved)
    with open_records(place.url, moved) as records:
        assert records.desk(ADMIN).content(row.id) == sound()
