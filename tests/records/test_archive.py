"""Back-up and restore: everything, checked, from either database to either."""

import json
import zipfile

import pytest

from made_records import ADMIN, CLINICIAN, READER, scored, sound
from resp.records import CorrectedCycle, RecordsError, archive, back_up, open_records, restore


@pytest.fixture
def filled(records):
    """Records with something of everything, and a row that was deleted."""
    desk = records.desk(ADMIN)
    patient = desk.add_patient("Müller")
    detail = scored(records, desk, "crackle", "normal", patient_id=patient.id, site="PlL")
    desk.correct(detail.row.id, [CorrectedCycle(0, 1, "wheeze")], "why", report_id=detail.report.id)
    desk.sign(detail.row.id)
    desk.add_recording(sound(2), "waits.wav")
    records.users.save(CLINICIAN)
    desk.delete_patient(desk.add_patient("gone").id, "asked us to")
    return records


def _all(records):
    desk = records.desk(ADMIN)
    details = [desk.recording(row.id) for row in desk.recordings()]
    return desk.patients().rows, details, [desk.content(detail.row.id) for detail in details], records.users.all()


def _with(file, new, change):
    """Copy an archive, its parts changed."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(new, "w") as made:
        parts = {name: old.read(name) for name in old.namelist()}
        change(parts)
        for name, content in parts.items():
            made.writestr(name, content)
    return new


def test_all_comes_back_and_goes_on(filled, place, tmp_path):
    before = _all(filled)
    made = back_up(filled, tmp_path / "saved.zip")
    assert (made.patients, made.recordings, made.sounds, made.damaged) == (1, 2, 2, ())
    trail = filled.desk(ADMIN).audit(1000)
    assert trail.rows[1].details == {"recordings": 2, "sounds": 2, "damaged": 0}
    restored = restore(tmp_path / "saved.zip", folder=tmp_path / "new")
    assert (restored.recordings, restored.sounds) == (2, 2)
    with open_records(folder=tmp_path / "new") as records:
        assert _all(records) == before
        assert records.queue.claim("w").file_name == "waits.wav"
        actions = [row.action for row in records.desk(ADMIN).audit(1000)]
        assert "records restored" in actions
        assert "patient deleted" in actions
        # Numbers of what was deleted are not given again, whichever database they come from.
        assert records.desk(ADMIN).add_patient("next").id == 3
        with pytest.raises(Exception, match="never"), records.database.writing() as session:
            session.connection().exec_driver_sql("DELETE FROM audit")


def test_records_move_to_postgresql_and_back(tmp_path, postgresql):
    with open_records(folder=tmp_path / "one") as records:
        desk = records.desk(ADMIN)
        scored(records, desk, "crackle", patient_id=desk.add_patient("Müller").id)
        desk.delete_patient(desk.add_patient("gone").id, "asked us to")
        before = _all(records)
        back_up(records, tmp_path / "one.zip")
    url = postgresql.new()
    restore(tmp_path / "one.zip", folder=tmp_path / "two", url=url)
    with open_records(url, tmp_path / "two") as records:
        assert _all(records) == before
        assert records.desk(ADMIN).add_patient("third").id == 3
        before = _all(records)
        back_up(records, tmp_path / "two.zip")
    restore(tmp_path / "two.zip", folder=tmp_path / "three")
    with open_records(folder=tmp_path / "three") as records:
        assert _all(records) == before
    with pytest.raises(RecordsError, match="records are there already; restore to an empty database"):
        restore(tmp_path / "two.zip", folder=tmp_path / "four", url=url)


def test_records_that_moved_to_postgresql_leave_a_file_that_no_longer_sweeps_their_sounds(saved, tmp_path, postgresql):
    url = postgresql.new()
    restore(saved, folder=tmp_path / "records", url=url)
    with open_records(url, tmp_path / "records") as records:
        added = records.desk(ADMIN).add_recording(sound(7), "later.wav")
    with pytest.raises(RecordsError, match="not those of the records in"):
        open_records(folder=tmp_path / "records")
    with open_records(url, tmp_path / "records") as records:
        assert records.desk(ADMIN).content(added.id) == sound(7)
        assert records.desk(ADMIN).recordings().total == 2


def test_a_backup_is_of_one_moment_while_others_write(filled, tmp_path, monkeypatch):
    desk = filled.desk(CLINICIAN)
    copy = archive._copy_database

    def copies(database, file):
        copy(database, file)
        desk.add_recording(sound(9), "late.wav")

    monkeypatch.setattr(archive, "_copy_database", copies)
    assert back_up(filled, tmp_path / "saved.zip").recordings == 2
    restore(tmp_path / "saved.zip", folder=tmp_path / "new")
    with open_records(folder=tmp_path / "new") as records:
        assert records.desk(READER).recordings().total == 2


def test_a_patient_who_is_deleted_meanwhile_is_not_in_it(filled, tmp_path, monkeypatch):
    desk = filled.desk(ADMIN)
    copy = archive._copy_database
    patient = desk.find_patient("Müller").id
    copied = []

    def copies(database, file):
        copy(database, file)
        if not copied:
            desk.delete_patient(patient, "asked us to")
        copied.append(file)

    monkeypatch.setattr(archive, "_copy_database", copies)
    made = back_up(filled, tmp_path / "saved.zip")
    assert (made.patients, made.recordings, len(copied)) == (0, 1, 2)


def test_a_damaged_sound_is_told_and_keeps_nothing_else_from_being_saved(filled, tmp_path):
    damaged = []
    for name in sorted(filled.sounds.names()):
        filled.sounds.path(name).write_bytes(b"damaged")
        damaged.append(name)
        made = back_up(filled, tmp_path / f"{name}.zip")
        assert (made.sounds, made.damaged) == (2 - len(damaged), tuple(damaged))
        assert restore(made.file, folder=tmp_path / name).damaged == made.damaged
        with open_records(folder=tmp_path / name) as records:
            assert records.desk(ADMIN).recordings().total == 2


@pytest.fixture
def saved(tmp_path):
    with open_records(folder=tmp_path / "records") as records:
        scored(records, records.desk(ADMIN))
        return back_up(records, tmp_path / "saved.zip").file


def _change_database(parts):
    parts["records.sqlite3"] = parts["records.sqlite3"][:-1] + b"?"


def _change_sound(parts):
    name = next(name for name in parts if name.startswith("sounds/"))
    parts[name] = parts[name][:-1] + b"?"


def _lose_sound(parts):
    del parts[next(name for name in parts if name.startswith("sounds/"))]


def _manifest(**new):
    def change(parts):
        parts["manifest.json"] = json.dumps(json.loads(parts["manifest.json"]) | new).encode()

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_change_database, "its database is damaged"),
        (_change_sound, "the sound .* is damaged"),
        (_lose_sound, "1 sounds are missing"),
        (lambda parts: parts.pop("manifest.json"), "not a back-up"),
        (lambda parts: parts.update({"manifest.json": b"[]"}), "not a back-up"),
        (_manifest(kind="photos"), "not a back-up"),
        (_manifest(revision="9999"), "newer program"),
        (_manifest(format=2), "newer program"),
    ],
)
def test_an_archive_that_is_damaged_or_another_is_refused_and_nothing_is_there(saved, tmp_path, change, said):
    changed = _with(saved, tmp_path / "changed.zip", change)
    with pytest.raises(RecordsError, match=said):
        restore(changed, folder=tmp_path / "new")
    assert not (tmp_path / "new" / "records.sqlite3").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sounds"]
    restore(saved, folder=tmp_path / "new")


def test_what_is_no_archive_is_told(saved, tmp_path):
    half = tmp_path / "half.zip"
    half.write_bytes(saved.read_bytes()[:1000])
    for file, said in ((half, "not a back-up"), (tmp_path / "none.zip", "no such file"), (tmp_path, "cannot be")):
        with pytest.raises(RecordsError, match=said):
            restore(file, folder=tmp_path / "new")


def test_nothing_is_written_over(saved, tmp_path):
    with open_records(folder=tmp_path / "records") as records, pytest.raises(RecordsError, match="exists already"):
        back_up(records, saved)
    with pytest.raises(RecordsError, match="records are there already"):
        restore(saved, folder=tmp_path / "records")
    with open_records(folder=tmp_path / "records") as records, pytest.raises(RecordsError, match="no back-up was made"):
        back_up(records, tmp_path / "no folder" / "saved.zip")
    # A log that was left of another database would be taken for this one's.
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "records.sqlite3-wal").write_bytes(b"")
    with pytest.raises(RecordsError, match="records are there already"):
        restore(saved, folder=tmp_path / "left")


def test_names_in_an_archive_lead_nowhere_else(saved, tmp_path):
    evil = _with(saved, tmp_path / "evil.zip", lambda parts: parts.update({"../../evil": b"x", "sounds/../x": b"x"}))
    restore(evil, folder=tmp_path / "new")
    assert not list(tmp_path.rglob("evil")) + list(tmp_path.rglob("x"))


def test_sounds_of_other_records_are_not_restored_over(saved, tmp_path, postgresql):
    url = postgresql.new()
    with open_records(url, tmp_path / "other") as records:
        kept = records.desk(ADMIN).add_recording(sound(5), "a.wav")
    with pytest.raises(RecordsError, match="sounds of other records are there"):
        restore(saved, folder=tmp_path / "other")
    (tmp_path / "other" / "identity").unlink()
    with pytest.raises(RecordsError, match="sounds of other records are there"):
        restore(saved, folder=tmp_path / "other")
    with open_records(url, tmp_path / "other") as records:
        assert records.desk(ADMIN).content(kept.id) == sound(5)
